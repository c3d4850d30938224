/**
 * Parts of a stream that arrive one by one, are much like each other, and are wanted at its end: an event is the one
 * before it but for some strings. A short part is held as what differs from another one that is held whole, which takes
 * a fraction of its bytes; thousands of streams wait for their ends at a time. Where parts are not alike, they are held
 * as they are.
 *
 * The form, in blocks: a part is its kind, and then
 * - WHOLE: its length, its bytes. It is what those behind it are held against.
 * - LIKE: its length, and in turns how many bytes are those of the other part, how many follow that are not, and these.
 *   Behind them both go on at their next quote: what differs stands in strings.
 * - VIEW: nothing; it is the next of the views.
 * Lengths are numbers of 32 bits or fewer, seven bits a byte, the last ones first.
 */
const WHOLE = 0;
const LIKE = 1;
const VIEW = 2;
const QUOTE = 34;

/** A longer part is held as a view of what was pushed. */
const SHORT_BYTES = 4_096;
/** A block is twice the one before it, up to the last of these. */
const FIRST_BLOCK_BYTES = 512;
const BLOCK_BYTES_MAX = 16_384;
/** The most that a kind and a length take. */
const HEAD_BYTES = 6;
const LOW_BITS = 127;
const MORE = 128;

interface Block {
  readonly bytes: Buffer;
  end: number;
  next: Block | null;
}

/** Where something is read. */
interface Reading {
  readonly bytes: Buffer;
  at: number;
}

export class SimilarParts {
  /** of the parts, as they were pushed */
  bytes = 0;
  private firstBlock: Block | null = null;
  private lastBlock: Block | null = null;
  private readonly views: Buffer[] = [];
  /** what a part is held against; null: none is held whole yet */
  private other: Buffer | null = null;

  /** memory that this takes, long parts apart */
  get heldBytes(): number {
    let bytes = 0;
    for (let block = this.firstBlock; block !== null; block = block.next) bytes += block.bytes.length;
    return bytes;
  }

  /** A long part's memory must not be written to as long as this is used. */
  push(part: Uint8Array): void {
    this.bytes += part.length;
    if (part.length > SHORT_BYTES) return this.view(Buffer.from(part.buffer, part.byteOffset, part.byteLength));
    const block = this.blockFor(HEAD_BYTES + part.length);
    if (this.other !== null && writeLike(block, part, this.other)) return;
    writeHead(block, WHOLE, part.length);
    block.bytes.set(part, block.end);
    this.other = block.bytes.subarray(block.end, (block.end += part.length));
  }

  /** All of them in one, which is held in their place from now on; no copy when there is but one, and it is long. */
  joined(): Buffer {
    const [only] = this.views;
    if (only?.length === this.bytes) return only;
    const whole = this.first(this.bytes);
    this.clear();
    this.bytes = whole.length;
    this.view(whole);
    return whole;
  }

  /** A copy of the first bytes. */
  first(bytes: number): Buffer {
    const copy = Buffer.alloc(Math.min(bytes, this.bytes));
    let copied = 0;
    let viewed = 0;
    let other: Buffer = EMPTY;
    for (let block = this.firstBlock; block !== null; block = block.next) {
      const reading = { bytes: block.bytes, at: 0 };
      while (reading.at < block.end && copied < copy.length) {
        const kind = block.bytes[reading.at++];
        if (kind === VIEW) {
          const view = this.views[viewed++] ?? EMPTY;
          view.copy(copy, copied);
          copied += view.length;
          continue;
        }
        const length = readNumber(reading);
        if (kind === LIKE) copyLike(reading, other, copy, { from: copied, to: copied + length });
        else {
          other = block.bytes.subarray(reading.at, (reading.at += length));
          other.copy(copy, copied);
        }
        copied += length;
      }
    }
    return copy;
  }

  clear(): void {
    this.bytes = 0;
    this.firstBlock = this.lastBlock = null;
    this.views.length = 0;
    this.other = null;
  }

  private view(part: Buffer): void {
    const block = this.blockFor(HEAD_BYTES);
    block.bytes[block.end++] = VIEW;
    this.views.push(part);
  }

  private blockFor(bytes: number): Block {
    const last = this.lastBlock;
    if (last !== null && last.end + bytes <= last.bytes.length) return last;
    const usual = last === null ? FIRST_BLOCK_BYTES : Math.min(last.bytes.length * 2, BLOCK_BYTES_MAX);
    const block: Block = { bytes: Buffer.allocUnsafeSlow(Math.max(usual, bytes)), end: 0, next: null };
    if (last === null) this.firstBlock = block;
    else last.next = block;
    this.lastBlock = block;
    return block;
  }
}

const EMPTY = Buffer.alloc(0);

/** Writes the part as what differs from the other one. False: that would not be half of it, and nothing is written. */
function writeLike(block: Block, part: Uint8Array, other: Buffer): boolean {
  const { bytes, end: start } = block;
  const endMax = start + (part.length >> 1);
  writeHead(block, LIKE, part.length);
  let at = 0;
  let otherAt = 0;
  while (at < part.length) {
    const from = at;
    while (at < part.length && otherAt < other.length && part[at] === other[otherAt]) {
      at += 1;
      otherAt += 1;
    }
    const differs = at;
    otherAt = quoteIn(other, otherAt);
    at = otherAt === other.length ? part.length : quoteIn(part, at);
    if (block.end + at - differs + 2 * HEAD_BYTES > endMax) {
      block.end = start;
      return false;
    }
    writeNumber(block, differs - from);
    writeNumber(block, at - differs);
    for (let i = differs; i < at; i++) bytes[block.end++] = part[i] ?? 0;
  }
  return true;
}

/** Copies a part that is held as LIKE; what lies behind the end of `copy` is passed over. */
function copyLike(
  reading: Reading,
  other: Buffer,
  copy: Buffer,
  place: { readonly from: number; readonly to: number },
): void {
  let at = place.from;
  let otherAt = 0;
  while (at < place.to) {
    const same = readNumber(reading);
    other.copy(copy, at, otherAt, otherAt + same);
    at += same;
    const differing = readNumber(reading);
    reading.bytes.copy(copy, at, reading.at, reading.at + differing);
    at += differing;
    reading.at += differing;
    otherAt = quoteIn(other, otherAt + same);
  }
}

/** The place of the next quote from `at` on; the length: there is none. */
function quoteIn(bytes: Uint8Array, at: number): number {
  for (let i = at; i < bytes.length; i++) if (bytes[i] === QUOTE) return i;
  return bytes.length;
}

function writeHead(block: Block, kind: number, length: number): void {
  block.bytes[block.end++] = kind;
  writeNumber(block, length);
}

function writeNumber(block: Block, number: number): void {
  let rest = number;
  for (; rest > LOW_BITS; rest >>>= 7) block.bytes[block.end++] = (rest & LOW_BITS) | MORE;
  block.bytes[block.end++] = rest;
}

function readNumber(reading: Reading): number {
  let number = 0;
  for (let bits = 0; ; bits += 7) {
    const byte = reading.bytes[reading.at++] ?? 0;
    number |= (byte & LOW_BITS) << bits;
    if (byte < MORE) return number;
  }
}
