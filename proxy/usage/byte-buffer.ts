/**
 * Bytes that grow at the end, outside the garbage-collected heap: what waits for its batch there costs no scavenge.
 * (As strings, every collection copied what had come in since the last batch.)
 */
const INITIAL_BYTES = 64 * 1024;
/** Memory that a burst needed is given back when it is over. */
const KEPT_BYTES_MAX = 8 * 1024 * 1024;

export class ByteBuffer {
  length = 0;
  private bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);

  text(text: string): void {
    this.reserve(text.length * 3); // the most that UTF-8 takes for a UTF-16 unit
    this.length += this.bytes.write(text, this.length);
  }

  bytesOf(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  int32(value: number): void {
    this.reserve(4);
    this.length = this.bytes.writeInt32BE(value, this.length);
  }

  /** a view, valid until the next change */
  view(from: number, to: number): Buffer {
    return this.bytes.subarray(from, to);
  }

  clear(): void {
    this.length = 0;
    if (this.bytes.length > KEPT_BYTES_MAX) this.bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  }

  private reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}
