/**
 * Bytes that grow at the end, outside the garbage-collected heap: what waits for its batch there costs no scavenge.
 * (As strings, every collection copied what had come in since the last batch.) Numbers are big-endian.
 */
const INITIAL_BYTES = 64 * 1024;
/** Memory that a burst needed is given back when it is over. */
const KEPT_BYTES_MAX = 8 * 1024 * 1024;
/** Up to here a loop over ASCII is quicker than the call into the runtime that encodes anything. */
const SHORT_TEXT_CHARACTERS = 128;
const TWO_TO_32 = 2 ** 32;

/** Value of a hexadecimal digit by its character code. */
const NIBBLES = Uint8Array.from({ length: 128 }, (_, code) => Number.parseInt(String.fromCharCode(code), 16) || 0);
const DASH = 45;
const ZERO = 48;
const DECIMAL_DIGITS_MAX = 10;

export class ByteBuffer {
  length = 0;
  private bytes: Buffer;
  private numbers: DataView;
  /** of `bytes`: a number of our own is read at once, a Buffer's length may change in principle, and is worked out */
  private room: number;

  constructor(private readonly initialBytes = INITIAL_BYTES) {
    this.bytes = Buffer.allocUnsafeSlow(initialBytes);
    this.numbers = viewOf(this.bytes);
    this.room = initialBytes;
  }

  /** of the memory that it has for now */
  get roomBytes(): number {
    return this.room;
  }

  /** As UTF-8. A lone surrogate becomes U+FFFD, and so does NUL. */
  text(text: string): void {
    this.reserve(text.length * 3); // the most that UTF-8 takes for a UTF-16 unit
    if (text.length <= SHORT_TEXT_CHARACTERS && this.codes(text, 1)) return;
    const clean = text.includes('\u0000') ? text.replaceAll('\u0000', '\ufffd') : text;
    this.length += this.bytes.write(clean, this.length);
  }

  /** One byte for each character. False, and nothing is written: it has others than ASCII. */
  ascii(text: string): boolean {
    this.reserve(text.length);
    if (text.length <= SHORT_TEXT_CHARACTERS) return this.codes(text, 0);
    if (Buffer.byteLength(text) !== text.length) return false;
    this.length += this.bytes.write(text, this.length, 'latin1');
    return true;
  }

  /** a whole number of at most 31 bits, not negative, in decimal digits */
  decimal(value: number): void {
    this.reserve(DECIMAL_DIGITS_MAX);
    const { bytes } = this;
    let end = this.length + 1;
    for (let rest = value; rest > 9; rest = (rest / 10) | 0) end += 1;
    this.length = end;
    for (let rest = value; ; rest = (rest / 10) | 0) {
      bytes[--end] = ZERO + (rest % 10);
      if (rest <= 9) return;
    }
  }

  bytesOf(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** what stands in `from` between two places */
  copyOf(from: ByteBuffer, start: number, end: number): void {
    this.reserve(end - start);
    this.length += from.bytes.copy(this.bytes, this.length, start, end);
  }

  /** bytes in hexadecimal digits, two each; dashes are passed over */
  hex(digits: string): void {
    this.reserve(digits.length);
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < digits.length; i += 2) {
      if (digits.charCodeAt(i) === DASH) i += 1;
      bytes[at++] = nibble(digits.charCodeAt(i)) * 16 + nibble(digits.charCodeAt(i + 1));
    }
    this.length = at;
  }

  int8(value: number): void {
    this.reserve(1);
    this.numbers.setInt8(this.length, value);
    this.length += 1;
  }

  int16(value: number): void {
    this.reserve(2);
    this.numbers.setInt16(this.length, value);
    this.length += 2;
  }

  int32(value: number): void {
    this.reserve(4);
    this.numbers.setInt32(this.length, value);
    this.length += 4;
  }

  /** two numbers of 32 bits */
  int32s(first: number, second: number): void {
    this.reserve(8);
    this.numbers.setInt32(this.length, first);
    this.numbers.setInt32(this.length + 4, second);
    this.length += 8;
  }

  /** leaves room, to be written over */
  skip(count: number): void {
    this.reserve(count);
    this.length += count;
  }

  /** over what stands at `at` already */
  int32At(at: number, value: number): void {
    this.numbers.setInt32(at, value);
  }

  /** a safe integer */
  int64(value: number): void {
    this.reserve(8);
    this.int64At(this.length, value);
    this.length += 8;
  }

  /** a safe integer, over what stands at `at` already */
  int64At(at: number, value: number): void {
    this.numbers.setInt32(at, Math.floor(value / TWO_TO_32));
    this.numbers.setUint32(at + 4, value >>> 0);
  }

  bigInt64(value: bigint): void {
    this.reserve(8);
    this.numbers.setBigInt64(this.length, value);
    this.length += 8;
  }

  /** a view, valid until the next change */
  view(from: number, to: number): Buffer {
    return this.bytes.subarray(from, to);
  }

  /** what stands between two places, for good */
  copied(from: number, to: number): Buffer {
    const copy = Buffer.allocUnsafe(to - from);
    this.bytes.copy(copy, 0, from, to);
    return copy;
  }

  /** Takes away what stands between two places; what is behind moves up. */
  cut(from: number, to: number): void {
    this.bytes.copyWithin(from, to, this.length);
    this.length -= to - from;
  }

  clear(): void {
    this.length = 0;
    if (this.room > KEPT_BYTES_MAX) this.hold(Buffer.allocUnsafeSlow(this.initialBytes));
  }

  /** Writes `text` if all of it is ASCII, from `least` on; else says false, and nothing counts as written. */
  private codes(text: string, least: 0 | 1): boolean {
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code < least || code > 127) return false;
      bytes[at++] = code;
    }
    this.length = at;
    return true;
  }

  private reserve(count: number): void {
    if (this.length + count > this.room) this.grow(this.length + count);
  }

  private grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.room * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.hold(grown);
  }

  private hold(bytes: Buffer): void {
    this.bytes = bytes;
    this.numbers = viewOf(bytes);
    this.room = bytes.length;
  }
}

const nibble = (code: number): number => NIBBLES[code] ?? 0;

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
