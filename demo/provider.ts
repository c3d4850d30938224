/**
 * The demo provider: speaks enough of the OpenAI dialect that a fresh instance has somebody to call. It knows nothing
 * and says so in every answer. Loopback only, no key, model `demo-small`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { completionOf, streamOf, MODEL } from './answer.js';
import { DemoError, parseChatRequest } from './chat-request.js';

const BODY_BYTES_MAX = 4 * 1024 * 1024;

/** A server that is not listening yet. */
export function createDemoProvider(): Server {
  return createServer((request, response) => {
    answer(request, response).catch((error: unknown) => fail(response, error));
  });
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://demo').pathname.replace(/^\/v1(?=\/)/, '');
  if (path === '/models' && request.method === 'GET') return sendJson(response, 200, { object: 'list', data: [MODEL] });
  if (path !== '/chat/completions') throw new DemoError(404, `The demo provider has no ${request.method} ${path}.`);
  if (request.method !== 'POST') throw new DemoError(405, 'Chat completions are asked for by POST.');
  const chat = parseChatRequest(await bodyOf(request));
  if (!chat.stream) return sendJson(response, 200, completionOf(chat));
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  for await (const event of streamOf(chat)) {
    if (response.destroyed) return;
    response.write(`data: ${event}\n\n`);
  }
  response.end();
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) request.destroy(new DemoError(413, 'The body is larger than 4 MiB.'));
  });
  return text(request);
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy();
  const { status, message } = error instanceof DemoError ? error : new DemoError(500, 'The demo provider failed.');
  const type = status < 500 ? 'invalid_request_error' : 'server_error';
  sendJson(response, status, { error: { message, type, param: null, code: null } });
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
