/**
 * The answer to a plain request, written straight to the socket: the head goes out with the first bytes of the body,
 * and a small answer is one write altogether (docs/performance.md).
 */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { KEEP_ALIVE_TIMEOUT_MS, REQUESTS_PER_CONNECTION_MAX } from '../request-bounds.js';
import type { ClientResponse } from './client-exchange.js';
import { JOINED_BYTES_MAX, writeJoined } from './joined-write.js';
import type { PlainRequest } from './plain-request.js';
import { ResponseEvents } from './response-events.js';

/** Up to this size a chunk goes out as one string with what stands round it: one write instead of a gathered one. */
const ONE_WRITE_BYTES_MAX = 64 * 1024;
const LAST_CHUNK = '0\r\n\r\n';
/** What an answer that is not its connection's last says of it; as Node writes it. */
const ADVERTISED_KEEP_ALIVE =
  `Connection: keep-alive\r\n` +
  `Keep-Alive: timeout=${KEEP_ALIVE_TIMEOUT_MS / 1_000}, max=${REQUESTS_PER_CONNECTION_MAX}\r\n`;

export interface ResponseOwner {
  /** whether another request may follow on this connection */
  readonly mayGoOn: boolean;
  /** the last byte is with the system */
  onSent(response: PlainResponse): void;
}

type Framing = 'length' | 'chunked' | 'none';

export class PlainResponse extends ResponseEvents implements ClientResponse {
  headersSent = false;
  destroyed = false;
  closed = false;
  /** whether the connection ends with this answer */
  isLast = false;
  private framing: Framing = 'length';
  /** of the head, as long as it has not gone out */
  private head = '';
  private isEnded = false;

  constructor(
    private readonly owner: ResponseOwner,
    readonly req: PlainRequest,
  ) {
    super();
  }

  get socket(): Socket {
    return this.req.socket;
  }

  get writableLength(): number {
    return this.req.socket.writableLength;
  }

  writeHead(statusCode: number, headers: readonly string[]): this {
    return this.writeHeadWith(statusCode, headers, '');
  }

  writeHeadWith(statusCode: number, headers: readonly string[], lines: string): this {
    if (this.headersSent) throw new Error('the head of an answer can be written once');
    this.headersSent = true;
    let text = `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode] ?? 'unknown'}\r\n`;
    let framing: Framing = 'chunked';
    let isDated = false;
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] ?? '';
      const value = headers[i + 1] ?? '';
      if (name.length === 4) isDated = isDated || name.toLowerCase() === 'date';
      else if (name.length === 14 && name.toLowerCase() === 'content-length') framing = 'length';
      else if (name.length === 10 && name.toLowerCase() === 'connection') {
        this.isLast = true; // all that is ever said here of the connection is that it ends
        continue;
      }
      text += `${name}: ${value}\r\n`;
    }
    text += lines;
    if (!isDated) text += `Date: ${httpDate()}\r\n`;
    // RFC 9112 §6.3: these have no body, whatever their headers say.
    if (statusCode === 204 || statusCode === 304) framing = 'none';
    else if (framing === 'chunked') text += 'Transfer-Encoding: chunked\r\n';
    this.framing = framing;
    this.isLast = this.isLast || !this.owner.mayGoOn;
    this.head = text + (this.isLast ? 'Connection: close\r\n\r\n' : `${ADVERTISED_KEEP_ALIVE}\r\n`);
    return this;
  }

  flushHeaders(): void {
    const { head } = this;
    this.head = '';
    if (head !== '' && this.isWritable) this.socket.write(head, 'latin1');
  }

  write(chunk: Uint8Array | string): boolean {
    if (!this.isWritable || this.isEnded) return false;
    if (chunk.length === 0 || this.framing === 'none') return true;
    return this.send(chunk, this.framing === 'chunked', '');
  }

  end(chunk: Uint8Array | string = ''): this {
    if (this.isEnded) return this;
    this.isEnded = true;
    if (!this.isWritable) return this;
    const isChunked = this.framing === 'chunked';
    const body = this.framing === 'none' ? '' : chunk;
    this.send(body, isChunked && body.length > 0, isChunked ? LAST_CHUNK : '', this.onSent);
    return this;
  }

  destroy(): this {
    this.socket.destroy();
    return this;
  }

  /** The connection is gone. */
  leave(): void {
    if (this.closed) return;
    this.destroyed = true;
    this.close();
  }

  private close(): void {
    this.closed = true;
    this.emit('close');
  }

  private get isWritable(): boolean {
    return !this.destroyed && this.socket.writable;
  }

  /** Writes the head if it waits, the chunk with its length if it is one of several, and what stands behind it. */
  private send(chunk: Uint8Array | string, isChunk: boolean, behind: string, onSent?: OnSent): boolean {
    const { socket } = this;
    const before = isChunk ? `${this.head}${byteLength(chunk).toString(16)}\r\n` : this.head;
    const after = isChunk ? `\r\n${behind}` : behind;
    this.head = '';
    const bytes = before.length + chunk.length + after.length;
    if (typeof chunk !== 'string' && bytes <= JOINED_BYTES_MAX && socket.writableLength === 0)
      return writeJoined(socket, { before, chunk, after }, onSent);
    if (chunk.length <= ONE_WRITE_BYTES_MAX) return socket.write(before + latin1(chunk) + after, 'latin1', onSent);
    socket.cork();
    if (before !== '') socket.write(before, 'latin1');
    const hasRoom = socket.write(chunk, after === '' ? onSent : undefined);
    if (after !== '') socket.write(after, 'latin1', onSent);
    socket.uncork();
    return hasRoom;
  }

  private readonly onSent: OnSent = (error) => {
    if (this.closed || (error !== undefined && error !== null)) return; // its connection's `close` tells
    this.close();
    this.owner.onSent(this);
  };
}

type OnSent = (error?: Error | null) => void;

/** A string's characters are bytes here once they are UTF-8: then each stands for one. */
function latin1(chunk: Uint8Array | string): string {
  if (typeof chunk !== 'string')
    return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
  return isAscii(chunk) ? chunk : Buffer.from(chunk).toString('latin1');
}

const byteLength = (chunk: Uint8Array | string): number =>
  typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.byteLength;

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

let dateText: string | null = null;

/** The time as HTTP writes it (RFC 9110 §5.6.7), made once a second. */
function httpDate(): string {
  if (dateText !== null) return dateText;
  const now = new Date();
  setTimeout(() => (dateText = null), 1_000 - now.getMilliseconds()).unref();
  return (dateText = now.toUTCString());
}
