/** The provider's answers: OpenAI's chat documents and events, with the usage that the caller names. */
import { MODEL } from './request-plan.js';
import type { ReportedUsage } from './notes.js';

const COMMON = { id: 'chatcmpl-proof', created: 1_700_000_000, model: MODEL };
const chunk = (members: Readonly<Record<string, unknown>>): string =>
  `data: ${JSON.stringify({ ...COMMON, object: 'chat.completion.chunk', ...members })}\n\n`;

const usageOf = ({ prompt, cached, completion }: ReportedUsage): Record<string, unknown> => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  prompt_tokens_details: { cached_tokens: cached },
});

const DELTA_TEXT = ' some more words';
export const DELTA = chunk({ choices: [{ index: 0, delta: { content: DELTA_TEXT }, finish_reason: null }] });
/** As the proxy estimates them where nothing is reported: four bytes of text a token (docs/usage.md). */
export const DELTA_TOKENS = DELTA_TEXT.length / 4;
const STOP = chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
export const STREAM_END = 'data: [DONE]\n\n';

/** What follows the deltas. `usage` null: it was not asked for, or is not told. */
export function endOfStream(usage: ReportedUsage | null): string {
  const told = usage === null ? '' : chunk({ choices: [], usage: usageOf(usage) });
  return `${STOP}${told}${STREAM_END}`;
}

export function document(usage: ReportedUsage | null): string {
  const message = { role: 'assistant', content: 'Something about it, in a few plain words.' };
  const choices = [{ index: 0, message, finish_reason: 'stop' }];
  return JSON.stringify({
    ...COMMON,
    object: 'chat.completion',
    choices,
    ...(usage === null ? {} : { usage: usageOf(usage) }),
  });
}

export const ERROR_DOCUMENT = JSON.stringify({ error: { message: 'The engine is on fire.', type: 'server_error' } });

const USAGE = /"usage":\{"prompt_tokens":(\d+),"completion_tokens":(\d+),.*?"cached_tokens":(\d+)/;

/** The usage in an answer as a client received it; null: there is none. */
export function usageIn(text: string): ReportedUsage | null {
  const found = USAGE.exec(text);
  return found === null ? null : { prompt: Number(found[1]), completion: Number(found[2]), cached: Number(found[3]) };
}
