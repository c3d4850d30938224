/**
 * One connection's answers, taken apart as their bytes come (RFC 9112), strictly: what two programs could read
 * differently is an error and ends the connection. A body's chunks are copies; the bytes that are pushed may be written
 * over afterwards. At most one head is held, up to its bound.
 */
import { closedByServer, headTooLarge, notHttp, outOfPlace } from './call-errors.js';
import { parseAnswerHead, TOKEN, type AnswerHead } from './answer-head.js';
import { LineNames } from './line-names.js';

/** The head of an answer, the lines of its interim answers and of its trailers, each. */
export const HEAD_BYTES_MAX = 16 * 1024;
/** A chunk's size and its extensions, which nobody uses. */
const CHUNK_LINE_BYTES_MAX = 4 * 1024;
/** Hexadecimal digits of a chunk's size: up to here a number is exact. */
const CHUNK_SIZE_DIGITS_MAX = 13;

export interface AnswerEvents {
  /** a final head (status 200 and above); whether an answer without a body is expected is told by `isBodiless` */
  head(head: AnswerHead): void;
  data(chunk: Buffer): void;
  /** the answer is whole; `isReusable`: another request may follow on its connection */
  end(isReusable: boolean): void;
}

const HEAD = 0;
const BODY_OF_LENGTH = 1;
const BODY_TO_THE_END = 2;
const CHUNK_SIZE = 3;
const CHUNK_EXTENSION_NAME = 4;
const CHUNK_SIZE_LF = 5;
const CHUNK_DATA = 6;
const CHUNK_CR = 7;
const CHUNK_LF = 8;
const TRAILERS = 9;
const LAST_LF = 10;
const DONE = 11;
const CHUNK_EXTENSION_VALUE = 12;
type State = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12;

const CR = 13;
const LF = 10;
const SEMICOLON = 59;
const EQUALS = 61;
const HEAD_END = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);

/** The value of a hexadecimal digit; -1: it is none. */
const HEX = Int8Array.from({ length: 256 }, (_, code) => {
  const digit = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(digit) ? -1 : digit;
});

export class AnswerParser {
  private state: State = DONE;
  private isHeadRequest = false;
  private isReusable = false;
  /** of a body, or a chunk, what has yet to come */
  private remaining = 0;
  /** of a chunk's size line */
  private digits = 0;
  private lineBytes = 0;
  /** of a chunk's extension, the name or the value has begun */
  private hasToken = false;
  /** a head, or trailers, of which the end has not come yet */
  private held: Buffer = NOTHING;
  private readonly names = new LineNames();

  constructor(private readonly events: AnswerEvents) {}

  /** whether an answer is awaited or on its way */
  get isBusy(): boolean {
    return this.state !== DONE;
  }

  /** The next bytes are the answer to a request. `isHeadRequest`: it has no body, whatever its head says. */
  begin(isHeadRequest: boolean): void {
    this.state = HEAD;
    this.isHeadRequest = isHeadRequest;
  }

  /** Reads `bytes`. Throws an error of undici's when they are no answer, or more than one. */
  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) at = this.step(bytes, at);
  }

  /** No byte will come any more: ends a body that ends with its connection. Throws when something is missing. */
  close(): void {
    if (this.state === DONE) return;
    if (this.state !== BODY_TO_THE_END) throw closedByServer();
    this.finish(false);
  }

  /** Reads on from `at`; the place of the first byte that was not read. */
  private step(bytes: Buffer, at: number): number {
    switch (this.state) {
      case HEAD:
        return this.readHead(bytes, at);
      case BODY_OF_LENGTH:
        return this.readBody(bytes, at);
      case BODY_TO_THE_END:
        this.events.data(copyOf(bytes, at, bytes.length));
        return bytes.length;
      case CHUNK_DATA:
        return this.readChunk(bytes, at);
      case TRAILERS:
        return this.readTrailers(bytes, at);
      case DONE:
        throw outOfPlace(); // bytes that nobody asked for
      default:
        return this.readChunkLine(bytes, at);
    }
  }

  private readHead(bytes: Buffer, at: number): number {
    const { held } = this;
    if (held.length === 0) {
      const end = bytes.indexOf(HEAD_END, at);
      if (end !== -1 && end - at <= HEAD_BYTES_MAX) return this.takeHead(bytes, at, end);
    }
    const joined = this.hold(bytes, at);
    const end = joined.indexOf(HEAD_END, Math.max(0, held.length - HEAD_END.length + 1));
    if (end === -1) return bytes.length;
    this.held = NOTHING;
    return at + this.takeHead(joined, 0, end) - held.length;
  }

  /** What came before and what comes now, as one; throws when no end of it may come any more. */
  private hold(bytes: Buffer, at: number): Buffer {
    const joined = Buffer.concat([this.held, bytes.subarray(at, at + HEAD_BYTES_MAX + HEAD_END.length)]);
    const end = joined.indexOf(HEAD_END);
    // of an end that has not come, all but one byte may be there already
    const bytesMin = end === -1 ? joined.length - HEAD_END.length + 1 : end;
    if (bytesMin > HEAD_BYTES_MAX) throw headTooLarge();
    this.held = joined;
    return joined;
  }

  /** The place behind the head. */
  private takeHead(bytes: Buffer, start: number, end: number): number {
    const head = parseAnswerHead(bytes.toString('latin1', start, end), this.names);
    const next = end + HEAD_END.length;
    if (head.statusCode < 200) {
      // 101 ends HTTP on this connection, 100 answers what was not asked; the others say nothing to an API client
      if (head.statusCode <= 101) throw outOfPlace();
      return next;
    }
    // A 204 that announces a body (RFC 9110 §8.6: it must not) ends here, but its server may mean to send one.
    this.isReusable = head.keepsAlive && !(head.statusCode === 204 && announcesBody(head));
    const isBodiless = this.isHeadRequest || head.statusCode === 204 || head.statusCode === 304;
    this.remaining = head.contentLength ?? 0;
    if (isBodiless) this.state = DONE;
    else if (head.isChunked) this.beginChunk();
    else if (head.contentLength === null) this.state = BODY_TO_THE_END;
    else this.state = head.contentLength === 0 ? DONE : BODY_OF_LENGTH;
    this.events.head(head);
    if (this.state === DONE) this.finish(this.isReusable);
    return next;
  }

  private readBody(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.remaining);
    this.remaining -= end - at;
    this.events.data(copyOf(bytes, at, end));
    if (this.remaining === 0) this.finish(this.isReusable);
    return end;
  }

  private readChunk(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.remaining);
    this.remaining -= end - at;
    if (this.remaining === 0) this.state = CHUNK_CR;
    this.events.data(copyOf(bytes, at, end));
    return end;
  }

  private beginChunk(): void {
    this.state = CHUNK_SIZE;
    this.remaining = 0;
    this.digits = 0;
    this.lineBytes = 0;
  }

  /** One byte of what stands around a chunk: its size, an extension, the ends of lines. */
  private readChunkLine(bytes: Buffer, at: number): number {
    const code = bytes[at] ?? 0;
    switch (this.state) {
      case CHUNK_SIZE:
        this.readSize(code);
        break;
      case CHUNK_EXTENSION_NAME:
      case CHUNK_EXTENSION_VALUE:
        this.readExtension(code);
        break;
      case CHUNK_SIZE_LF:
        if (code !== LF) throw notHttp('a chunk has no size');
        this.state = this.remaining === 0 ? TRAILERS : CHUNK_DATA;
        break;
      case CHUNK_CR:
        if (code !== CR) throw notHttp('a chunk is longer than its size');
        this.state = CHUNK_LF;
        break;
      case LAST_LF:
        if (code !== LF) throw notHttp('the last chunk has no end');
        this.finish(this.isReusable);
        break;
      default:
        if (code !== LF) throw notHttp('a chunk is longer than its size');
        this.beginChunk();
    }
    return at + 1;
  }

  private readSize(code: number): void {
    const digit = HEX[code] ?? -1;
    if (digit !== -1 && this.digits < CHUNK_SIZE_DIGITS_MAX) {
      this.remaining = this.remaining * 16 + digit;
      this.digits += 1;
    } else if (this.digits > 0 && code === CR) this.state = CHUNK_SIZE_LF;
    else if (this.digits > 0 && code === SEMICOLON) this.state = CHUNK_EXTENSION_NAME;
    else throw notHttp('a chunk has no size');
  }

  /**
   * `;name` and `;name=value`, both tokens: quoted values, in which readers look for the line's end differently, are
   * refused.
   */
  private readExtension(code: number): void {
    if (++this.lineBytes > CHUNK_LINE_BYTES_MAX) throw headTooLarge();
    if (TOKEN[code] === 1) {
      this.hasToken = true;
      return;
    }
    const isName = this.state === CHUNK_EXTENSION_NAME;
    if (!this.hasToken) throw notHttp('a chunk has an extension that is none');
    this.hasToken = false;
    if (code === CR) this.state = CHUNK_SIZE_LF;
    else if (code === SEMICOLON) this.state = CHUNK_EXTENSION_NAME;
    else if (code === EQUALS && isName) this.state = CHUNK_EXTENSION_VALUE;
    else throw notHttp('a chunk has an extension that is none');
  }

  /** Trailers are read and dropped: nobody downstream was told of them. */
  private readTrailers(bytes: Buffer, at: number): number {
    const { held } = this;
    // An answer without trailers ends with one empty line, an answer with them with one behind the last.
    if (held.length === 0 && bytes[at] === CR) {
      this.state = LAST_LF;
      return at + 1;
    }
    const joined = this.hold(bytes, at);
    const end = joined.indexOf(HEAD_END);
    if (end === -1) return bytes.length;
    this.held = NOTHING;
    parseAnswerHead(`HTTP/1.1 200\r\n${joined.toString('latin1', 0, end)}`, null);
    this.finish(this.isReusable);
    return at + end + HEAD_END.length - held.length;
  }

  private finish(isReusable: boolean): void {
    this.state = DONE;
    this.events.end(isReusable);
  }
}

const announcesBody = (head: AnswerHead): boolean => head.isChunked || (head.contentLength ?? 0) > 0;

function copyOf(bytes: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafe(to - from);
  bytes.copy(copy, 0, from, to);
  return copy;
}
