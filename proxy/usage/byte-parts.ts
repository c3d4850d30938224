/**
 * Bytes that arrive in parts and are wanted later, in order. A provider decides how small its parts are: a view costs a
 * hundred bytes of memory however short it is, and keeps all that it is a view into, so beyond a few parts short ones
 * are copied together. That costs no object a part: of thousands of streams, each would live until its stream ends.
 */
const FEW = 4;
const SHORT_BYTES = 1_024;
/** A block is twice the one before it, up to the last of these. */
const FIRST_BLOCK_BYTES = 1_024;
const BLOCK_BYTES_MAX = 16_384;

export class ByteParts {
  bytes = 0;
  private readonly views: Uint8Array[] = [];
  private block: Buffer | null = null;
  /** what of the block is the last part; nothing: that one is a view */
  private blockStart = 0;
  private blockEnd = 0;
  /** the last view is shorter than the part that it stands for */
  private isStale = false;

  /** Views into what was pushed; its memory must not be written to as long as they are used. The last one may grow. */
  get parts(): readonly Uint8Array[] {
    if (this.isStale && this.block !== null) {
      this.views[this.views.length - 1] = this.block.subarray(this.blockStart, this.blockEnd);
    }
    this.isStale = false;
    return this.views;
  }

  push(part: Uint8Array): void {
    this.bytes += part.byteLength;
    if (this.views.length >= FEW && part.byteLength < SHORT_BYTES) return this.copy(part);
    void this.parts; // the last one is whole now
    this.views.push(part);
    this.blockStart = this.blockEnd;
    return undefined;
  }

  /**
   * All of them in one, which is held in their place from now on; when there is but one, that itself, and no view of
   * it.
   */
  joined(): Buffer {
    const { parts } = this;
    const only = parts.length === 1 ? parts[0] : undefined;
    if (only !== undefined) {
      return Buffer.isBuffer(only) ? only : Buffer.from(only.buffer, only.byteOffset, only.byteLength);
    }
    const whole = Buffer.concat(parts);
    this.clear();
    this.push(whole);
    return whole;
  }

  /** A copy of the first bytes. */
  first(bytes: number): Buffer {
    const copy = Buffer.alloc(Math.min(bytes, this.bytes));
    let copied = 0;
    for (const part of this.parts) {
      if (copied === copy.length) break;
      const taken = part.subarray(0, copy.length - copied);
      copy.set(taken, copied);
      copied += taken.length;
    }
    return copy;
  }

  /** Lets go of the first ones, and tells how many bytes they were. The last one stays: it may still grow. */
  dropFirst(count: number): number {
    void this.parts; // counted as they are
    let dropped = 0;
    for (const part of this.views.splice(0, Math.min(count, this.views.length - 1))) dropped += part.byteLength;
    this.bytes -= dropped;
    return dropped;
  }

  clear(): void {
    this.views.length = 0;
    this.bytes = 0;
    this.block = null;
    this.isStale = false;
  }

  /** The last part grows in its block, as long as nothing long came after it. */
  private copy(part: Uint8Array): void {
    const block = this.blockFor(part.byteLength);
    block.set(part, this.blockEnd);
    if (this.blockEnd === this.blockStart) this.views.push(EMPTY);
    this.blockEnd += part.byteLength;
    this.isStale = true;
  }

  private blockFor(bytes: number): Buffer {
    const { block } = this;
    if (block !== null && this.blockEnd + bytes <= block.length) return block;
    void this.parts;
    this.blockStart = this.blockEnd = 0;
    const blockBytes = block === null ? FIRST_BLOCK_BYTES : Math.min(block.length * 2, BLOCK_BYTES_MAX);
    return (this.block = Buffer.allocUnsafeSlow(blockBytes));
  }
}

const EMPTY = new Uint8Array(0);
