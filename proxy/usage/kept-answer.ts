/**
 * What is kept of an answer while it passes: all of it for the cache, its first bytes for the log, held once for both.
 * What the cache gets is bounded, each answer alone and all together (`CopyRoom`); at a bound that is given up, and
 * counted, and the client's answer goes on.
 */
import type { CopyRoom } from '../cache/copy-room.js';
import type { LookedUp, UpstreamCall } from '../exchange.js';
import { ByteParts } from './byte-parts.js';
import { SimilarParts } from './similar-parts.js';

export class KeptAnswer {
  private readonly held: ByteParts | SimilarParts;
  private bytes = 0;

  /**
   * `loggedBytesMax`: what a log has of it at most; null: nothing. `room`: where the cache's bytes are counted; null:
   * it gets none. Whoever has a room calls `release` in the end.
   */
  constructor(
    private readonly loggedBytesMax: number | null,
    private room: CopyRoom | null,
    { isEventStream }: { readonly isEventStream: boolean },
  ) {
    this.held = isEventStream ? new SimilarParts() : new ByteParts();
  }

  push(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    if (this.room !== null && this.hasRoom(this.room, chunk.length)) {
      this.room.heldBytes += chunk.length;
      this.held.push(chunk);
      return;
    }
    const left = (this.loggedBytesMax ?? 0) - this.held.bytes;
    if (left > 0) this.held.push(chunk.length > left ? chunk.subarray(0, left) : chunk);
  }

  /** whether the cache gets it */
  get isCopied(): boolean {
    return this.room !== null;
  }

  /**
   * For the cache: everything that was pushed, perhaps as a view: whoever keeps it copies it. Null: it gets nothing, or
   * that was given up.
   */
  copied(): Buffer | null {
    return this.room === null ? null : this.held.joined();
  }

  /** For the log; null: it gets nothing. */
  logged(): Uint8Array | null {
    if (this.loggedBytesMax === null) return null;
    return this.held.bytes > this.loggedBytesMax ? this.held.first(this.loggedBytesMax) : this.held.joined();
  }

  /** Whether there was more than a log has of it. */
  get isLogTruncated(): boolean {
    return this.loggedBytesMax !== null && this.bytes > this.loggedBytesMax;
  }

  /** The cache needs it no more. */
  release(): void {
    if (this.room === null) return;
    this.room.heldBytes -= this.held.bytes;
    this.room = null;
    const { held, loggedBytesMax } = this;
    if (held.bytes <= (loggedBytesMax ?? 0)) return;
    const first = held.first(loggedBytesMax ?? 0);
    held.clear();
    held.push(first);
  }

  private hasRoom(room: CopyRoom, bytes: number): boolean {
    const isTooLarge = this.bytes > room.answerBytesMax;
    if (!isTooLarge && room.heldBytes + bytes <= room.bytesMax) return true;
    room.counts[isTooLarge ? 'tooLarge' : 'noRoom'] += 1;
    this.release();
    return false;
  }
}

/** Null: neither the log nor the cache wants any of the answer. */
export function keptOf(
  call: UpstreamCall,
  cache: LookedUp | null,
  room: CopyRoom,
  { statusCode, isEventStream }: { readonly statusCode: number; readonly isEventStream: boolean },
): KeptAnswer | null {
  const loggedBytesMax = call.isLog && call.collectsPayload ? call.logBodyBytesMax : null;
  const isCopied = cache !== null && cache.hit === null && cache.ttlSeconds > 0 && statusCode === 200;
  return loggedBytesMax === null && !isCopied
    ? null
    : new KeptAnswer(loggedBytesMax, isCopied ? room : null, { isEventStream });
}
