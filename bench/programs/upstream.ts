/**
 * The upstream's process: answers chat calls at once, as OpenAI would. It speaks HTTP over plain sockets, because a
 * whole `node:http` server would cost as much as the things that are measured, and both share one core.
 */
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { SLOW_USER } from '../load/request-text.js';
import { JSON_ANSWER, QUICK_PACE, SLOW_PACE, StreamAnswer } from '../upstream/answers.js';

const HEAD_END = '\r\n\r\n';
const REQUEST_BYTES_MAX = 1024 * 1024;

const server = createServer({ noDelay: true }, (socket) => {
  let held = '';
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    held = held === '' ? chunk.toString('latin1') : held + chunk.toString('latin1');
    for (let end = requestEnd(held); end !== -1; end = requestEnd(held)) {
      answer(socket, held.slice(0, end));
      held = held.slice(end);
    }
    if (held.length > REQUEST_BYTES_MAX) socket.destroy();
  });
});

/** Where the first request of `text` ends; -1 while it is not complete. */
function requestEnd(text: string): number {
  const headEnd = text.indexOf(HEAD_END);
  if (headEnd === -1) return -1;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, headEnd))?.[1];
  const end = headEnd + HEAD_END.length + Number(length ?? 0);
  return text.length < end ? -1 : end;
}

function answer(socket: Socket, request: string): void {
  if (request.includes('"stream":true')) {
    const pace = request.includes(SLOW_USER) ? SLOW_PACE : QUICK_PACE;
    new StreamAnswer(socket, { ...pace, withUsage: request.includes('"include_usage":true') }).start();
  } else socket.write(JSON_ANSWER);
}

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  process.send?.({ kind: 'ready', port });
});
process.on('disconnect', () => process.exit(0));
