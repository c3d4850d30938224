/** Splits a streamed JSON array into the bytes of its objects, whatever the chunks; holds at most one of them. */
import { ByteParts } from '../usage/byte-parts.js';
import { EVENT_BYTES_MAX } from './sse-events.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

export class JsonArrayElements {
  /** bytes of elements that were larger than an event may be, and were skipped */
  oversizeBytes = 0;
  private readonly held = new ByteParts();
  private bytes = 0;
  private depth = 0;
  private isInString = false;
  private isEscaped = false;

  /** `onElement` gets each object of the array, whole. */
  constructor(private readonly onElement: (element: Buffer) => void) {}

  push(bytes: Uint8Array): void {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let start = this.depth > 0 ? 0 : -1;
    for (let at = 0; at < chunk.length; at++) {
      const change = this.step(chunk[at] ?? 0);
      if (change === 1 && this.depth === 1) start = at;
      if (change !== -1 || this.depth !== 0 || start === -1) continue;
      this.hold(chunk.subarray(start, at + 1));
      if (this.bytes <= EVENT_BYTES_MAX) this.onElement(this.held.joined());
      this.held.clear();
      this.bytes = 0;
      start = -1;
    }
    if (start !== -1) this.hold(Buffer.from(chunk.subarray(start)));
  }

  /** Takes one byte into account; 1 when it opened an object, -1 when it closed one. Brackets need no counting. */
  private step(byte: number): -1 | 0 | 1 {
    if (this.isInString) {
      if (this.isEscaped) this.isEscaped = false;
      else if (byte === BACKSLASH) this.isEscaped = true;
      else if (byte === QUOTE) this.isInString = false;
      return 0;
    }
    if (byte === QUOTE) this.isInString = true;
    if (byte === 0x7b) {
      this.depth += 1;
      return 1;
    }
    if (byte !== 0x7d || this.depth === 0) return 0;
    this.depth -= 1;
    return -1;
  }

  private hold(bytes: Buffer): void {
    this.bytes += bytes.length;
    if (this.bytes > EVENT_BYTES_MAX) {
      this.oversizeBytes += this.held.bytes + bytes.length;
      this.held.clear();
    } else this.held.push(bytes);
  }
}
