/**
 * One connection of a client. Plain requests are read and answered here, one after the other. The first one that is not
 * plain hands the connection over, from that request on, to Node's HTTP server, which serves every form of HTTP/1.1,
 * for a fifth more of a request's time (docs/decisions/0025).
 */
import type { Socket } from 'node:net';
import { DROPPED_BYTES_MAX, isEnding, lingerThenDestroy } from '../connection-end.js';
import { CONNECTION_IDLE_TIMEOUT_MS, REQUESTS_PER_CONNECTION_MAX } from '../request-bounds.js';
import { bufferedSocket } from './buffered-socket.js';
import type { ClientRequest, ClientResponse } from './client-exchange.js';
import { PlainRequest } from './plain-request.js';
import { RepeatedHeads } from './repeated-heads.js';
import { PlainResponse, type ResponseOwner } from './plain-response.js';

/** What may wait behind a request that is being answered; beyond, the client is not read. */
const AHEAD_BYTES_MAX = 64 * 1024;
const AHEAD_PIECES_MAX = 64;
/**
 * A head is looked through anew with each piece of it that arrives: one in more pieces is Node's, whose parser goes on
 * where it stopped. One byte at a time, 16 KiB would cost seconds otherwise.
 */
const HEAD_PIECES_MAX = 8;

export interface ConnectionOwner {
  /** whether the server is about to stop, so that each answer is its connection's last */
  readonly isStopping: boolean;
  serve(request: ClientRequest, response: ClientResponse): void;
  /** The connection is Node's from here on; `bytes` are the first that it has to read. */
  handOver(connection: ClientConnection, bytes: Buffer): void;
  /** What came is no request, for the reason that Node's parser gives by this code. */
  refuse(connection: ClientConnection, code: string): void;
  onGone(connection: ClientConnection): void;
}

/** What the connection waits for, which decides how long it may. */
export type Phase = 'head' | 'body' | 'answer' | 'next';

export class ClientConnection implements ResponseOwner {
  /** Unix ms at which it began to wait for a head, a body or the next request; 0: nobody has asked since it did */
  private sinceMs = Date.now();
  /** what had passed when its silence was looked at last, and from when on (Unix ms) nothing else has */
  private passedBytes = -1;
  private silentSinceMs = 0;
  private readonly heads = new RepeatedHeads();
  private requests = 0;
  private request: PlainRequest | null = null;
  private response: PlainResponse | null = null;
  /** it ends with the answer that was sent: what comes now is no request */
  private isOver = false;
  /** bytes behind the last answer */
  private dropped = 0;
  /** of a head that has not arrived whole, or of requests behind the one that is being answered */
  private ahead: Buffer | null = null;
  /** that came behind requests since none waited last: all that waits is copied with each */
  private aheadPieces = 0;
  /** those that the head in `ahead` has come in so far */
  private headPieces = 0;

  readonly socket: Socket;

  constructor(
    accepted: Socket,
    private readonly owner: ConnectionOwner,
  ) {
    const socket = (this.socket = bufferedSocket(accepted, (bytes) => this.onRead(bytes)));
    socket.on('drain', this.onDrain).on('timeout', this.onTimeout);
    socket.on('end', this.onEnd).on('error', ignored).on('close', this.onClose);
  }

  get phase(): Phase {
    if (this.request !== null) return this.request.complete ? 'answer' : 'body';
    return this.requests === 0 || this.ahead !== null ? 'head' : 'next';
  }

  /** Whether no request has begun that is not answered yet. */
  get isIdle(): boolean {
    return this.request === null && this.ahead === null;
  }

  /** Whether none has begun yet. */
  get isNew(): boolean {
    return this.requests === 0;
  }

  /**
   * How long it has waited at `nowMs` (Unix ms) for what it waits for, counted from when it is first asked: who asks
   * every second tells the time for all, and no request has to.
   */
  waitedMs(nowMs: number): number {
    if (this.sinceMs === 0) this.sinceMs = nowMs;
    return nowMs - this.sinceMs;
  }

  get mayGoOn(): boolean {
    return this.requests < REQUESTS_PER_CONNECTION_MAX && !this.owner.isStopping;
  }

  /** `bytes` are valid until this returns. False: no more, until the socket is resumed. */
  private onRead(bytes: Buffer): boolean {
    if (this.isOver || isEnding(this.socket)) this.drop(bytes.length);
    else this.take(bytes);
    return !this.socket.isPaused();
  }

  /** What comes behind a connection's last answer is no request (connection-end.ts). */
  private drop(bytes: number): void {
    this.dropped += bytes;
    if (this.dropped > DROPPED_BYTES_MAX) this.socket.destroy();
  }

  private take(bytes: Buffer): void {
    const { request, ahead } = this;
    if (request === null) {
      if (ahead === null) this.begin(bytes, kept);
      else this.begin(Buffer.concat([ahead, bytes]), rest);
      return this.pace();
    }
    const own = request.receive(bytes);
    if (own < bytes.length) this.wait(bytes.subarray(own));
    return this.response === null && request.complete ? this.next() : this.pace();
  }

  /** What stands behind the request that is being answered waits. */
  private wait(bytes: Buffer): void {
    this.ahead = this.ahead === null ? kept(bytes) : Buffer.concat([this.ahead, bytes]);
    this.aheadPieces += 1;
  }

  /**
   * Reads no more while enough waits, and then goes on: a small request that is answered must not let in a large read.
   */
  private pace(): void {
    const { socket, request, ahead } = this;
    if (this.isOver) return; // the socket may be Node's
    const waiting = request === null || ahead === null ? 0 : ahead.length;
    if (waiting === 0) this.aheadPieces = 0;
    const isEnough = waiting > AHEAD_BYTES_MAX || this.aheadPieces >= AHEAD_PIECES_MAX;
    if (isEnough || request?.isFull === true) socket.pause();
    else if (socket.isPaused()) socket.resume();
  }

  /** Begins with the request at the front of `bytes`, as far as it is there; `keep` is for what stands behind it. */
  private begin(bytes: Buffer, keep: (bytes: Buffer) => Buffer): void {
    const head = this.heads.read(bytes);
    if (head === 'partial' && this.headPieces < HEAD_PIECES_MAX) {
      if (this.headPieces === 0) this.sinceMs = 0;
      this.headPieces += 1;
      this.ahead = kept(bytes);
      return;
    }
    this.ahead = null;
    if (head === 'partial' || head === 'other') return this.letGo(bytes);
    this.headPieces = 0;
    this.requests += 1;
    this.sinceMs = 0;
    const request = (this.request = new PlainRequest(this.socket, head));
    const response = (this.response = new PlainResponse(this, request));
    const end = head.headBytes + request.receive(bytes, head.headBytes);
    if (end < bytes.length) this.ahead = keep(bytes.subarray(end));
    this.owner.serve(request, response);
  }

  onSent({ isLast }: PlainResponse): void {
    this.response = null;
    if (isLast) this.finish();
    else if (this.request?.complete === true) this.next();
    else this.request?.drop();
  }

  /** Ends the connection behind its last answer, which unread bytes would take along with them. */
  private finish(): void {
    this.isOver = true;
    if (this.ahead === null && this.request?.complete === true) this.socket.destroySoon();
    else lingerThenDestroy.call(this.socket);
  }

  private next(): void {
    this.request = null;
    this.sinceMs = 0;
    const { ahead, socket } = this;
    if (isTimed(socket)) socket.setTimeout(0);
    if (ahead !== null && socket.writable) this.begin(ahead, rest); // of a client that has left, nothing more is begun
    this.pace();
  }

  private letGo(bytes: Buffer): void {
    this.isOver = true; // Node's parser takes what comes by itself
    this.socket.off('drain', this.onDrain).off('timeout', this.onTimeout);
    this.socket.off('end', this.onEnd).off('error', ignored).off('close', this.onClose);
    if (this.socket.isPaused()) this.socket.resume(); // Node would take a pause for one of its own
    this.owner.handOver(this, Buffer.from(bytes));
  }

  private readonly onDrain = (): void => void this.response?.emit('drain');

  private readonly onTimeout = (): void => {
    if (this.response?.emit('timeout') !== true) this.socket.destroy();
  };

  /** The client has said its last word, and does not wait for ours. But what it broke off is refused, as Node does. */
  private readonly onEnd = (): void => {
    if (this.isOver || isEnding(this.socket)) return undefined;
    const { phase } = this;
    const isCut = phase === 'body' || (phase === 'head' && !this.isIdle);
    return isCut ? this.fail(CUT) : this.socket.destroySoon();
  };

  /**
   * Cuts the connection when nothing has passed for long at `nowMs` (Unix ms), since this was first asked: over an
   * answer, or an end, that takes more than a moment. All else is bounded by less. A timer of its own would be set anew
   * with each read and write: a fiftieth of what a stream's event costs, where there are thousands.
   */
  watchSilence(nowMs: number): void {
    const isBounded = !this.isOver && this.phase !== 'answer';
    if (isBounded || isTimed(this.socket)) return;
    const { bytesRead, bytesWritten, writableLength } = this.socket;
    const passedBytes = bytesRead + bytesWritten - writableLength;
    if (passedBytes !== this.passedBytes) {
      this.passedBytes = passedBytes;
      this.silentSinceMs = nowMs;
    } else if (nowMs - this.silentSinceMs >= CONNECTION_IDLE_TIMEOUT_MS) this.onTimeout();
  }

  /** The client has taken too long over what it owes. */
  expire(): void {
    if (this.isOver) return undefined;
    return this.phase === 'next' ? void this.socket.destroy() : this.fail(TOO_SLOW);
  }

  private fail(code: string): void {
    this.isOver = true;
    // Behind an answer to this very request, or in the middle of it, a refusal would be taken for the next one's.
    const isAnswered = this.request !== null && this.response?.headersSent !== false;
    if (isAnswered) this.socket.destroy();
    else this.owner.refuse(this, code);
  }

  private readonly onClose = (): void => {
    this.owner.onGone(this);
    this.request?.leave();
    this.response?.leave();
  };
}

const isTimed = (socket: Socket): boolean => (socket.timeout ?? 0) > 0;

/** What Node's server calls the same faults. */
const TOO_SLOW = 'ERR_HTTP_REQUEST_TIMEOUT';
const CUT = 'HPE_INVALID_EOF_STATE';

/** A copy: what the socket is read into is used again. */
const kept = (bytes: Buffer): Buffer => Buffer.from(bytes);

/**
 * What is left of memory that is ours: a copy once it is less than half. A copy for each request would be their square.
 */
const rest = (bytes: Buffer): Buffer => (bytes.length * 2 < bytes.buffer.byteLength ? kept(bytes) : bytes);

/** `close` follows and is what counts. */
const ignored = (): void => undefined;
