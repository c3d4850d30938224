/** A call through a pool of our own client, and everything that its handler was told, in order. */
import type { ConnectionPool } from '../../proxy/upstream/http1/connection-pool.js';
import type { CallHandler, CallRequest, RunningCall } from '../../proxy/upstream/http1/http-call.js';

/** What a handler does besides recording. Throwing is part of it. */
export interface Reactions {
  readonly onHead?: (call: RecordedCall) => void;
  /** false: no more, until `resume` */
  readonly onData?: (call: RecordedCall, chunk: Buffer) => boolean;
  readonly onComplete?: (call: RecordedCall) => void;
  readonly onError?: (call: RecordedCall) => void;
}

export class RecordedCall implements CallHandler {
  /** `head 200`, `data`, `complete`, `error …`, in their order; chunks that follow each other are one */
  readonly events: string[] = [];
  readonly ended: Promise<this>;
  headers: readonly string[] = [];
  bytes = 0;
  error: Error | null = null;
  /** whether it had been sent when it failed; null: it has not failed */
  wasSent: boolean | null = null;
  private readonly chunks: Buffer[] = [];
  private running: RunningCall | null = null;
  private settle: () => void = () => undefined;

  constructor(private readonly reactions: Reactions = {}) {
    this.ended = new Promise((resolve) => (this.settle = () => resolve(this)));
  }

  get body(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }

  abort(error: Error = new Error('aborted')): void {
    this.running?.abort(error);
  }

  resume(): void {
    this.running?.resume();
  }

  onStart(running: RunningCall): void {
    this.running = running;
  }

  onHead(statusCode: number, headers: string[]): void {
    this.events.push(`head ${statusCode}`);
    this.headers = headers;
    this.reactions.onHead?.(this);
  }

  onData(chunk: Buffer): boolean {
    if (this.events.at(-1) !== 'data') this.events.push('data');
    this.bytes += chunk.length;
    this.chunks.push(chunk);
    return this.reactions.onData?.(this, chunk) ?? true;
  }

  onComplete(): void {
    this.events.push('complete');
    this.settle();
    this.reactions.onComplete?.(this);
  }

  onError(error: Error): void {
    this.events.push(`error ${error.message}`);
    this.error = error;
    this.wasSent = this.running?.wasSent ?? null;
    this.settle();
    this.reactions.onError?.(this);
  }
}

/** Sends a POST of `body`, or what `request` says instead. */
export function sendRecorded(
  pool: ConnectionPool,
  request: Partial<CallRequest> = {},
  reactions: Reactions = {},
): RecordedCall {
  const call = new RecordedCall(reactions);
  pool.send({ method: 'POST', path: '/', headers: [], body: Buffer.from('body'), ...request }, call);
  return call;
}
