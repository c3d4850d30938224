/** Ships one spool from its first record to its last, run by run, and knows what of it is in Postgres. */
import { CompositeRows } from '../usage/composite-rows.js';
import { FRAME_HEAD_BYTES, FRAME_KINDS, FrameScan, type FrameKey } from './frames.js';
import type { FreshRows } from './fresh-rows.js';
import type { RecordRun, ShippedSpool, Shipments } from './shipments.js';
import { laterOf, SpoolReader, type SpoolPosition, type SpoolSource } from './spool-reader.js';

const RUN_RECORDS_MAX = 2_000;
const RUN_BYTES_MAX = 1024 * 1024;

/** A run that was read from the files. */
interface ReadRun extends RecordRun {
  /** where what follows it begins */
  readonly position: SpoolPosition;
  /** whether it ended before the spool did */
  readonly hasMore: boolean;
}

export class SpoolShipper {
  /** numbers that no frame had though later ones did: records that the disk has lost */
  missing = 0;
  /** whether the last run ended before the spool did */
  hasMore = false;
  private readonly reader: SpoolReader;
  /** those of the run that is being shipped, and of the one that is read meanwhile */
  private rows: [CompositeRows, CompositeRows] = [new CompositeRows(), new CompositeRows()];
  private spool: ShippedSpool | null = null;
  private shipped = 0;
  /** behind what was shipped; the reader may be further */
  private position: SpoolPosition;
  /**
   * the run behind the one that is being shipped: read while Postgres works; null: it is not known that there is one
   */
  private ahead: Promise<ReadRun | null> | null = null;

  constructor(
    private readonly id: string,
    private readonly host: string,
    private readonly source: SpoolSource & { readonly fresh?: FreshRows },
    private readonly shipments: Shipments,
  ) {
    this.reader = new SpoolReader(source);
    this.position = this.reader.position;
  }

  /** the number of the last record that is known to be shipped */
  get shippedSeq(): number {
    return this.shipped;
  }

  /** the first segment of which something is not shipped yet */
  get segment(): number {
    return this.position.segment;
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
    if (fresh !== undefined && this.shipped >= fresh.safeSeq) {
      await this.seek(fresh.safePosition);
      return false;
    }
    try {
      return await this.shipRead(settledSeq);
    } catch (error) {
      await this.seek(this.position);
      throw error;
    }
  }

  /** Ships all records in frames that no file holds, run by run. All that the files hold must have been shipped. */
  async shipFrames(frames: Buffer, key: FrameKey, settledSeq: number): Promise<void> {
    const scan = new FrameScan(frames, key, true);
    while (!scan.isExhausted) {
      const { shippedSeq } = await this.cursor();
      const rows = this.emptyRows();
      const firstSeq = gather(scan, { firstSeq: null, rows, shippedSeq });
      if (firstSeq !== null) await this.shipRun({ firstSeq, rows }, settledSeq);
    }
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
    await this.seek(laterOf(this.position, run.position)); // what was read from the files may have come further
    this.hasMore = false;
    return true;
  }

  /** Ships the next run that the files hold, and reads the one behind it meanwhile. */
  private async shipRead(settledSeq: number): Promise<boolean> {
    const ahead = await this.ahead;
    this.ahead = null;
    const run = ahead ?? (await this.read(null));
    this.hasMore = run?.hasMore === true;
    if (run === null) {
      this.position = this.reader.position;
      return false;
    }
    if (run.hasMore) {
      this.ahead = this.read(run.firstSeq + run.rows.count - 1);
      this.ahead.catch(() => undefined); // it is heard when it is asked for, or read again
    }
    await this.shipRun(run, settledSeq);
    this.position = run.position;
    return true;
  }

  /** Goes on from `position`: what was read ahead is not used. */
  private async seek(position: SpoolPosition): Promise<void> {
    await this.ahead?.catch(() => undefined); // it has the reader
    this.ahead = null;
    this.reader.seek(position);
    this.position = position;
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

  /**
   * Reads the next run of numbers without a gap; null: there is no record more. `shippedSeq`: the last record that is
   * not wanted; null: the cursor says it.
   */
  private async read(shippedSeq: number | null): Promise<ReadRun | null> {
    const rows = this.emptyRows();
    let firstSeq: number | null = null;
    for (;;) {
      const scan = await this.reader.next();
      if (scan !== null) {
        const begin = shippedSeq ?? (await this.cursor()).shippedSeq;
        firstSeq = gather(scan, { firstSeq, rows, shippedSeq: begin });
      }
      if (scan?.isExhausted === true) continue;
      const hasMore = scan !== null; // the run is full, or ends at a gap
      return firstSeq === null ? null : { firstSeq, rows, hasMore, position: this.reader.position };
    }
  }

  /** Not those of the run that is being shipped. */
  private emptyRows(): CompositeRows {
    const [shipping, empty] = this.rows;
    this.rows = [empty, shipping];
    empty.clear();
    return empty;
  }
}

/** A run that is being put together. */
interface Gathering {
  /** null: it has no record yet */
  readonly firstSeq: number | null;
  readonly rows: CompositeRows;
  /** records up to this one are passed over */
  readonly shippedSeq: number;
}

/**
 * Adds the records of `scan` to the run, up to its bounds or a gap, and returns its first; the frame behind them is
 * left unread.
 */
function gather(scan: FrameScan, { firstSeq: began, rows, shippedSeq }: Gathering): number | null {
  let firstSeq = began;
  while (scan.next()) {
    if (scan.kind !== FRAME_KINDS.settled || scan.number <= shippedSeq) continue;
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
