/** A provider that does what a test tells it: a real HTTP server that keeps every request it saw, byte for byte. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** resolves when the caller's connection for this request was closed before its answer was complete */
  readonly cut: Promise<void>;
}

export type Answer = (request: SeenRequest, response: ServerResponse) => void | Promise<void>;

export interface FakeUpstream {
  readonly origin: string;
  readonly seen: SeenRequest[];
  /** how requests are answered from now on */
  answer: Answer;
  close(): Promise<void>;
}

export async function startFakeUpstream(answer: Answer = answerJson(200, {})): Promise<FakeUpstream> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => void onRequest(request, response));
  const upstream: FakeUpstream = { origin: '', seen, answer, close };

  async function onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const cut = new Promise<void>((resolve) => {
      response.on('close', () => {
        if (!response.writableFinished) resolve();
      });
    });
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    } catch {
      return; // the caller went away in the middle of its body
    }
    const { method = '', url = '', rawHeaders, headers } = request;
    const seenRequest = { method, url, rawHeaders, headers, body: Buffer.concat(chunks), cut };
    seen.push(seenRequest);
    await upstream.answer(seenRequest, response);
  }

  async function close(): Promise<void> {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return Object.assign(upstream, { origin: `http://127.0.0.1:${port}` });
}

/** One JSON document, with extra headers. */
export function answerJson(status: number, document: unknown, headers: Record<string, string> = {}): Answer {
  return (_request, response) => {
    const body = JSON.stringify(document);
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...headers,
    });
    response.end(body);
  };
}

/** Server-sent events, one write each, each after the one before was flushed. */
export function answerEvents(events: readonly string[], headers: Record<string, string> = {}): Answer {
  return async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
    for (const event of events) await new Promise<void>((resolve) => response.write(event, () => resolve()));
    response.end();
  };
}

/** A chat completion as OpenAI answers it. */
export function chatCompletion(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'gpt-4o-mini-2024-07-18',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hello there' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 },
    ...overrides,
  };
}

const chatChunk = (choices: unknown[], usage?: unknown): string =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'gpt-4o-mini-2024-07-18',
    choices,
    ...(usage === undefined ? {} : { usage }),
  })}\n\n`;

/** The events of a chat stream; the usage-only chunk stands before the end when `withUsage`. */
export function chatEvents(words: readonly string[], withUsage: boolean): string[] {
  const deltas = words.map((content) => chatChunk([{ index: 0, delta: { content }, finish_reason: null }]));
  const usage = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 };
  return [
    ...deltas,
    chatChunk([{ index: 0, delta: {}, finish_reason: 'stop' }]),
    ...(withUsage ? [chatChunk([], usage)] : []),
    'data: [DONE]\n\n',
  ];
}
