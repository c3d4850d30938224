/**
 * A set of cache keys that answers "perhaps" or "no", in one mebibyte: a Bloom filter
 * (https://doi.org/10.1145/362686.362692) in which a key has all its bits in one line of the processor's cache. It goes
 * by the tail of a key's hash: 16 hexadecimal digits, which are hash enough, and which nobody can choose.
 */
import { MEMBER_TAIL_LENGTH } from '../../schema/contracts/cache-log.js';

const WORDS = 2 ** 18;
/** Of 256 bits. */
const BLOCK_WORDS = 8;
const BLOCKS = WORDS / BLOCK_WORDS;
const HALF = MEMBER_TAIL_LENGTH / 2;

export class KeyFilter {
  /** Twelve bits for each: of those that were never added, one in a hundred is "perhaps". */
  static readonly KEYS_MAX = 700_000;

  private readonly words = new Uint32Array(WORDS);
  private added = 0;

  get isFull(): boolean {
    return this.added >= KeyFilter.KEYS_MAX;
  }

  /** The key whose hash, or whose tail alone, stands in `text` in front of `end`. */
  add(text: string, end = text.length): void {
    this.added += 1;
    const block = (half(text, end - HALF) & (BLOCKS - 1)) * BLOCK_WORDS;
    for (let bits = half(text, end), left = 4; left > 0; left--, bits >>>= 8) {
      const at = block + ((bits >>> 5) & (BLOCK_WORDS - 1));
      this.words[at] = (this.words[at] ?? 0) | (1 << (bits & 31));
    }
  }

  /** False only if the key was never added. */
  mayHave(keyHash: string): boolean {
    const block = (half(keyHash, keyHash.length - HALF) & (BLOCKS - 1)) * BLOCK_WORDS;
    for (let bits = half(keyHash, keyHash.length), left = 4; left > 0; left--, bits >>>= 8) {
      const at = block + ((bits >>> 5) & (BLOCK_WORDS - 1));
      if (((this.words[at] ?? 0) & (1 << (bits & 31))) === 0) return false;
    }
    return true;
  }
}

/** The number that eight hexadecimal digits are; of other characters, some number. */
function half(text: string, end: number): number {
  let number = 0;
  for (let at = end - HALF; at < end; at++) {
    const code = text.charCodeAt(at);
    number = (number << 4) ^ ((code & 15) + 9 * (code >> 6));
  }
  return number;
}
