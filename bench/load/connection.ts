/**
 * One keep-alive connection of the load: a request, its answer, the next request. Where a server ends it, the next one.
 */
import { connect, type Socket } from 'node:net';
import { AnswerReader } from './answer-reader.js';
import type { Durations } from './durations.js';
import type { RequestText } from './request-text.js';
import { monotonicUs, SentTimes } from './sent-times.js';

const READ_BYTES = 64 * 1024;
const ERROR_CHARACTERS = 400;

/** What all connections of one order count together. */
export interface Tally {
  requests: number;
  errors: number;
  firstError: string | null;
  readonly latency: Durations;
  readonly firstEvent: Durations;
  readonly eventDelay: Durations;
  /** false once time is up: running requests end, no new one begins */
  isGoingOn: boolean;
}

export interface ConnectionOptions {
  readonly isStreaming: boolean;
  /** of the answers that are expected */
  readonly statusCode: number;
  /** it could send: at first, and after each answer. Whoever gets it says when. */
  readonly onIdle: (connection: Connection) => void;
  readonly onEnd: () => void;
}

export class Connection {
  private socket: Socket;
  private readonly answer = new AnswerReader();
  private readonly sentTimes: SentTimes | null;
  private readonly buffer = Buffer.allocUnsafe(READ_BYTES);
  private sentAtUs = 0;
  private isFirstEvent = true;
  private isEnded = false;

  constructor(
    private readonly port: number,
    private readonly request: RequestText,
    private readonly tally: Tally,
    private readonly options: ConnectionOptions,
  ) {
    this.sentTimes = options.isStreaming ? new SentTimes() : null;
    this.socket = this.open();
  }

  private open(): Socket {
    // `onread` spares a buffer and an event for each read: the generator must cost less than what it measures.
    const { buffer } = this;
    const onread = { buffer, callback: (byteCount: number) => this.received(buffer.subarray(0, byteCount)) };
    const socket = connect({ host: '127.0.0.1', port: this.port, noDelay: true, onread }, () =>
      this.options.onIdle(this),
    );
    socket.on('error', (error) => this.failed(error.message));
    socket.on('close', () => {
      if (socket !== this.socket) return; // another one took its place
      if (!this.isEnded) this.failed('the connection was closed in the middle of an answer');
      this.options.onEnd();
    });
    return socket;
  }

  /** The next request. `dueUs`: when it was to be sent, from which its answer is timed. */
  send(dueUs = monotonicUs()): void {
    this.isFirstEvent = true;
    this.sentAtUs = dueUs;
    this.socket.write(this.request.next());
  }

  private received(bytes: Buffer): boolean {
    if (this.sentTimes !== null) this.countEvents(this.sentTimes.push(bytes));
    if (!this.answer.push(bytes)) return true;
    if (this.answer.statusCode === this.options.statusCode) {
      this.tally.requests += 1;
      this.tally.latency.record(monotonicUs() - this.sentAtUs);
    } else this.failed(bytes.toString('latin1', 0, ERROR_CHARACTERS));
    if (!this.tally.isGoingOn) this.end();
    else if (this.answer.isLast) this.replace();
    else this.options.onIdle(this);
    return true;
  }

  private countEvents(sentTimesUs: readonly number[]): void {
    if (sentTimesUs.length === 0) return;
    const nowUs = monotonicUs();
    for (const sentUs of sentTimesUs) {
      if (this.isFirstEvent) this.tally.firstEvent.record(nowUs - this.sentAtUs);
      else this.tally.eventDelay.record(nowUs - sentUs);
      this.isFirstEvent = false;
    }
  }

  private failed(what: string): void {
    this.tally.errors += 1;
    this.tally.firstError ??= what;
  }

  private replace(): void {
    const last = this.socket;
    this.socket = this.open();
    last.end();
  }

  /** To be called while it waits for nothing. */
  end(): void {
    this.isEnded = true;
    this.socket.end();
  }
}
