/**
 * Records as rows, in memory beside the spool: what Postgres takes as fast as it comes is never read back from the
 * disk. There is room for so many; those that come while it is full are read from the files, behind the ones held here
 * and before the ones that come once those were taken.
 */
import type { ByteBuffer } from '../byte-buffer.js';
import { CompositeRows } from '../usage/composite-rows.js';
import type { RecordRun } from './shipments.js';
import type { SpoolPosition } from './spool-reader.js';

/** Five times what ten thousand requests a second make between two shipments. */
const FRESH_BYTES_MAX = 8 * 1024 * 1024;

export interface FreshRun extends RecordRun {
  /** where the first record behind them stands in the files, or earlier */
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
  /** where the first record that found no room behind `rows` will stand, or earlier; null: there was room for all */
  private restPosition: SpoolPosition | null = null;

  constructor(private readonly bytesMax = FRESH_BYTES_MAX) {}

  /**
   * Adds the row of record `seq` that begins at `start` and ends where `bytes` does. Numbers come one after the other.
   */
  add(seq: number, bytes: ByteBuffer, start: number): void {
    const { rows } = this;
    if (this.restPosition !== null) return;
    // It stays below: its memory is kept, where a larger one would be given back and made anew each second.
    if (rows.byteLength + bytes.length - start > this.bytesMax) {
      this.restPosition = this.safePosition;
      return;
    }
    if (rows.count === 0) this.firstSeq = seq;
    rows.addFrom(bytes, start, bytes.length);
  }

  /**
   * Takes the safe ones behind `shippedSeq`, valid until the next call; null: there are none, or the first is not here.
   */
  take(shippedSeq: number): FreshRun | null {
    const { rows, firstSeq, restPosition } = this;
    const lastSeq = firstSeq + rows.count - 1;
    if (lastSeq <= shippedSeq) return this.begin();
    const endSeq = Math.min(this.safeSeq, lastSeq);
    if (endSeq <= shippedSeq || shippedSeq + 1 < firstSeq) return null;
    const isRestNext = restPosition !== null && endSeq === lastSeq;
    const position = isRestNext ? restPosition : this.safePosition;
    const end = endSeq - firstSeq + 1;
    this.rows = this.taken;
    this.rows.clear();
    this.rows.addRows(rows, end);
    this.firstSeq = endSeq + 1;
    if (isRestNext) this.restPosition = null;
    this.taken = rows;
    rows.keep(shippedSeq + 1 - firstSeq, end);
    return { firstSeq: shippedSeq + 1, rows, position };
  }

  /** None of those that are held is wanted any more: there is room for what comes now. */
  private begin(): null {
    this.rows.clear();
    this.restPosition = null;
    return null;
  }
}
