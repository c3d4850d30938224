/** One keep-alive connection of the load: a request, its answer, the next request. */
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
  private readonly socket: Socket;
  private readonly answer = new AnswerReader();
  private readonly sentTimes: SentTimes | null;
  private sentAtUs = 0;
  private isFirstEvent = true;
  private isEnded = false;

  constructor(
    port: number,
    private readonly request: RequestText,
    private readonly tally: Tally,
    options: { readonly isStreaming: boolean; readonly onEnd: () => void },
  ) {
    this.sentTimes = options.isStreaming ? new SentTimes() : null;
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    // `onread` spares a buffer and an event for each read: the generator must cost less than what it measures.
    const onread = { buffer, callback: (byteCount: number) => this.received(buffer.subarray(0, byteCount)) };
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true, onread }, () => this.send());
    this.socket.on('error', (error) => this.failed(error.message));
    this.socket.on('close', () => {
      if (!this.isEnded) this.failed('the connection was closed in the middle of an answer');
      options.onEnd();
    });
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
    if (this.tally.isGoingOn) this.send();
    else this.end();
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

  private end(): void {
    this.isEnded = true;
    this.socket.end();
  }
}
