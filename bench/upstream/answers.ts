/** The upstream's two answers: a document of 900 bytes, and a stream whose events say when they were sent. */
import type { Socket } from 'node:net';
import { sentMember } from '../load/sent-times.js';

const DOCUMENT_BYTES = 900;
/** Of a stream: how many events, and how far apart. */
export const QUICK_PACE = { events: 20, intervalMs: 10 } as const;
export const SLOW_PACE = { events: 90, intervalMs: 500 } as const;

const COMMON_HEAD = [
  'HTTP/1.1 200 OK',
  'x-request-id: req_0123456789abcdef0123456789abcdef',
  'openai-processing-ms: 1',
  'openai-version: 2020-10-01',
  'x-ratelimit-remaining-requests: 9999',
];
const USAGE = {
  prompt_tokens: 61,
  completion_tokens: 120,
  total_tokens: 181,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
};

function documentText(content: string): string {
  return JSON.stringify({
    id: 'chatcmpl-bench0123456789',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'gpt-4o-mini-2024-07-18',
    choices: [{ index: 0, message: { role: 'assistant', content, refusal: null }, finish_reason: 'stop' }],
    usage: USAGE,
    service_tier: 'default',
    system_fingerprint: 'fp_0123456789',
  });
}

function jsonAnswer(): Buffer {
  const filler = 'Plain words of an answer. '.repeat(DOCUMENT_BYTES);
  const body = documentText(filler.slice(0, DOCUMENT_BYTES - documentText('').length));
  const head = [...COMMON_HEAD, 'content-type: application/json', `content-length: ${body.length}`];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}

export const JSON_ANSWER = jsonAnswer();

const STREAM_HEAD = `${[...COMMON_HEAD, 'content-type: text/event-stream', 'transfer-encoding: chunked'].join('\r\n')}\r\n\r\n`;
const COMMON_MEMBERS =
  '"id":"chatcmpl-bench0123456789","object":"chat.completion.chunk","created":1700000000,"model":"gpt-4o-mini-2024-07-18"';

const httpChunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const event = (members: string): string => httpChunk(`data: {${COMMON_MEMBERS},${members}}\n\n`);
const delta = (): string =>
  event(`"choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}],${sentMember()}`);
const STREAM_END =
  event('"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]') +
  httpChunk('data: [DONE]\n\n') +
  '0\r\n\r\n';
const STREAM_END_WITH_USAGE =
  event('"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]') +
  event(`"choices":[],"usage":${JSON.stringify(USAGE)}`) +
  httpChunk('data: [DONE]\n\n') +
  '0\r\n\r\n';

/** The first event at once, the others one by one, each in a write of its own. */
export class StreamAnswer {
  private eventsLeft: number;

  constructor(
    private readonly socket: Socket,
    private readonly options: { readonly events: number; readonly intervalMs: number; readonly withUsage: boolean },
  ) {
    this.eventsLeft = options.events;
  }

  start(): void {
    this.socket.write(STREAM_HEAD + delta());
    const timer = setInterval(() => {
      if (this.socket.destroyed) return clearInterval(timer);
      this.eventsLeft -= 1;
      if (this.eventsLeft > 0) return void this.socket.write(delta());
      clearInterval(timer);
      this.socket.write(this.options.withUsage ? STREAM_END_WITH_USAGE : STREAM_END);
      return undefined;
    }, this.options.intervalMs);
  }
}
