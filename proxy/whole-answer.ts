/**
 * An answer that is complete, as one write: its head and its body in one string. Node's own `writeHead` and `end` check
 * every header once more, cork the socket and gather the head, the body and an empty string into a vectored write; a
 * small answer is spared all of it (docs/performance.md).
 */
import { STATUS_CODES, type ServerResponse } from 'node:http';
import { ADVERTISED_KEEP_ALIVE } from './limits.js';

/** Of Node's `OutgoingMessage`, as its own `end` uses them; the same from Node 20 to 24, and kept so by a test. */
interface Internals {
  _header: string | null;
  _send(data: string, encoding: 'latin1', onWritten: () => void): boolean;
  _finish(): void;
  finished: boolean;
}

/**
 * Sends `body` (a character a byte) with `headers`, which must be checked already, name the body's length and say nothing
 * of the connection. False: nothing was sent, because this answer has to wait for another, ends its connection or has no
 * body; Node's own way is then the right one.
 */
export function sendWhole(
  response: ServerResponse,
  statusCode: number,
  headers: readonly string[],
  body: string,
): boolean {
  const { socket, req } = response;
  const mayFollow = response.shouldKeepAlive && req.httpVersionMinor === 1 && req.method !== 'HEAD';
  if (socket === null || !socket.writable || !mayFollow || response.headersSent) return false;
  let head = `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode] ?? 'unknown'}\r\n`;
  let hasDate = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'date') hasDate = true;
    head += `${name}: ${headers[i + 1] ?? ''}\r\n`;
  }
  if (!hasDate) head += `Date: ${httpDate()}\r\n`;
  const internals = response as unknown as Internals; // what they are stands above
  response.statusCode = statusCode;
  internals._header = `${head}${ADVERTISED_KEEP_ALIVE}\r\n`;
  internals._send(body, 'latin1', () => void response.emit('finish'));
  internals.finished = true;
  internals._finish();
  return true;
}

let dateAtSecond = 0;
let dateText = '';

/** The time as HTTP writes it (RFC 9110 §5.6.7), made once a second. */
function httpDate(): string {
  const second = Math.floor(Date.now() / 1_000);
  if (second !== dateAtSecond) {
    dateAtSecond = second;
    dateText = new Date(second * 1_000).toUTCString();
  }
  return dateText;
}

/** Bytes as the string that the latin1 encoding turns back into the same bytes. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
