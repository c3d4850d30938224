/**
 * Splits a server-sent event stream (WHATWG HTML §9.2) into its events, whatever the chunks: LF, CRLF and CR, cut
 * anywhere. Events are handed over as raw bytes with their blank line, so that a filter can pass them on unchanged.
 */
const LF = 10;
const CR = 13;
/** An event above this is not held: its bytes go to `oversize`, and its usage is lost. */
export const EVENT_BYTES_MAX = 1_048_576;
const FIRST_BYTES = 4_096;

export interface SseSink {
  /** one whole event, its blank line included; a view into the chunk, or bytes of its own */
  event(raw: Buffer): void;
  /** bytes of an event that is too large, in order */
  oversize(bytes: Buffer): void;
}

export class SseEvents {
  private held: Buffer = EMPTY;
  private heldBytes = 0;
  private isOversize = false;
  private isLineEmpty = true;
  private endedWithCr = false;

  constructor(private readonly sink: SseSink) {}

  push(bytes: Uint8Array): void {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = this.takeOwnLf(chunk) ? 1 : 0;
    let start = at === 1 && this.isBetweenEvents() ? 1 : 0;
    if (start === 1) this.sink.event(chunk.subarray(0, 1));
    let lf = chunk.indexOf(LF);
    let cr = chunk.indexOf(CR);
    while (at < chunk.length) {
      if (lf !== -1 && lf < at) lf = chunk.indexOf(LF, at);
      if (cr !== -1 && cr < at) cr = chunk.indexOf(CR, at);
      const end = lf === -1 ? cr : cr === -1 ? lf : Math.min(lf, cr);
      if (end === -1) break;
      const isBlank = end === at && this.isLineEmpty;
      at = end + 1;
      if (end === cr) {
        if (at === chunk.length) this.endedWithCr = true;
        else if (chunk[at] === LF) at += 1;
      }
      this.isLineEmpty = true;
      if (!isBlank) continue;
      this.complete(chunk.subarray(start, at));
      start = at;
    }
    if (at < chunk.length) this.isLineEmpty = false;
    if (start < chunk.length) this.hold(chunk.subarray(start));
  }

  /** Hands over what has no blank line behind it: some servers end their last event without one. */
  finish(): void {
    if (this.heldBytes > 0) this.sink.event(this.held.subarray(0, this.heldBytes));
    this.heldBytes = 0;
    this.held = EMPTY;
  }

  /** Whether the chunk begins with the second half of a CRLF, which belongs to the line that has ended. */
  private takeOwnLf(chunk: Buffer): boolean {
    const isOwn = this.endedWithCr && chunk[0] === LF;
    if (chunk.length > 0) this.endedWithCr = false;
    return isOwn;
  }

  private isBetweenEvents(): boolean {
    return this.heldBytes === 0 && !this.isOversize;
  }

  private complete(tail: Buffer): void {
    if (this.isBetweenEvents() && tail.length <= EVENT_BYTES_MAX) {
      this.sink.event(tail);
      return;
    }
    this.hold(tail);
    const whole = this.held.subarray(0, this.heldBytes);
    this.heldBytes = 0;
    this.held = EMPTY; // never reused: a filter may still be writing it
    if (!this.isOversize) this.sink.event(whole);
    this.isOversize = false;
  }

  private hold(bytes: Buffer): void {
    const needed = this.heldBytes + bytes.length;
    if (this.isOversize || needed > EVENT_BYTES_MAX) {
      if (this.heldBytes > 0) this.sink.oversize(this.held.subarray(0, this.heldBytes));
      this.heldBytes = 0;
      this.held = EMPTY;
      this.isOversize = true;
      this.sink.oversize(bytes);
      return;
    }
    if (needed > this.held.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.held.length * 2, FIRST_BYTES));
      this.held.copy(larger, 0, 0, this.heldBytes);
      this.held = larger;
    }
    bytes.copy(this.held, this.heldBytes);
    this.heldBytes = needed;
  }
}
const EMPTY = Buffer.alloc(0);

const DATA = Buffer.from('data:');
const BOM = [0xef, 0xbb, 0xbf] as const;
const SPACE = 32;

/** The text of an event's `data:` lines, joined by LF as the standard says; null when it has none. */
export function sseData(raw: Buffer): string | null {
  const hasCr = raw.includes(CR);
  let text: string | null = null;
  let at = raw[0] === BOM[0] && raw[1] === BOM[1] && raw[2] === BOM[2] ? BOM.length : 0;
  while (at < raw.length) {
    const lf = raw.indexOf(LF, at);
    let end = lf === -1 ? raw.length : lf;
    if (hasCr) end = lineEnd(raw, at, end);
    if (startsWithData(raw, at, end)) {
      const from = at + DATA.length;
      const line = raw.toString('utf8', raw[from] === SPACE ? from + 1 : from, end);
      text = text === null ? line : `${text}\n${line}`;
    }
    at = end + 1;
  }
  return text;
}

function lineEnd(raw: Buffer, at: number, lf: number): number {
  const cr = raw.subarray(at, lf).indexOf(CR);
  return cr === -1 ? lf : at + cr;
}

function startsWithData(raw: Buffer, at: number, end: number): boolean {
  if (end - at < DATA.length) return false;
  for (let i = 0; i < DATA.length; i++) if (raw[at + i] !== DATA[i]) return false;
  return true;
}
