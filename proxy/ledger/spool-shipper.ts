/** Ships one spool from its first record to its last, run by run, and knows what of it is in Postgres. */
import { CompositeRows } from '../usage/composite-rows.js';
import { FRAME_HEAD_BYTES, FRAME_KINDS, FrameScan } from './frames.js';
import type { FreshRows } from './fresh-rows.js';
import type { RecordRun, ShippedSpool, Shipments } from './shipments.js';
import { SpoolReader, type SpoolSource } from './spool-reader.js';

const RUN_RECORDS_MAX = 2_000;
const RUN_BYTES_MAX = 1024 * 1024;

export class SpoolShipper {
  /** numbers that no frame had though later ones did: records that the disk has lost */
  missing = 0;
  /** whether the last run ended before the spool did */
  hasMore = false;
  private readonly reader: SpoolReader;
  private readonly rows = new CompositeRows();
  private spool: ShippedSpool | null = null;
  private shipped = 0;

  constructor(
    private readonly id: string,
    private readonly host: string,
    private readonly source: SpoolSource & { readonly fresh?: FreshRows },
    private readonly shipments: Shipments,
  ) {
    this.reader = new SpoolReader(source);
  }

  /** the number of the last record that is known to be shipped */
  get shippedSeq(): number {
    return this.shipped;
  }

  /** the first segment of which something is not shipped yet */
  get segment(): number {
    return this.reader.position.segment;
  }

  get damagedBytes(): number {
    return this.reader.damagedBytes;
  }

  /** null: nothing of it was ever shipped by this process */
  get known(): ShippedSpool | null {
    return this.spool;
  }

  /**
   * Ships the next run; false: there is none. `settledSeq`: the last record that the spool holds, as far as is known.
   * Rejects when Postgres cannot take it now; the same run comes next then.
   */
  async shipNext(settledSeq: number): Promise<boolean> {
    const { fresh } = this.source;
    if (fresh !== undefined && (await this.shipFresh(fresh, settledSeq))) return true;
    const start = this.reader.position;
    if (fresh !== undefined && this.shipped >= fresh.safeSeq) {
      this.reader.seek(fresh.safePosition);
      return false;
    }
    try {
      const firstSeq = await this.fill();
      if (firstSeq === null) return false;
      await this.shipRun({ firstSeq, rows: this.rows }, settledSeq);
      return true;
    } catch (error) {
      this.reader.seek(start);
      throw error;
    }
  }

  /** Ships the records in frames that no file holds. All that the files hold must have been shipped. */
  async shipFrames(frames: Buffer, settledSeq: number): Promise<void> {
    this.rows.clear();
    await this.cursor();
    const firstSeq = this.gather(new FrameScan(frames, this.source.key, true), null);
    if (firstSeq !== null) await this.shipRun({ firstSeq, rows: this.rows }, settledSeq);
  }

  /** Ships rows that have no number yet, behind all others. */
  async shipBehind(rows: CompositeRows, lastSeq: number): Promise<void> {
    const spool = await this.cursor();
    const firstSeq = Math.max(spool.shippedSeq, lastSeq) + 1;
    await this.shipRun({ firstSeq, rows }, firstSeq + rows.count - 1);
  }

  /** The spool as Postgres knows it, which makes it known if need be. */
  async cursor(): Promise<ShippedSpool> {
    this.spool ??= await this.shipments.open(this.id, this.host);
    this.shipped = this.spool.shippedSeq;
    return this.spool;
  }

  /** False: what comes next is not in memory. When Postgres does not take it, it is read from the files next time. */
  private async shipFresh(fresh: FreshRows, settledSeq: number): Promise<boolean> {
    if (this.shipped >= fresh.safeSeq) return false;
    const { shippedSeq } = await this.cursor();
    const run = fresh.take(shippedSeq);
    if (run === null) return false;
    await this.shipRun(run, settledSeq);
    this.reader.seek(run.position);
    this.hasMore = false;
    return true;
  }

  private async shipRun(run: RecordRun, settledSeq: number): Promise<void> {
    const spool = await this.cursor();
    const { shippedSeq } = spool;
    try {
      this.spool = await this.shipments.ship(spool, run, settledSeq);
    } catch (error) {
      this.spool = null; // whether it was committed, only Postgres knows
      throw error;
    }
    this.missing += run.firstSeq - shippedSeq - 1;
    this.shipped = this.spool.shippedSeq;
  }

  /** Gathers the next run of numbers without a gap, and returns the first; null: there is no record more. */
  private async fill(): Promise<number | null> {
    this.rows.clear();
    this.hasMore = false;
    let firstSeq: number | null = null;
    for (;;) {
      const scan = await this.reader.next();
      if (scan === null) return firstSeq;
      await this.cursor();
      const seen = this.gather(scan, firstSeq);
      firstSeq = seen;
      this.hasMore = !scan.isExhausted; // the run is full, or ends at a gap
      if (this.hasMore) return firstSeq;
    }
  }

  /** Adds the records of `scan` to the run, up to its bounds or a gap; the frame behind them is left unread. */
  private gather(scan: FrameScan, began: number | null): number | null {
    const { rows, shipped } = this;
    let firstSeq = began;
    while (scan.next()) {
      if (scan.kind !== FRAME_KINDS.settled || scan.number <= shipped) continue;
      if (firstSeq !== null && scan.number < firstSeq + rows.count) continue; // it stands there twice
      firstSeq ??= scan.number;
      const isFull = rows.count === RUN_RECORDS_MAX || rows.byteLength > RUN_BYTES_MAX;
      if (isFull || scan.number !== firstSeq + rows.count) {
        scan.end = scan.start;
        return firstSeq;
      }
      rows.addWritten(scan.bytes.subarray(scan.start + FRAME_HEAD_BYTES, scan.end));
    }
    return firstSeq;
  }
}
