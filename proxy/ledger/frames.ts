/**
 * What a spool's files are made of: frames, one after the other, from a file's first byte. A frame is
 *
 *     mark 4 | crc 4 | payload length 4 | kind 1 | version 1 | 0 2 | number 8 | request id 16 | payload
 *
 * in big-endian. The CRC-32 covers everything behind it. Its start and the mark come from the spool's id, which nobody
 * outside knows: no text that a client sends can look like a frame, whatever a broken disk leaves of those around it.
 * The start is another one for each segment, so that no frame passes in a file that it was not written to: a segment is
 * used again with all that stands in it (docs/decisions/0053).
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ByteBuffer } from '../byte-buffer.js';

export const FRAME_KINDS = {
  /** the record that a request has if the process ends now: a row of `usage_record_row_3`, its length in front */
  open: 1,
  /** a record, final and numbered: a row likewise */
  settled: 2,
  /** a request of which no record could be made; no payload */
  abandoned: 3,
} as const;
export type FrameKind = (typeof FRAME_KINDS)[keyof typeof FRAME_KINDS];

const FRAME_VERSION = 1;
export const FRAME_HEAD_BYTES = 40;
/** A frame that says it is longer is none. Records are bounded column by column, far below. */
export const FRAME_PAYLOAD_BYTES_MAX = 1024 * 1024;
const CRC_AT = 4;
const LENGTH_AT = 8;
const KIND_AT = 12;
const NUMBER_AT = 16;
const ID_AT = 24;

/** What tells frames from anything else. */
export interface FrameKey {
  /** the first four bytes of every frame */
  readonly mark: Buffer;
  /** where its checksums start */
  readonly crcStart: number;
}

/** Of a spool's frames that stand in none of its segments. */
export function frameKey(spoolId: string): FrameKey {
  const hash = createHash('sha256').update(`tollgate spool ${spoolId}`).digest();
  const mark = Buffer.from(hash.subarray(0, 4));
  mark[0] = (mark[0] ?? 0) | 1; // never all zeros, which is what an unwritten file holds
  return { mark, crcStart: hash.readUInt32BE(4) };
}

/**
 * Of the frames in a spool's segment of that number. What was whole under the key of another segment is not under this
 * one: checksums of the same bytes that start from different values differ always, not just nearly so.
 */
export const segmentKey = ({ mark, crcStart }: FrameKey, number: number): FrameKey => ({
  mark,
  crcStart: (crcStart ^ number) >>> 0,
});

/** What a frame says in front of its payload. */
export interface FrameHead {
  readonly kind: FrameKind;
  /** 0: it has none */
  readonly number: number;
  readonly id: string;
}

/** A frame's head, to be completed by `endFrame` and `sealFrames`; returns where it begins. */
export function beginFrame(bytes: ByteBuffer, { mark }: FrameKey, { kind, number, id }: FrameHead): number {
  const start = bytes.length;
  bytes.bytesOf(mark);
  bytes.int32(0);
  bytes.int32(0);
  bytes.int8(kind);
  bytes.int8(FRAME_VERSION);
  bytes.int16(0);
  bytes.int64(number);
  bytes.hex(id);
  return start;
}

/** Notes the length of the frame that begins at `start` and whose payload ends where `bytes` does. */
export function endFrame(bytes: ByteBuffer, start: number): void {
  bytes.int32At(start + LENGTH_AT, bytes.length - start - FRAME_HEAD_BYTES);
}

/** Gives each of these frames, whose lengths are noted, the checksum by which it is known where it will stand. */
export function sealFrames(frames: Buffer, { crcStart }: FrameKey): void {
  for (let start = 0; start < frames.length;) {
    const end = start + FRAME_HEAD_BYTES + frames.readUInt32BE(start + LENGTH_AT);
    frames.writeUInt32BE(crc32(frames.subarray(start + LENGTH_AT, end), crcStart), start + CRC_AT);
    start = end;
  }
}

/** What frames say of requests, without their records: the last frame of each that has none among them. */
export function withoutRecords(frames: Buffer, key: FrameKey): Buffer {
  const kept = new Map<string, Buffer>();
  const scan = new FrameScan(frames, key, true);
  while (scan.next()) {
    if (scan.kind === FRAME_KINDS.settled) kept.delete(scan.id);
    else kept.set(scan.id, frames.subarray(scan.start, scan.end));
  }
  return Buffer.concat([...kept.values()]);
}

/**
 * Goes from frame to frame of `bytes`; its fields describe the one that `next` found, and are overwritten by the next.
 * What is no frame is passed over up to where one begins again; only what is followed by a frame is counted as damage:
 * behind the last one lies what a torn write left, or nothing.
 */
export class FrameScan {
  kind: number = 0;
  number = 0;
  /** of the frame in `bytes`; its payload begins FRAME_HEAD_BYTES behind `start` */
  start = 0;
  end = 0;
  /** bytes that lie between frames and are none */
  damagedBytes = 0;
  /** `next` has said that there is no further frame */
  isExhausted = false;

  /** `isAll`: nothing follows behind `bytes`. If not, a frame that they cut is left to whoever reads on from `end`. */
  constructor(
    readonly bytes: Buffer,
    private readonly key: FrameKey,
    private readonly isAll: boolean,
  ) {}

  /** False: there is no further frame in `bytes`. */
  next(): boolean {
    let at = this.end;
    while (at !== -1 && at + FRAME_HEAD_BYTES <= this.bytes.length) {
      const length = this.isMark(at) ? this.bytes.readUInt32BE(at + LENGTH_AT) : -1;
      const end = at + FRAME_HEAD_BYTES + length;
      const isPossible = length >= 0 && length <= FRAME_PAYLOAD_BYTES_MAX;
      if (isPossible && end > this.bytes.length && !this.isAll) break; // the rest of it comes with the next bytes
      if (isPossible && end <= this.bytes.length && this.isIntact(at, end)) {
        this.damagedBytes += at - this.end;
        this.take(at, end);
        return true;
      }
      at = this.bytes.indexOf(this.key.mark, at + 1);
    }
    this.isExhausted = true;
    return false;
  }

  /** the id of the request */
  get id(): string {
    const hex = this.bytes.toString('hex', this.start + ID_AT, this.start + FRAME_HEAD_BYTES);
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }

  private isMark(at: number): boolean {
    const { bytes, key } = this;
    for (let i = 0; i < key.mark.length; i++) if (bytes[at + i] !== key.mark[i]) return false;
    return true;
  }

  private isIntact(at: number, end: number): boolean {
    return crc32(this.bytes.subarray(at + LENGTH_AT, end), this.key.crcStart) === this.bytes.readUInt32BE(at + CRC_AT);
  }

  private take(at: number, end: number): void {
    this.start = at;
    this.end = end;
    this.kind = this.bytes[at + KIND_AT] ?? 0;
    this.number = this.bytes.readUInt32BE(at + NUMBER_AT) * 2 ** 32 + this.bytes.readUInt32BE(at + NUMBER_AT + 4);
  }
}
