/**
 * Copies of answers for the cache while they pass to their clients. Their bytes are bounded, each alone and all together;
 * at a bound the copy is given up, and counted, and the client's answer goes on.
 */
import { CACHED_ANSWER_BYTES_MAX } from '../../schema/contracts/cached-answers.js';
import { ByteParts } from '../usage/byte-parts.js';

const COPIES_BYTES_MAX = 256 * 1024 * 1024;

export class CopyRoom {
  /** bytes of copies that are being made */
  heldBytes = 0;
  readonly counts = { tooLarge: 0, noRoom: 0 };

  constructor(
    readonly answerBytesMax: number = CACHED_ANSWER_BYTES_MAX,
    readonly bytesMax: number = COPIES_BYTES_MAX,
  ) {}
}

/** One copy. Whoever has it calls `release` once it is not needed any more. */
export class AnswerCopy {
  private parts: ByteParts | null = new ByteParts();

  constructor(private readonly room: CopyRoom) {}

  push(chunk: Uint8Array): void {
    const { parts, room } = this;
    if (parts === null) return;
    const isTooLarge = parts.bytes + chunk.length > room.answerBytesMax;
    if (isTooLarge || room.heldBytes + chunk.length > room.bytesMax) {
      room.counts[isTooLarge ? 'tooLarge' : 'noRoom'] += 1;
      this.release();
      return;
    }
    room.heldBytes += chunk.length;
    parts.push(chunk);
  }

  /** Everything that was pushed, perhaps as a view: whoever keeps it copies it. Null: it was given up. */
  whole(): Buffer | null {
    return this.parts === null ? null : this.parts.joined();
  }

  release(): void {
    if (this.parts === null) return;
    this.room.heldBytes -= this.parts.bytes;
    this.parts = null;
  }
}
