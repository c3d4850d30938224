/** The demo provider's answers: whole, or as the events of a stream. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { tokensIn, type ChatRequest } from './chat-request.js';

const MODEL_ID = 'demo-small';
/** Feels like a model, and lets charts show a time to first token. */
const WORD_DELAY_MS = 15;
const PROMPT_CHARACTERS_SHOWN = 200;

export const MODEL = { id: MODEL_ID, object: 'model', created: 1_735_689_600, owned_by: 'tollgate-demo' };

export function completionOf(chat: ChatRequest): object {
  const message = { role: 'assistant', content: wordsOf(chat).join(' '), refusal: null };
  return {
    ...envelope('chat.completion'),
    choices: [{ index: 0, message, logprobs: null, finish_reason: 'stop' }],
    usage: usageOf(chat),
  };
}

/** The data of each server-sent event, in time. */
export async function* streamOf(chat: ChatRequest): AsyncGenerator<string> {
  const head = envelope('chat.completion.chunk');
  const usage = chat.includeUsage ? { usage: null } : {};
  const chunk = (delta: object, finish_reason: string | null): string =>
    JSON.stringify({ ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason }], ...usage });
  yield chunk({ role: 'assistant', content: '' }, null);
  for (const [at, word] of wordsOf(chat).entries()) {
    await delay(WORD_DELAY_MS);
    yield chunk({ content: at === 0 ? word : ` ${word}` }, null);
  }
  yield chunk({}, 'stop');
  if (chat.includeUsage) yield JSON.stringify({ ...head, choices: [], usage: usageOf(chat) });
  yield '[DONE]';
}

const envelope = (object: string): object => ({
  id: `chatcmpl-${randomUUID()}`,
  object,
  created: Math.trunc(Date.now() / 1000),
  model: MODEL_ID,
});

function wordsOf(chat: ChatRequest): string[] {
  const asked = chat.prompt.slice(0, PROMPT_CHARACTERS_SHOWN).trim();
  return `This is a demo: no model read your message. You said: "${asked}"`.split(/\s+/);
}

function usageOf(chat: ChatRequest): object {
  const completionTokens = tokensIn(wordsOf(chat).join(' '));
  return {
    prompt_tokens: chat.inputTokens,
    completion_tokens: completionTokens,
    total_tokens: chat.inputTokens + completionTokens,
  };
}
