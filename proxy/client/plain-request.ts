/** A plain request: its head is here, its body is held as it arrives. */
import type { Socket } from 'node:net';
import type { HeadReading } from '../head-reading.js';
import type { ClientRequest } from './client-exchange.js';
import type { PlainHead } from './plain-head.js';

/** Hears how a body goes on arriving. */
export interface BodyListener {
  onChunk(bytes: number): void;
  /** all of it is there */
  onWhole(): void;
  /** the client left before that */
  onLeft(): void;
}

/** What waits while nobody has asked for the body; beyond, the client is not read. */
const UNASKED_BYTES_MAX = 64 * 1024;
const NOTHING = Buffer.alloc(0);
/**
 * A body in several pieces is read into one buffer, with so many times the room of what has arrived: pieces that are
 * put together at the end are twice the memory outside of the heap, by which V8 decides to collect everything.
 */
const GROWTH = 4;

export class PlainRequest implements ClientRequest {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly reading: HeadReading | undefined;
  readonly bodyBytes: number;
  private bytesMissing: number;
  /** what has arrived of the body, in memory that is as large as that, or has room for more to come */
  private held: Buffer = NOTHING;
  private listener: BodyListener | null = null;
  private hasLeft = false;

  constructor(
    readonly socket: Socket,
    head: PlainHead,
  ) {
    this.method = head.method;
    this.url = head.url;
    this.rawHeaders = head.rawHeaders;
    this.reading = head.reading;
    this.bodyBytes = head.bodyBytes;
    this.bytesMissing = head.bodyBytes;
  }

  get httpVersionMajor(): number {
    return 1;
  }

  get httpVersionMinor(): number {
    return 1;
  }

  get arrivedBytes(): number {
    return this.bodyBytes - this.bytesMissing;
  }

  get complete(): boolean {
    return this.bytesMissing === 0;
  }

  /** Copies what is its own of the bytes that arrive, from `at` on, and gives the number. */
  receive(bytes: Buffer, at = 0): number {
    const own = Math.min(bytes.length - at, this.bytesMissing);
    if (own === 0) return 0;
    this.bytesMissing -= own;
    if (this.listener !== DEAF) this.keep(bytes, at, own);
    this.listener?.onChunk(own);
    if (this.bytesMissing === 0) this.listener?.onWhole();
    return own;
  }

  private keep(bytes: Buffer, at: number, own: number): void {
    const arrived = this.arrivedBytes;
    if (arrived > this.held.length) {
      const grown = Buffer.allocUnsafe(Math.min(this.bodyBytes, arrived * GROWTH));
      if (this.held.length > 0) this.held.copy(grown);
      this.held = grown;
    }
    bytes.copy(this.held, arrived - own, at, at + own);
  }

  /** Whether more of its body than need be waits for somebody to ask for it. */
  get isFull(): boolean {
    return this.listener === null && this.bytesMissing > 0 && this.arrivedBytes >= UNASKED_BYTES_MAX;
  }

  /** The client is gone. */
  leave(): void {
    if (this.hasLeft) return;
    this.hasLeft = true;
    if (this.bytesMissing > 0) this.listener?.onLeft();
  }

  /** Whether the client went before its body was whole. */
  get isCut(): boolean {
    return this.hasLeft && this.bytesMissing > 0;
  }

  /** The whole body; only when it is complete. */
  whole(): Buffer {
    return this.held;
  }

  /** Tells of a body that is not whole yet, until it is. */
  listen(listener: BodyListener): void {
    this.listener = listener;
    this.socket.resume();
  }

  /** Nobody wants the rest of the body: it is read past. */
  drop(): void {
    this.listener = DEAF;
    this.socket.resume();
  }

  /** Nobody waits for the body any more. */
  unlisten(): void {
    this.listener = DEAF;
  }
}

const DEAF: BodyListener = { onChunk: () => undefined, onWhole: () => undefined, onLeft: () => undefined };
