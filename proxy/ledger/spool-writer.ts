/**
 * Writes a spool: frames are encoded into memory and written to the segment in use, synchronously and by position. That
 * takes 3 µs, and what was written outlives this process; an asynchronous write would cost more than it saves. Nothing
 * that was not written leaves the memory: when the disk takes no more, it is all there to be written elsewhere.
 */
import { writeSync } from 'node:fs';
import type { UsageRecord } from '../../schema/contracts/usage-record.js';
import { ByteBuffer } from '../usage/byte-buffer.js';
import { CompositeRow } from '../usage/composite-row.js';
import type { UsageIntent } from '../usage/usage-ledger.js';
import { RECORD_COLUMNS, writeRecord } from '../usage/usage-rows.js';
import { beginFrame, endFrame, FRAME_KINDS, frameKey, type FrameKey, type FrameKind } from './frames.js';
import { writtenIntent } from './intent-record.js';
import { createSegment, removeSegment, type Segment } from './segments.js';

/** Segments that lie ready, so that requests in flight can settle when the disk is full. */
const SPARES = 2;

export interface SpoolWriterOptions {
  readonly folder: string;
  readonly spoolId: string;
  readonly segmentBytes: number;
  /** whether what is written is kept in memory until it is synced (`LEDGER_DURABILITY=host`) */
  readonly isSynced: boolean;
}

export class SpoolWriter {
  readonly key: FrameKey;
  /** oldest first; the last one is being written */
  readonly segments: Segment[] = [];
  /** why there is no further segment ready; null: there is, or it is being made */
  spareProblem: unknown = null;
  bytesWritten = 0;
  private readonly spares: Segment[] = [];
  /** frames that are not safe yet, and how many of their bytes are written */
  private unsafe = new ByteBuffer();
  private unsafeWritten = 0;
  /** frames that are being synced */
  private syncing = new ByteBuffer();
  private readonly row = new CompositeRow(this.unsafe);
  private lastNumber = 0;
  private making: Promise<void> | null = null;

  constructor(private readonly options: SpoolWriterOptions) {
    this.key = frameKey(options.spoolId);
  }

  /** Makes the first segment; throws what the disk says. */
  async start(): Promise<void> {
    this.segments.push(await this.newSegment());
    void this.replenish();
  }

  /** the segment being written */
  get current(): Segment {
    const last = this.segments.at(-1);
    if (last === undefined) throw new Error('the spool was not started');
    return last;
  }

  /** bytes of disk that the spool takes */
  get diskBytes(): number {
    let bytes = 0;
    for (const segment of this.segments) bytes += Math.max(segment.bytesMax, segment.written);
    for (const spare of this.spares) bytes += spare.bytesMax;
    return bytes;
  }

  /** Adds a frame. Throws RangeError, and adds nothing, for a record with a number that no column holds. */
  add(kind: FrameKind, number: number, record: UsageRecord): void {
    const start = beginFrame(this.unsafe, this.key, { kind, number, id: record.id });
    try {
      this.row.row(RECORD_COLUMNS.length, writeRecord, record);
    } catch (error) {
      this.unsafe.length = start;
      throw error;
    }
    endFrame(this.unsafe, this.key, start);
  }

  addIntent(intent: UsageIntent): void {
    const start = beginFrame(this.unsafe, this.key, { kind: FRAME_KINDS.opened, number: 0, id: intent.id });
    this.unsafe.text(writtenIntent(intent));
    endFrame(this.unsafe, this.key, start);
  }

  addAbandoned(id: string): void {
    const start = beginFrame(this.unsafe, this.key, { kind: FRAME_KINDS.abandoned, number: 0, id });
    endFrame(this.unsafe, this.key, start);
  }

  /** Adds a whole frame that was read from an older segment. */
  addCopy(frame: Uint8Array): void {
    this.unsafe.bytesOf(frame);
  }

  /** Writes what was added. Throws what the disk says; then all of it is still held, and can be tried again. */
  write(): void {
    const { unsafe } = this;
    const length = unsafe.length - this.unsafeWritten;
    if (length === 0) return;
    if (this.current.written + length > this.current.bytesMax) this.turnOver();
    const segment = this.current;
    writeWhole(segment, unsafe.view(this.unsafeWritten, unsafe.length));
    segment.written += length;
    this.bytesWritten += length;
    if (this.options.isSynced) this.unsafeWritten = unsafe.length;
    else {
      segment.synced = segment.written;
      unsafe.clear();
    }
  }

  /**
   * Makes everything written so far outlive the machine. A file whose sync failed is not trusted again: the frames go to
   * a fresh one. Throws when that fails too; then they are still held.
   */
  async sync(): Promise<void> {
    this.write();
    this.beginSync();
    try {
      await this.syncSegments();
    } catch {
      await this.syncElsewhere();
    }
    this.syncing.clear();
  }

  /** Takes all frames out that could not be made safe: whoever takes them answers for them, or puts them back. */
  takeUnsafe(): Buffer {
    const frames = Buffer.from(this.unsafe.view(0, this.unsafe.length));
    this.unsafe.clear();
    this.unsafeWritten = 0;
    return frames;
  }

  /** In front of those that were added meanwhile. */
  putBack(frames: Buffer): void {
    const later = this.takeUnsafe();
    this.unsafe.bytesOf(frames);
    this.unsafe.bytesOf(later);
  }

  /** Removes the oldest segment, of which nothing is needed any more. */
  async removeOldest(): Promise<void> {
    const oldest = this.segments.shift();
    if (oldest !== undefined) await removeSegment(this.options.folder, oldest);
  }

  /** Makes spare segments, if some are wanted; never rejects. */
  async replenish(): Promise<void> {
    if (this.spares.length < SPARES) this.making ??= this.makeSpares();
    await this.making;
  }

  /** Closes the files; nothing may be written afterwards. */
  async close(): Promise<void> {
    await this.making;
    for (const { file } of [...this.segments, ...this.spares]) await file.close();
  }

  /** The next segment is used, if there is one; else the present one grows beyond its size. */
  private turnOver(): void {
    const spare = this.spares.shift();
    if (spare !== undefined) this.segments.push(spare);
    void this.replenish();
  }

  /** Never rejects. */
  private async makeSpares(): Promise<void> {
    try {
      while (this.spares.length < SPARES) this.spares.push(await this.newSegment());
      this.spareProblem = null;
    } catch (error) {
      this.spareProblem = error;
    } finally {
      this.making = null;
    }
  }

  private newSegment(): Promise<Segment> {
    this.lastNumber += 1;
    return createSegment(this.options.folder, this.lastNumber, this.options.segmentBytes);
  }

  private async syncSegments(): Promise<void> {
    for (const segment of this.segments) {
      if (segment.synced === segment.written) continue;
      const { written } = segment;
      await segment.file.datasync();
      segment.synced = written;
    }
  }

  /** What is written from now on belongs to the next sync. */
  private beginSync(): void {
    [this.unsafe, this.syncing] = [this.syncing, this.unsafe];
    this.row.bytes = this.unsafe;
    this.unsafeWritten = 0;
  }

  /** Nothing behind what was synced last is believed to be in the old files: all of it goes to a fresh one. */
  private async syncElsewhere(): Promise<void> {
    try {
      const fresh = await this.newSegment();
      const distrusted = [...this.segments];
      this.holdAgain();
      for (const segment of distrusted) segment.written = segment.synced;
      this.segments.push(fresh);
      this.write();
      this.beginSync();
      await this.syncSegments();
      for (const { file, synced } of distrusted) await file.truncate(synced);
    } catch (error) {
      this.holdAgain();
      throw error;
    }
  }

  /** Frames whose sync failed are held as if they had never been written. */
  private holdAgain(): void {
    const frames = Buffer.from(this.syncing.view(0, this.syncing.length));
    this.syncing.clear();
    this.putBack(frames);
  }
}

function writeWhole(segment: Segment, bytes: Buffer): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(segment.file.fd, bytes, done, bytes.length - done, segment.written + done);
  }
}
