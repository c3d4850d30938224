/**
 * Answers that end their connection: errors, which may come before a body has been read. A socket that is closed with
 * unread bytes in it resets the connection, and a reset may destroy the answer before the client has read it. So the
 * answer and a FIN go out first, what the client still sends is read and dropped, within bounds, and only then the
 * socket goes (RFC 9112 §9.6). Nothing that arrives behind such an answer is a request any more.
 */
import type { Socket } from 'node:net';
import type { ClientRequest, ClientResponse } from './client/client-exchange.js';
import { headerOf } from './header-list.js';

/** At the bound, or when the time is up, the connection is cut, read or not. */
export const DROPPED_BYTES_MAX = 64 * 1024;
const LINGER_MS = 2_000;

const ending = new WeakSet<object>();

/** Whether the connection ends with an answer that was given already: what comes now is no request. */
export function isEnding(socket: object): boolean {
  return ending.has(socket);
}

/** Makes this answer, not yet written, the connection's last. The caller sends `Connection: close` with it. */
export function endConnectionAfter(response: ClientResponse): void {
  const { socket } = response.req;
  ending.add(socket);
  socket.destroySoon = lingerThenDestroy; // what Node calls when an answer with `Connection: close` is out
}

/** For a connection whose parser gave up, so that no response of Node's will end it. */
export function endConnectionWith(socket: Socket, answer: string): void {
  ending.add(socket);
  socket.write(answer, 'latin1');
  lingerThenDestroy.call(socket);
}

/** Ends the connection behind what was written, and reads and drops for a while what the client still sends. */
export function lingerThenDestroy(this: Socket): void {
  const bytesReadMax = this.bytesRead + DROPPED_BYTES_MAX;
  const cut = (): void => void this.destroy();
  if (this.readableEnded) return void this.end(cut); // it sends nothing more
  const timer = setTimeout(cut, LINGER_MS).unref();
  this.once('close', () => clearTimeout(timer));
  this.once('end', cut);
  this.end();
  // The handle is started again by a listener of Node's parser, in the next tick: only then the bytes can be taken away
  // from the parser, which would find requests, or faults, in them.
  this.resume();
  setImmediate(() => {
    this.removeAllListeners('data').on('data', () => {
      if (this.bytesRead > bytesReadMax) this.destroy();
    });
  });
}

/** Whether some of the request's body has not arrived yet. */
export function isBodyUnread(request: ClientRequest): boolean {
  if (request.complete) return false;
  if (headerOf(request.rawHeaders, 'transfer-encoding') !== null) return true;
  const length = headerOf(request.rawHeaders, 'content-length');
  return length !== null && length !== '0';
}
