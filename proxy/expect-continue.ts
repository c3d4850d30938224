/**
 * `Expect: 100-continue` (RFC 9110 §10.1.1): a client asks before it sends its body. It is told to go on when the body
 * is about to be read, and not before: who is refused (no token, over a limit, too large) sends nothing.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/** Takes the question over from Node, which would say yes at once; other expectations are left to the guard. */
export function holdContinue(server: Server): void {
  server.on('checkContinue', (request, response) => {
    waiting.set(request, response);
    server.emit('request', request, response);
  });
  server.on('checkExpectation', (request, response) => void server.emit('request', request, response));
}

/** Tells the client to send its body, if it waits for that. */
export function sayContinue(request: IncomingMessage): void {
  if (request.headers.expect === undefined) return;
  waiting.get(request)?.writeContinue();
  waiting.delete(request);
}
