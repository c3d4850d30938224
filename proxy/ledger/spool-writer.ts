/**
 * Writes a spool: frames are encoded into memory and written to the segment in use, synchronously and by position. That
 * takes 3 µs, and what was written outlives this process; an asynchronous write would cost more than it saves. Nothing
 * that was not written leaves the memory: when the disk takes no more, it is all there to be written elsewhere.
 */
import { writeSync } from 'node:fs';
import type { RecordedOutcome, RecordedRequest } from '../../schema/contracts/usage-record.js';
import { ByteBuffer } from '../byte-buffer.js';
import { CompositeRow } from '../usage/composite-row.js';
import { RECORD_COLUMNS, writeOutcome, writeRequest } from '../usage/usage-rows.js';
import {
  beginFrame,
  endFrame,
  FRAME_HEAD_BYTES,
  FRAME_KINDS,
  frameKey,
  sealFrames,
  type FrameKey,
  type FrameKind,
} from './frames.js';
import { FreshRows } from './fresh-rows.js';
import type { Segment } from './segments.js';
import { SpareSegments } from './spare-segments.js';

/** A request whose columns are encoded: the front of its row, which all its frames share. */
export interface WrittenRequest {
  readonly request: RecordedRequest;
  readonly columns: Uint8Array;
}

export interface SpoolWriterOptions {
  readonly folder: string;
  readonly spoolId: string;
  readonly segmentBytes: number;
  /** whether what is written is kept in memory until it is synced (`LEDGER_DURABILITY=host`) */
  readonly isSynced: boolean;
}

export class SpoolWriter {
  /** of frames that are taken out */
  readonly key: FrameKey;
  /** oldest first; the last one is being written */
  readonly segments: Segment[] = [];
  /** why the last write failed; null: it did not */
  writeProblem: unknown = null;
  bytesWritten = 0;
  readonly fresh = new FreshRows();
  /** a sync of the segment in use failed: nothing is written into it any more */
  private isDistrusted = false;
  /** segments that hold frames which were written again elsewhere */
  private readonly tailed = new Set<Segment>();
  private readonly spares: SpareSegments;
  /** frames that are not safe yet, and how many of their bytes are written */
  private unsafe = new ByteBuffer();
  private unsafeWritten = 0;
  /** frames that are being synced */
  private syncing = new ByteBuffer();
  private readonly row = new CompositeRow(this.unsafe);
  /** of the last record that was added, and of the last one that is being synced */
  private lastSeq = 0;
  /** nothing is written meanwhile: an heir takes a number that comes before lower ones for a loss of those */
  private areTaken = false;
  private syncingSeq = 0;

  constructor(private readonly options: SpoolWriterOptions) {
    const { folder, segmentBytes } = options;
    const key = (this.key = frameKey(options.spoolId));
    this.spares = new SpareSegments({ folder, segmentBytes, key });
  }

  /** Makes the first segment; throws what the disk says. */
  async start(): Promise<void> {
    this.segments.push(await this.spares.make());
    void this.replenish();
  }

  /** why there is no further segment ready; null: there is, or it is being made */
  get spareProblem(): unknown {
    return this.spares.problem;
  }

  /** the segment being written */
  get current(): Segment {
    const last = this.segments.at(-1);
    if (last === undefined) throw new Error('the spool was not started');
    return last;
  }

  /** bytes of disk that the spool takes */
  get diskBytes(): number {
    let bytes = this.spares.diskBytes;
    for (const segment of this.segments) bytes += Math.max(segment.bytesMax, segment.written);
    return bytes;
  }

  /**
   * Adds what is recorded of a request if the process ends now. Throws RangeError, and adds nothing, as `addSettled`.
   */
  open(request: RecordedRequest, cut: RecordedOutcome): WrittenRequest {
    const start = this.beginRow(FRAME_KINDS.open, 0, request.id);
    try {
      const from = this.unsafe.length;
      writeRequest(this.row, request);
      const columns = this.unsafe.copied(from, this.unsafe.length);
      writeOutcome(this.row, cut, request.createdAtMs);
      this.endRow(start);
      return { request, columns };
    } catch (error) {
      this.unsafe.length = start;
      throw error;
    }
  }

  /** A request for the frames that follow; adds none. Throws RangeError as `addSettled`. */
  written(request: RecordedRequest): WrittenRequest {
    const from = this.unsafe.length;
    try {
      writeRequest(this.row, request);
      return { request, columns: this.unsafe.copied(from, this.unsafe.length) };
    } finally {
      this.unsafe.length = from;
    }
  }

  /** In place of what was said of it before. Throws RangeError, and adds nothing, as `addSettled`. */
  addProgress(written: WrittenRequest, outcome: RecordedOutcome): void {
    this.addRow(FRAME_KINDS.open, 0, written, outcome);
  }

  /** Adds a record. Throws RangeError, and adds nothing, for one with a number that no column holds. */
  addSettled(seq: number, written: WrittenRequest, outcome: RecordedOutcome): void {
    const start = this.addRow(FRAME_KINDS.settled, seq, written, outcome);
    this.lastSeq = seq;
    this.fresh.add(seq, this.unsafe, start + FRAME_HEAD_BYTES);
  }

  addAbandoned(id: string): void {
    const start = beginFrame(this.unsafe, this.key, { kind: FRAME_KINDS.abandoned, number: 0, id });
    endFrame(this.unsafe, start);
  }

  /** Adds a whole frame that was read from an older segment. */
  addCopy(frame: Uint8Array): void {
    this.unsafe.bytesOf(frame);
  }

  /** Writes what was added. Throws what the disk says; then all of it is still held, and can be tried again. */
  write(): void {
    const length = this.unsafe.length - this.unsafeWritten;
    if (length === 0) return;
    if (this.areTaken) throw new Error('records with lower numbers are on their way to Postgres');
    try {
      this.writeUnsafe(length);
    } catch (error) {
      this.writeElsewhere(length, error);
    }
    this.writeProblem = null;
  }

  private writeUnsafe(length: number): void {
    const { unsafe } = this;
    if (this.isDistrusted || this.current.written + length > this.current.bytesMax) this.turnOver();
    const segment = this.current;
    const frames = unsafe.view(this.unsafeWritten, unsafe.length);
    sealFrames(frames, segment.key);
    writeWhole(segment, frames);
    segment.written += length;
    this.bytesWritten += length;
    if (this.options.isSynced) this.unsafeWritten = unsafe.length;
    else {
      segment.synced = segment.written;
      unsafe.clear();
      this.noteSafe(this.lastSeq);
    }
  }

  /** One place of the disk may be bad, and not the next: what a segment does not take goes to one that lies ready. */
  private writeElsewhere(length: number, problem: unknown): void {
    this.writeProblem = problem;
    this.current.isDistrusted = true;
    if (this.spares.count === 0) throw problem;
    this.turnOver();
    this.writeUnsafe(length);
  }

  /**
   * Makes everything written so far outlive the machine. A file whose sync failed is not trusted again: the frames go
   * to the next one. Throws when that fails too; then they are still held.
   */
  async sync(): Promise<void> {
    this.write();
    this.beginSync();
    try {
      await this.syncSegments();
    } catch {
      this.distrust();
      await this.syncElsewhere();
      await this.cutTails();
    }
    this.syncing.clear();
    this.noteSafe(this.syncingSeq);
  }

  /** Takes all frames out that could not be made safe: whoever takes them answers for them, or puts them back. */
  takeUnsafe(): Buffer {
    this.areTaken = true;
    const frames = this.emptied();
    sealFrames(frames, this.key);
    return frames;
  }

  private emptied(): Buffer {
    const frames = Buffer.from(this.unsafe.view(0, this.unsafe.length));
    this.unsafe.clear();
    this.unsafeWritten = 0;
    return frames;
  }

  /** In front of those that were added meanwhile. */
  putBack(frames: Buffer): void {
    const later = this.emptied();
    this.unsafe.bytesOf(frames);
    this.unsafe.bytesOf(later);
    this.areTaken = false;
  }

  /** Lets go of the oldest segment, of which nothing is needed any more. It is still there when the disk refuses. */
  async releaseOldest(): Promise<void> {
    const [oldest] = this.segments;
    if (oldest === undefined) return;
    await this.spares.release(oldest);
    this.segments.shift();
  }

  /** Makes spare segments, if some are wanted; never rejects. */
  replenish(): Promise<void> {
    return this.spares.replenish();
  }

  /** Closes the files; nothing may be written afterwards. */
  async close(): Promise<void> {
    await this.spares.close();
    for (const { file } of this.segments) await file.close();
  }

  private addRow(kind: FrameKind, seq: number, written: WrittenRequest, outcome: RecordedOutcome): number {
    const { request, columns } = written;
    const start = this.beginRow(kind, seq, request.id);
    try {
      this.unsafe.bytesOf(columns);
      writeOutcome(this.row, outcome, request.createdAtMs);
    } catch (error) {
      this.unsafe.length = start;
      throw error;
    }
    this.endRow(start);
    return start;
  }

  private beginRow(kind: FrameKind, number: number, id: string): number {
    const start = beginFrame(this.unsafe, this.key, { kind, number, id });
    this.row.begin(RECORD_COLUMNS.length);
    return start;
  }

  private endRow(start: number): void {
    this.row.end(start + FRAME_HEAD_BYTES);
    endFrame(this.unsafe, start);
  }

  private noteSafe(seq: number): void {
    const segment = this.segments.find(({ written, synced }) => synced !== written) ?? this.current;
    this.fresh.safeSeq = seq;
    this.fresh.safePosition = { segment: segment.number, offset: segment.synced };
  }

  /**
   * The next segment is used, if there is one; else the present one grows beyond its size, unless it is not to be
   * trusted: then this throws.
   */
  private turnOver(): void {
    const spare = this.spares.take();
    if (spare === undefined && this.isDistrusted) {
      throw new Error('no further segment lies ready', { cause: this.spareProblem });
    }
    if (spare !== undefined) this.segments.push(spare);
    this.isDistrusted = false;
  }

  private async syncSegments(): Promise<void> {
    // A copy: the oldest may be removed meanwhile, and the one behind the place of this loop would be passed over.
    const segments = [...this.segments];
    for (const segment of segments) {
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
    this.syncingSeq = this.lastSeq;
  }

  /**
   * Nothing behind what was synced last is believed to be in the files: all of it is held as if it had never been
   * written. (A sync that succeeds after one that failed says nothing of what the first was to sync.)
   */
  private distrust(): void {
    this.isDistrusted = true;
    for (const segment of this.segments) {
      if (segment.written > segment.synced) {
        this.tailed.add(segment);
        segment.isDistrusted = true;
      }
      segment.written = segment.synced;
    }
    const frames = Buffer.from(this.syncing.view(0, this.syncing.length));
    this.syncing.clear();
    this.putBack(frames);
  }

  /** An heir would read a part of it, and take what is missing there for lost. A disk that refuses is left alone. */
  private async cutTails(): Promise<void> {
    for (const { file, synced } of this.tailed) await file.truncate(synced).catch(() => undefined);
    this.tailed.clear();
  }

  /**
   * In the next segment that lies ready: one made now would have a number behind theirs, and be read after what is
   * written later.
   */
  private async syncElsewhere(): Promise<void> {
    await this.replenish();
    this.write();
    this.beginSync();
    try {
      await this.syncSegments();
    } catch (error) {
      this.distrust();
      throw error;
    }
  }
}

function writeWhole(segment: Segment, bytes: Buffer): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(segment.file.fd, bytes, done, bytes.length - done, segment.written + done);
  }
}
