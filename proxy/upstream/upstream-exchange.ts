/**
 * One upstream call as it runs. Its methods are called synchronously while bytes are parsed; the relay attaches when
 * the answer's head is there. What arrives before that is kept (it is at most one socket read: the parser is paused
 * when the relay cannot take more), so a small answer is complete before anyone looks, and goes out in one write.
 */
import { downstreamHeaders } from './headers.js';
import type { CallHandler, RunningCall } from './http1/http-call.js';

/** Who takes an answer's body. `data` returns false to pause the upstream until `resume` is called. */
export interface AnswerSink {
  data(chunk: Buffer): boolean;
  end(): void;
  error(error: unknown): void;
}

export interface UpstreamAnswer {
  readonly statusCode: number;
  /** flat name/value list, already without what must not go down */
  readonly headers: string[];
  /** hands over what has arrived, then everything as it comes */
  attach(sink: AnswerSink): void;
  resume(): void;
  /** stops the upstream at once; nothing is called afterwards */
  cancel(): void;
  /**
   * Its client has left: whether it goes on all the same, to be metered, because others wait for it. Absent: it does
   * not.
   */
  goesOn?(): boolean;
  /** it is the answer to another request, which pays for it */
  readonly isPaidByAnother?: boolean;
}

/** What a call is aborted with; never seen outside. */
class Cancelled extends Error {
  readonly code = 'TOLLGATE_CANCELLED';
}

/** Who waits for the head of an answer. */
export interface ExchangeOwner {
  /** once, when it is there */
  onAnswer(answer: UpstreamAnswer): void;
  /** once, when there will be none */
  onFailure(error: unknown): void;
}

export class UpstreamExchange implements CallHandler, UpstreamAnswer {
  statusCode = 0;
  headers: string[] = [];
  private running: RunningCall | null = null;
  private sink: AnswerSink | null = null;
  private early: Buffer[] = [];
  private isAnswered = false;
  private isEnded = false;
  private isCancelled = false;
  private failure: unknown = null;

  constructor(private readonly owner: ExchangeOwner) {}

  /** whether the provider may have taken the request in; asked before there is an answer */
  get wasSent(): boolean {
    return this.running !== null && this.running.wasSent;
  }

  onStart(running: RunningCall): void {
    this.running = running;
  }

  onHead(statusCode: number, headers: string[]): void {
    this.headers = downstreamHeaders(headers);
    this.statusCode = statusCode;
    this.owner.onAnswer(this);
    this.isAnswered = true; // now, because a fault in the lines above is a failure to answer
  }

  onData(chunk: Buffer): boolean {
    if (this.sink !== null) return this.sink.data(chunk);
    this.early.push(chunk);
    return true;
  }

  onComplete(): void {
    this.isEnded = true;
    this.sink?.end();
  }

  onError(error: Error): void {
    if (this.isCancelled) return;
    if (!this.isAnswered) this.owner.onFailure(error);
    else {
      this.failure = error;
      this.sink?.error(error);
    }
  }

  attach(sink: AnswerSink): void {
    this.sink = sink;
    for (const chunk of this.early) sink.data(chunk);
    this.early = [];
    if (this.failure !== null) sink.error(this.failure);
    else if (this.isEnded) sink.end();
  }

  resume(): void {
    this.running?.resume();
  }

  cancel(): void {
    if (this.isCancelled || this.isEnded) return;
    this.isCancelled = true;
    this.running?.abort(new Cancelled());
  }
}
