/**
 * undici's callbacks (its native form: the newer one wraps this and parses headers into an object) as a call's events.
 */
import type { Dispatcher } from 'undici';
import type { CallHandler, RunningCall } from './http1/http-call.js';

export class UndiciHandler implements Dispatcher.DispatchHandler, RunningCall {
  private abortCall: ((error: Error) => void) | null = null;
  private resumeSocket: (() => void) | null = null;
  wasSent = false;
  /** it was given up before it had a connection */
  private abandonedBy: Error | null = null;

  constructor(private readonly handler: CallHandler) {
    handler.onStart(this);
  }

  onConnect(abort: (error?: Error) => void): void {
    this.abortCall = abort;
    if (this.abandonedBy !== null) abort(this.abandonedBy);
  }

  /** When undici has handed all of the request to the socket: of its connections nothing more can be known. */
  onRequestSent(): void {
    this.wasSent = true;
  }

  onHeaders(statusCode: number, rawHeaders: Buffer[], resume: () => void): boolean {
    if (statusCode < 200) return true; // 103 Early Hints and its like say nothing to an API client
    this.resumeSocket = resume;
    this.handler.onHead(
      statusCode,
      rawHeaders.map((part) => part.toString('latin1')),
    );
    return true;
  }

  onData(chunk: Buffer): boolean {
    return this.handler.onData(chunk);
  }

  onComplete(): void {
    this.resumeSocket = null; // what is read on that socket from here on is another call's
    this.handler.onComplete();
  }

  onError(error: Error): void {
    this.resumeSocket = null;
    this.handler.onError(error);
  }

  abort(error: Error): void {
    if (this.abortCall === null) this.abandonedBy = error;
    else this.abortCall(error);
  }

  resume(): void {
    this.resumeSocket?.();
  }
}
