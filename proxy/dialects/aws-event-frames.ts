/**
 * AWS event streams (`application/vnd.amazon.eventstream`, Amazon Transcribe Developer Guide, "Event stream encoding"):
 * binary frames of a prelude (two lengths and their CRC-32), headers, a payload, and the CRC-32 of it all. Frames are
 * handed over whole, whatever the chunks; at most one is held. Never throws: what is no frame ends the reading.
 */
import { crc32 } from 'node:zlib';
import { EVENT_BYTES_MAX } from './sse-events.js';

const PRELUDE_BYTES = 12;
const CRC_BYTES = 4;
const FRAME_BYTES_MIN = PRELUDE_BYTES + CRC_BYTES;
/** What AWS allows: 16 MiB of payload, 128 KiB of headers. A length beyond it is no length. */
const FRAME_BYTES_LIMIT = 24 * 1024 * 1024;

export interface AwsFrame {
  /** the header `:event-type`; in exceptions `:exception-type` */
  readonly type: string | null;
  readonly isException: boolean;
  readonly payload: Buffer;
}

export class AwsEventFrames {
  /** a frame was larger than an event may be, and was skipped */
  isOverflowed = false;
  /** a frame was not what its checksums say, or there was none */
  isDamaged = false;
  private held: Buffer = Buffer.alloc(0);
  private heldBytes = 0;
  /** bytes of a skipped frame that are still to come */
  private skipped = 0;
  /** nothing can be trusted any more: there is no telling where the next frame begins */
  private isLost = false;

  /** `onFrame` gets each sound frame; its payload is valid during the call. */
  constructor(private readonly onFrame: (frame: AwsFrame) => void) {}

  push(bytes: Uint8Array): void {
    let rest = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    while (rest.length > 0 && !this.isLost) {
      if (this.skipped > 0) {
        const passed = Math.min(this.skipped, rest.length);
        this.skipped -= passed;
        rest = rest.subarray(passed);
      } else rest = this.heldBytes === 0 ? this.takeFrom(rest) : this.fill(rest);
    }
  }

  /** To be called once, at the end: whether the stream ended between two frames. */
  isWhole(): boolean {
    return this.heldBytes === 0 && this.skipped === 0 && !this.isLost;
  }

  /** Reads the frame that the chunk begins with where it lies, or holds its beginning. */
  private takeFrom(chunk: Buffer): Buffer {
    const length = chunk.length < PRELUDE_BYTES ? null : this.lengthOf(chunk);
    if (this.isLost) return chunk;
    if (length !== null && length > EVENT_BYTES_MAX) return this.skip(length, chunk);
    if (length !== null && chunk.length >= length) {
      this.read(chunk.subarray(0, length));
      return chunk.subarray(length);
    }
    this.held = Buffer.allocUnsafe(length ?? PRELUDE_BYTES);
    return this.fill(chunk);
  }

  /** Adds to the frame that is held, up to its end. */
  private fill(chunk: Buffer): Buffer {
    const taken = chunk.copy(this.held, this.heldBytes);
    this.heldBytes += taken;
    const rest = chunk.subarray(taken);
    if (this.heldBytes < this.held.length) return rest;
    const whole = this.held;
    this.heldBytes = 0;
    if (whole.length > PRELUDE_BYTES) {
      this.read(whole);
      return rest;
    }
    const length = this.lengthOf(whole);
    if (length === null) return rest;
    if (length > EVENT_BYTES_MAX) {
      this.skip(length, whole);
      return rest;
    }
    this.held = Buffer.allocUnsafe(length);
    this.heldBytes = whole.copy(this.held);
    return rest;
  }

  private skip(length: number, chunk: Buffer): Buffer {
    this.isOverflowed = true;
    const passed = Math.min(length, chunk.length);
    this.skipped = length - passed;
    return chunk.subarray(passed);
  }

  /** The frame's length, told by a sound prelude; null: it is none, and the reading ends. */
  private lengthOf(prelude: Buffer): number | null {
    const length = prelude.readUInt32BE(0);
    const headerBytes = prelude.readUInt32BE(4);
    const isSound =
      length >= FRAME_BYTES_MIN &&
      length <= FRAME_BYTES_LIMIT &&
      headerBytes <= length - FRAME_BYTES_MIN &&
      prelude.readUInt32BE(8) === crc32(prelude.subarray(0, 8));
    if (isSound) return length;
    this.isLost = true;
    this.isDamaged = true;
    return null;
  }

  private read(frame: Buffer): void {
    const end = frame.length - CRC_BYTES;
    const headersEnd = PRELUDE_BYTES + frame.readUInt32BE(4);
    const headers = frame.readUInt32BE(end) === crc32(frame.subarray(0, end)) ? textHeaders(frame, headersEnd) : null;
    if (headers === null) {
      this.isDamaged = true; // its length was sound: the next frame is found all the same
      return;
    }
    const messageType = headers.get(':message-type') ?? 'event';
    const type = headers.get(':event-type') ?? headers.get(':exception-type') ?? null;
    this.onFrame({ type, isException: messageType !== 'event', payload: frame.subarray(headersEnd, end) });
  }
}

/** Bytes of a header's value by its type; strings and byte arrays tell their own. */
const VALUE_BYTES: readonly (number | null)[] = [0, 0, 1, 2, 4, 8, null, null, 8, 16];
const STRING = 7;

/** A frame's headers that are text; null when they do not fill their place exactly. */
function textHeaders(frame: Buffer, end: number): ReadonlyMap<string, string> | null {
  const headers = new Map<string, string>();
  let at = PRELUDE_BYTES;
  while (at < end) {
    const nameEnd = at + 1 + frame.readUInt8(at);
    if (nameEnd + 1 > end) return null;
    const type = frame.readUInt8(nameEnd);
    let valueAt = nameEnd + 1;
    let bytes = VALUE_BYTES[type];
    if (bytes === undefined) return null;
    if (bytes === null) {
      if (valueAt + 2 > end) return null;
      bytes = frame.readUInt16BE(valueAt);
      valueAt += 2;
    }
    if (valueAt + bytes > end) return null;
    const value = valueAt + bytes;
    if (type === STRING) headers.set(frame.toString('utf8', at + 1, nameEnd), frame.toString('utf8', valueAt, value));
    at = value;
  }
  return headers;
}
