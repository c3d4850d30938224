/**
 * Takes the usage-only event out of a chat stream for a client that did not ask for it; every other byte passes
 * unchanged and in order, each event as soon as it is whole.
 */
import { isJsonObject } from './json-value.js';
import { SseEvents, sseData } from './sse-events.js';

const CR = 13;
const LF = 10;

export class UsageChunkFilter {
  private readonly events = new SseEvents({ event: (raw) => this.pass(raw), oversize: (bytes) => this.emit(bytes) });
  /** what the push that is under way lets through; of thousands of streams, none holds its last bytes beyond it */
  private out: Buffer[] = NOTHING;
  /** whether the event before was removed, and whether it ended in a CR whose LF may still come */
  private wasRemoved = false;
  private endedWithCr = false;

  /** The bytes to forward now: views into the chunk wherever possible. At most one unfinished event is held back. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    const out: Buffer[] = (this.out = []);
    this.events.push(chunk);
    this.out = NOTHING;
    return out;
  }

  /** What was held back when the stream ends, or is cut. */
  finish(): readonly Uint8Array[] {
    const out: Buffer[] = (this.out = []);
    this.events.finish();
    this.out = NOTHING;
    return out;
  }

  private pass(raw: Buffer): void {
    const isOwnLf = this.endedWithCr && raw.length === 1 && raw[0] === LF;
    if (!isOwnLf) this.wasRemoved = isUsageOnly(raw);
    this.endedWithCr = raw.at(-1) === CR;
    if (!this.wasRemoved) this.emit(raw);
  }

  /** Bytes that follow each other in memory become one write. */
  private emit(raw: Buffer): void {
    const last = this.out.at(-1);
    if (last !== undefined && last.buffer === raw.buffer && last.byteOffset + last.length === raw.byteOffset) {
      this.out[this.out.length - 1] = Buffer.from(raw.buffer, last.byteOffset, last.length + raw.length);
    } else this.out.push(raw);
  }
}

const NOTHING: Buffer[] = [];

const DELTA = Buffer.from('"delta"');
const USAGE = Buffer.from('"usage"');

/** A chunk with choices always holds a delta: one search spares nearly every event its parsing. */
function isUsageOnly(raw: Buffer): boolean {
  if (raw.includes(DELTA) || !raw.includes(USAGE)) return false;
  const data = sseData(raw);
  if (data === null) return false;
  try {
    const chunk: unknown = JSON.parse(data);
    if (!isJsonObject(chunk) || !isJsonObject(chunk['usage'])) return false;
    return Array.isArray(chunk['choices']) && chunk['choices'].length === 0;
  } catch {
    return false; // not JSON: not ours to remove
  }
}
