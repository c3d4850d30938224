/** One call: what is sent, who hears of the answer, and where it is on its way through a pool of connections. */

import { isNativeError } from 'node:util/types';

/** What an upstream is asked. */
export interface CallRequest {
  readonly method: string;
  /** with its query; already encoded */
  readonly path: string;
  /** names and values in turn; neither `Host` nor anything about the body's length or the connection */
  readonly headers: readonly string[];
  readonly body: Buffer | null;
}

/**
 * Hears of a call, in this order: the head once, chunks, and one of `onComplete` and `onError`. What one of them throws
 * ends the call, and its `onError` is told, also after an `onComplete` that threw.
 */
export interface CallHandler {
  /** at once, before anything is sent */
  onStart(running: RunningCall): void;
  onHead(statusCode: number, headers: string[]): void;
  /** false: no more, until `resume` */
  onData(chunk: Buffer): boolean;
  onComplete(): void;
  onError(error: Error): void;
}

export interface RunningCall {
  /** all of it was written, and the server may have taken it in: sent once more, it may be done twice */
  readonly wasSent: boolean;
  /** ends it, and its connection; `onError` gets the error */
  abort(error: Error): void;
  resume(): void;
}

/** A call on its way through the pool: waiting, then on a connection, then done. */
export class PooledCall implements RunningCall {
  /** as it goes out, made before it waits */
  head = '';
  connection: { readonly wasSent: boolean; resume(): void; destroy(error: Error): void } | null = null;
  isOver = false;

  constructor(
    readonly request: CallRequest,
    readonly handler: CallHandler,
    private readonly onAbandoned: (call: PooledCall) => void,
  ) {}

  /** Asked only before there is an answer: afterwards the connection speaks of another call. */
  get wasSent(): boolean {
    return this.connection !== null && this.connection.wasSent;
  }

  abort(error: Error): void {
    if (this.isOver) return;
    if (this.connection === null) {
      this.onAbandoned(this);
      this.fail(error);
    } else this.connection.destroy(error);
  }

  /** Once it is over its connection carries another call, which is paused for reasons of its own. */
  resume(): void {
    if (!this.isOver) this.connection?.resume();
  }

  complete(): void {
    this.isOver = true;
    try {
      this.handler.onComplete();
    } catch (error) {
      this.tell(asError(error));
    }
  }

  fail(error: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    this.tell(error);
  }

  /**
   * What `onError` throws has nobody who could be told; it must not end the other calls of the socket, or the process.
   */
  private tell(error: Error): void {
    try {
      this.handler.onError(error);
    } catch (thrown) {
      const { message, stack = message } = asError(thrown);
      process.emitWarning(`the handler of an upstream call failed: ${message}`, { detail: stack });
    }
  }
}

export const asError = (error: unknown): Error =>
  isNativeError(error) ? error : new Error('failed', { cause: error });
