/**
 * Bodies that must be held whole, because a signature covers them. Each is bounded, and so are all of them together: an
 * instance whose signed uploads would fill its memory refuses the next one instead.
 */
import type { ClientResponse } from './client/client-exchange.js';
import { GatewayError } from './gateway-error.js';

const MEBIBYTE = 1024 * 1024;

export interface HeldBodyBounds {
  /** of one body: beyond it 413/9004 */
  readonly bodyBytesMax: number;
  /** of all bodies at a time: beyond it 503/9006 */
  readonly totalBytesMax: number;
}

export const HELD_BODY_BOUNDS: HeldBodyBounds = { bodyBytesMax: 32 * MEBIBYTE, totalBytesMax: 256 * MEBIBYTE };

/** One request's share: grows as its body arrives. */
export interface BodyHold {
  readonly bytesMax: number;
  /** Counts `bytes` more; an error when the instance has no room for them. */
  take(bytes: number): GatewayError | null;
}

export class HeldBodies {
  /** of requests that are still running */
  heldBytes = 0;
  /** requests refused because all the room was taken */
  refused = 0;

  constructor(private readonly bounds: HeldBodyBounds = HELD_BODY_BOUNDS) {}

  /** A hold that ends with its answer, however that ends. */
  holdFor(response: ClientResponse): BodyHold {
    let taken = 0;
    // Said once: bytes that still come afterwards, or an answer that has closed already, hold nothing.
    let isOver = response.closed;
    response.once('close', () => {
      isOver = true;
      this.heldBytes -= taken;
      taken = 0;
    });
    return {
      bytesMax: this.bounds.bodyBytesMax,
      take: (bytes) => {
        if (isOver) return null;
        if (this.heldBytes + bytes > this.bounds.totalBytesMax) {
          this.refused += 1;
          return new GatewayError('unavailable', 'too many large bodies are being signed', { retryAfterSeconds: 1 });
        }
        taken += bytes;
        this.heldBytes += bytes;
        return null;
      },
    };
  }
}
