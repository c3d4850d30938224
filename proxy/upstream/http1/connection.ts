/**
 * One kept connection to an upstream: one call at a time, written at once and read straight out of the socket into a
 * buffer that all connections share (`net`'s `onread`): no stream stands in between, which costs more than the parsing.
 */
import type { Socket } from 'node:net';
import { closed, closedByServer } from './call-errors.js';
import type { AnswerHead } from './answer-head.js';
import { AnswerParser, type AnswerEvents } from './answer-parser.js';
import { asError, type PooledCall } from './http-call.js';

/** What a socket gives its bytes to. */
export interface SocketReader {
  /** the first `count` bytes of the shared buffer; false: no more, until the socket is resumed */
  onRead(count: number, buffer: Uint8Array): boolean;
}

/** Up to this size a body goes out as one string with its head: one copy and one write. */
const ONE_WRITE_BYTES_MAX = 16 * 1024;

/** A server that closes a connection while we send on it loses us a call: we leave this much earlier than it says. */
const KEEP_ALIVE_MARGIN_MS = 2_000;

/**
 * A server that closed a kept connection while we sent is heard of within a round trip, once more if a packet is lost,
 * give or take a turn of the owner's clock. Later, a server that had the whole request may have worked on it, and bill
 * it.
 */
const CLOSED_MEANWHILE_MS_MAX = 1_000;

export interface ConnectionOwner {
  readonly keepAliveMs: number;
  /** turns of the owner's clock, which is read instead of the system's */
  readonly ticks: number;
  /** of so many ms each */
  readonly tickMs: number;
  /** the call is over and another one may follow */
  onIdle(connection: Connection): void;
  /** it is no more; `call`: what was on it has failed */
  onGone(connection: Connection): void;
}

export class Connection implements AnswerEvents, SocketReader {
  /** the owner's clock when the last byte came, or the call that is on it was sent */
  readAtTick = 0;
  /** how long it may wait for its next call, in turns of the owner's clock */
  keepAliveTicks: number;
  /** the owner's turn of the event loop in which its last answer ended */
  idleTurn = 0;
  private call: PooledCall | null = null;
  private socket: Socket | null = null;
  private readonly parser = new AnswerParser(this);
  private isPaused = false;
  private isGone = false;
  /** its answer has begun: silence now is counted */
  private isAnswering = false;
  /** it has carried a call before this one */
  private isKept = false;
  /** a byte has come since the call that is on it was sent */
  private hasRead = false;
  /** calls of which the last bytes are not with the system yet */
  private unwritten = 0;
  /**
   * the server ended a kept connection right after we sent, without a byte: it closed meanwhile, and took nothing in
   */
  private isStale = false;

  constructor(private readonly owner: ConnectionOwner) {
    this.keepAliveTicks = Math.ceil(owner.keepAliveMs / owner.tickMs);
  }

  /** whether a call is on it */
  get isBusy(): boolean {
    return this.call !== null;
  }

  get isUsable(): boolean {
    return !this.isGone;
  }

  /** whether an answer has begun and the connection is read, so that silence is the server's */
  get isWaitingForServer(): boolean {
    return this.isAnswering && !this.isPaused;
  }

  /** whether the call that is on it went out whole, to a server that may have taken it in */
  get wasSent(): boolean {
    return this.unwritten === 0 && !this.isStale;
  }

  /** Takes over a socket that has connected. */
  open(socket: Socket): void {
    this.socket = socket;
    this.readAtTick = this.owner.ticks;
    socket.on('end', this.onEnd).on('error', this.onError).on('close', this.onClose);
  }

  /** Sends a call; only while none is on it. */
  send(call: PooledCall): void {
    const { socket, owner } = this;
    if (socket === null) throw new Error('a call was sent on a connection that is not open');
    this.call = call;
    call.connection = this;
    this.readAtTick = owner.ticks;
    const { head, request } = call;
    this.parser.begin(request.method === 'HEAD');
    this.hasRead = false;
    this.unwritten += 1;
    write(socket, head, request.body, this.onWritten);
    call.head = ''; // of some thirty pieces, which a long stream would hold until it ends
  }

  onRead(count: number, buffer: Uint8Array): boolean {
    this.readAtTick = this.owner.ticks;
    this.hasRead = true;
    try {
      this.parser.push(Buffer.from(buffer.buffer, buffer.byteOffset, count));
    } catch (error) {
      this.destroy(asError(error));
    }
    return !this.isPaused;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.readAtTick = this.owner.ticks;
    this.socket?.resume();
  }

  /** Ends it at once; a call that is on it fails with `error`. */
  destroy(error: Error): void {
    if (this.isGone) return;
    this.isGone = true;
    const { call } = this;
    this.call = null;
    this.socket?.destroy();
    this.owner.onGone(this);
    call?.fail(error);
  }

  head({ statusCode, headers, keepAliveMs }: AnswerHead): void {
    this.isAnswering = true;
    if (keepAliveMs !== null) this.keepFor(keepAliveMs - KEEP_ALIVE_MARGIN_MS);
    this.call?.handler.onHead(statusCode, headers);
  }

  data(chunk: Buffer): void {
    if (this.call?.handler.onData(chunk) === false) this.isPaused = true;
  }

  end(isReusable: boolean): void {
    const { call } = this;
    this.isAnswering = false;
    this.isKept = true;
    this.call = null;
    if (call === null) return;
    if (this.isPaused) this.resume();
    if (!isReusable || this.keepAliveTicks <= 0 || this.isSending(call)) this.destroy(closed());
    else this.owner.onIdle(this);
    call.complete();
  }

  /**
   * Whether the answer came before the request was out. A server that refuses a body unread may take the rest of it for
   * the next request. (Small bodies are with the system at once; TLS only says so later.)
   */
  private isSending({ request }: PooledCall): boolean {
    if (request.body === null || request.body.length <= ONE_WRITE_BYTES_MAX) return false;
    return this.socket !== null && this.socket.writableLength > 0;
  }

  private keepFor(ms: number): void {
    const { keepAliveMs, tickMs } = this.owner;
    this.keepAliveTicks = Math.ceil(Math.min(ms, keepAliveMs) / tickMs);
  }

  private readonly onWritten = (error?: Error | null): void => {
    if (error === undefined || error === null) this.unwritten -= 1;
  };

  private readonly onEnd = (): void => {
    this.noteStale();
    try {
      this.parser.close();
      this.destroy(closedByServer());
    } catch (error) {
      this.destroy(asError(error));
    }
  };

  private readonly onError = (error: Error): void => {
    this.noteStale();
    this.destroy(error);
  };

  private readonly onClose = (): void => {
    this.noteStale();
    this.destroy(closed());
  };

  private noteStale(): void {
    this.isStale = this.isStale || (!this.isGone && this.isKept && !this.hasRead && this.isJustSent());
  }

  private isJustSent(): boolean {
    const { ticks, tickMs } = this.owner;
    return ticks - this.readAtTick <= Math.ceil(CLOSED_MEANWHILE_MS_MAX / tickMs);
  }
}

function write(socket: Socket, head: string, body: Buffer | null, onWritten: (error?: Error | null) => void): void {
  if (body === null) socket.write(head, 'latin1', onWritten);
  else if (body.length <= ONE_WRITE_BYTES_MAX) socket.write(head + body.toString('latin1'), 'latin1', onWritten);
  else {
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(body, onWritten);
    socket.uncork();
  }
}
