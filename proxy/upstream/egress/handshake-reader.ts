/** Reads a proxy's part of a handshake, byte for byte, so that nothing of what follows it is lost or taken for it. */
import type { Socket } from 'node:net';
import { brokeProtocol } from './egress-refusal.js';

/** How long the bytes are that are waited for; null: they are not complete yet. Throws when they never will be. */
type Measure = (held: Buffer) => number | null;

export class HandshakeReader {
  private held: Buffer = Buffer.alloc(0);
  private notify: (error: Error | null) => void = () => undefined;
  private ended: Error | null = null;

  constructor(
    private readonly socket: Socket,
    private readonly signal: AbortSignal,
  ) {
    socket.on('data', this.onData).on('error', this.onEnd).on('close', this.onClose);
    signal.addEventListener('abort', this.onAbort);
  }

  write(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  exactly(length: number): Promise<Buffer> {
    return this.next((held) => (held.length >= length ? length : null));
  }

  /** Up to and including `end`; more than `bytesMax` without it breaks the protocol. */
  through(end: string, bytesMax: number): Promise<Buffer> {
    return this.next((held) => {
      const at = held.indexOf(end);
      if (at === -1 ? held.length > bytesMax : at + end.length > bytesMax) throw brokeProtocol();
      return at === -1 ? null : at + end.length;
    });
  }

  /** Leaves the socket to its next owner. In TLS the client speaks first: a byte that is already here is nobody's. */
  release(): void {
    this.socket.pause();
    this.socket.off('data', this.onData).off('error', this.onEnd).off('close', this.onClose);
    this.signal.removeEventListener('abort', this.onAbort);
    if (this.held.length > 0) throw brokeProtocol();
  }

  private next(measure: Measure): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.notify = (error) => {
        if (error !== null) return reject(error);
        try {
          const length = measure(this.held);
          if (length === null) return undefined;
          const taken = this.held.subarray(0, length);
          this.held = this.held.subarray(length);
          this.notify = () => undefined;
          resolve(taken);
        } catch (refusal) {
          reject(refusal instanceof Error ? refusal : brokeProtocol());
        }
        return undefined;
      };
      this.notify(this.ended ?? (this.signal.aborted ? abortError(this.signal) : null));
    });
  }

  private readonly onData = (chunk: Buffer): void => {
    this.held = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    this.notify(null);
  };

  private readonly onEnd = (error: Error): void => {
    this.ended ??= error;
    this.notify(this.ended);
  };

  private readonly onClose = (): void => this.onEnd(new Error('the connection was closed'));
  private readonly onAbort = (): void => this.onEnd(abortError(this.signal));
}

const abortError = (signal: AbortSignal): Error =>
  signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason });
