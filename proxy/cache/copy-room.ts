/**
 * The room for answers that stand in memory whole as long as they pass to their clients: copies that others may get,
 * for each of them and for all together, and large cached ones on their way out, which no client has in common with
 * another.
 */
import { CACHED_ANSWER_BYTES_MAX } from '../../schema/contracts/cached-answers.js';
import type { ClientResponse } from '../client/client-exchange.js';

const COPIES_BYTES_MAX = 256 * 1024 * 1024;

export class CopyRoom {
  /** bytes of copies that are being made, or sent */
  heldBytes = 0;
  readonly counts = { tooLarge: 0, noRoom: 0 };

  constructor(
    readonly answerBytesMax: number = CACHED_ANSWER_BYTES_MAX,
    readonly bytesMax: number = COPIES_BYTES_MAX,
  ) {}

  /** Takes room until the answer has gone out, or its client has left; false: there is none. */
  holdFor(response: ClientResponse, bytes: number): boolean {
    if (response.closed) return true; // nobody is answered
    if (this.heldBytes + bytes > this.bytesMax) {
      this.counts.noRoom += 1;
      return false;
    }
    this.heldBytes += bytes;
    response.once('close', () => (this.heldBytes -= bytes));
    return true;
  }
}
