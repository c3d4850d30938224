/** The room for copies of answers that others may get, while they pass to their clients: for each of them, and for all together. */
import { CACHED_ANSWER_BYTES_MAX } from '../../schema/contracts/cached-answers.js';

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
