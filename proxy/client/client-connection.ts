/**
 * One connection of a client. Plain requests are read and answered here, one after the other. The first one that is not
 * plain hands the connection over, from that request on, to Node's HTTP server, which serves every form of HTTP/1.1, for a
 * fifth more of a request's time (docs/decisions/0025).
 */
import type { Socket } from 'node:net';
import { DROPPED_BYTES_MAX, isEnding, lingerThenDestroy } from '../connection-end.js';
import { CONNECTION_IDLE_TIMEOUT_MS, REQUESTS_PER_CONNECTION_MAX } from '../limits.js';
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
  /** Unix ms at which it began to wait for a head, a body or the next request */
  sinceMs = Date.now();
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
  /** of what waits behind a request that is being answered: all of it is copied with each */
  private aheadPieces = 0;
  /** those that the head in `ahead` has come in so far */
  private headPieces = 0;

  readonly socket: Socket;

  constructor(
    accepted: Socket,
    private readonly owner: ConnectionOwner,
  ) {
    const socket = (this.socket = bufferedSocket(accepted, (bytes) => this.onRead(bytes)));
    socket.setTimeout(CONNECTION_IDLE_TIMEOUT_MS);
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
    const { request } = this;
    if (request === null) return this.begin(this.ahead === null ? bytes : Buffer.concat([this.ahead, bytes]));
    const own = request.receive(bytes);
    if (own < bytes.length) this.wait(bytes.subarray(own));
    if (request.isFull) this.socket.pause();
    if (this.response === null && request.complete) this.next();
    return undefined;
  }

  /** What stands behind the request that is being answered waits. */
  private wait(bytes: Buffer): void {
    this.ahead = joined(this.ahead, bytes);
    this.aheadPieces += 1;
    if (this.ahead.length > AHEAD_BYTES_MAX || this.aheadPieces >= AHEAD_PIECES_MAX) this.socket.pause();
  }

  /** Begins with the request at the front of `bytes`, as far as it is there. */
  private begin(bytes: Buffer): void {
    const head = this.heads.read(bytes);
    if (head === 'partial' && this.headPieces < HEAD_PIECES_MAX) {
      if (this.headPieces === 0) this.sinceMs = Date.now();
      this.headPieces += 1;
      this.ahead = Buffer.from(bytes);
      return;
    }
    this.ahead = null;
    if (head === 'partial' || head === 'other') return this.letGo(bytes);
    this.headPieces = 0;
    this.requests += 1;
    this.sinceMs = Date.now();
    const request = (this.request = new PlainRequest(this.socket, head));
    const response = (this.response = new PlainResponse(this, request));
    const end = head.headBytes + request.receive(bytes.subarray(head.headBytes));
    if (end < bytes.length) this.ahead = Buffer.from(bytes.subarray(end));
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
    this.aheadPieces = 0;
    this.sinceMs = Date.now();
    const { ahead, socket } = this;
    if (socket.isPaused()) socket.resume();
    if (ahead === null || !socket.writable) return; // of a client that has left, nothing more is begun
    this.ahead = null;
    this.begin(ahead);
  }

  private letGo(bytes: Buffer): void {
    this.isOver = true; // Node's parser takes what comes by itself
    this.socket.off('drain', this.onDrain).off('timeout', this.onTimeout);
    this.socket.off('end', this.onEnd).off('error', ignored).off('close', this.onClose);
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

/** What Node's server calls the same faults. */
const TOO_SLOW = 'ERR_HTTP_REQUEST_TIMEOUT';
const CUT = 'HPE_INVALID_EOF_STATE';

const joined = (before: Buffer | null, bytes: Buffer): Buffer =>
  before === null ? Buffer.from(bytes) : Buffer.concat([before, bytes]);

/** `close` follows and is what counts. */
const ignored = (): void => undefined;
