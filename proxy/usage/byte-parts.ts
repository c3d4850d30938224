/**
 * Bytes that arrive in parts and are wanted later, in order. A provider decides how small its parts are: a view costs a
 * hundred bytes of memory however short it is, so beyond a few parts short ones are copied together.
 */
const FEW = 64;
const SHORT_BYTES = 1_024;
const BLOCK_BYTES = 16_384;

export class ByteParts {
  bytes = 0;
  /** views into what was pushed; its memory must not be written to as long as they are used */
  readonly parts: Uint8Array[] = [];
  private block: Buffer | null = null;
  private blockStart = 0;
  private blockEnd = 0;

  push(part: Uint8Array): void {
    this.bytes += part.byteLength;
    if (this.parts.length < FEW || part.byteLength >= SHORT_BYTES) {
      this.parts.push(part);
      this.blockStart = this.blockEnd;
    } else this.copy(part);
  }

  /** All of them in one; no copy when there is but one. */
  joined(): Buffer {
    const [only] = this.parts;
    if (this.parts.length !== 1 || only === undefined) return Buffer.concat(this.parts);
    return Buffer.from(only.buffer, only.byteOffset, only.byteLength);
  }

  /** Lets go of the first ones, and tells how many bytes they were. The last one stays: it may still grow. */
  dropFirst(count: number): number {
    let dropped = 0;
    for (const part of this.parts.splice(0, Math.min(count, this.parts.length - 1))) dropped += part.byteLength;
    this.bytes -= dropped;
    return dropped;
  }

  clear(): void {
    this.parts.length = 0;
    this.bytes = 0;
    this.block = null;
  }

  /** The last part grows in its block, as long as nothing long came after it. */
  private copy(part: Uint8Array): void {
    if (this.block === null || this.blockEnd + part.byteLength > this.block.length) {
      this.block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      this.blockStart = this.blockEnd = 0;
    }
    this.block.set(part, this.blockEnd);
    const isGrowing = this.blockEnd > this.blockStart;
    this.blockEnd += part.byteLength;
    const grown = this.block.subarray(this.blockStart, this.blockEnd);
    if (isGrowing) this.parts[this.parts.length - 1] = grown;
    else this.parts.push(grown);
  }
}
