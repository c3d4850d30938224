/** One keep-alive connection of the load: a request, its answer, the next request. Where a server ends it, the next one. */
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
    private readonly options: { readonly isStreaming: boolean; readonly onEnd: () => void },
  ) {
    this.sentTimes = options.isStreaming ? new SentTimes() : null;
    this.socket = this.open();
  }

  private open(): Socket {
    // `onread` spares a buffer and an event for each read: the generator must cost less than what it measures.
    const { buffer } = this;
    const onread = { buffer, callback: (byteCount: number) => this.received(buffer.subarray(0, byteCount)) };
    const socket = connect({ host: '127.0.0.1', port: this.port, noDelay: true, onread }, () => this.send());
    socket.on('error', (error) => this.failed(error.message));
    socket.on('close', () => {
      if (socket !== this.socket) return; // another one took its place
      if (!this.isEnded) this.failed('the connection was closed in the middle of an answer');
      this.options.onEnd();
    });
    return socket;
  }

  private send(): void {
    this.isFirstEvent = true;
    this.sentAtUs = monotonicUs();
    this.socket.write(this.request.next());
  }

  private received(bytes: Buffer): boolean {
    if (this.sentTimes !== null) this.countEvents(this.sentTimes.push(bytes));
    if (!this.answer.push(bytes)) return true;
    if (this.answer.statusCode === 200) {
      this.tally.requests += 1;
      this.tally.latency.record(monotonicUs() - this.sentAtUs);
    } else this.failed(bytes.toString('latin1', 0, ERROR_CHARACTERS));
    if (!this.tally.isGoingOn) this.end();
    else if (this.answer.isLast) this.replace();
    else this.send();
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

  private end(): void {
    this.isEnded = true;
    this.socket.end();
  }
}
