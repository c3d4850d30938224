/**
 * The newest records as rows, in memory beside the spool: what Postgres takes as fast as it comes is never read back
 * from the disk. What is not here any more, for Postgres was away, is read from there.
 */
import type { ByteBuffer } from '../byte-buffer.js';
import { CompositeRows } from '../usage/composite-rows.js';
import type { RecordRun } from './shipments.js';
import type { SpoolPosition } from './spool-reader.js';

/** Five times what ten thousand requests a second make between two shipments. Beyond, all of it is let go. */
const FRESH_BYTES_MAX = 8 * 1024 * 1024;

export interface FreshRun extends RecordRun {
  /** all of its records stand before it in the files, and none that comes behind them */
  readonly position: SpoolPosition;
}

export class FreshRows {
  /** no record up to this one can be lost by what the spool promises to outlive */
  safeSeq = 0;
  /** where the first record behind that one stands or will stand; or earlier */
  safePosition: SpoolPosition = { segment: 0, offset: 0 };
  private rows = new CompositeRows();
  /** of the first of `rows` */
  private firstSeq = 1;
  private taken = new CompositeRows();

  /**
   * Adds the row of record `seq` that begins at `start` and ends where `bytes` does. Numbers come one after the other.
   */
  add(seq: number, bytes: ByteBuffer, start: number): void {
    // Before it grows beyond: its memory is kept, where a larger one would be given back and made anew each second.
    if (this.rows.byteLength + bytes.length - start > FRESH_BYTES_MAX) this.rows.clear();
    if (this.rows.count === 0) this.firstSeq = seq;
    this.rows.addFrom(bytes, start, bytes.length);
  }

  /**
   * Takes the safe ones behind `shippedSeq`, valid until the next call; null: there are none, or the first is not here.
   */
  take(shippedSeq: number): FreshRun | null {
    const { rows, firstSeq, safeSeq, safePosition: position } = this;
    if (safeSeq <= shippedSeq || shippedSeq + 1 < firstSeq || rows.count === 0) return null;
    const end = safeSeq - firstSeq + 1;
    this.rows = this.taken;
    this.rows.clear();
    this.rows.addRows(rows, end);
    this.firstSeq = safeSeq + 1;
    this.taken = rows;
    rows.keep(shippedSeq + 1 - firstSeq, end);
    return { firstSeq: shippedSeq + 1, rows, position };
  }
}
