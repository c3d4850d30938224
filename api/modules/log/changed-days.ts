/**
 * Days of which something about a record may have changed since it was written, of any account. The indexes of what changed tell by their
 * sizes, in a fraction of the time that Postgres takes to plan a look into as many days.
 */
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { windowDays, type TimeWindow } from './log-windows.js';

/** The index of what changed in one partition: of adjustments, or of bodies that were deleted or given other metadata. */
export interface ChangeIndex {
  /** whose partition it is: `usage_record`, or `log_body_30` and its like */
  readonly table: string;
  /** null: DEFAULT's */
  readonly day: string | null;
  readonly oid: number;
}

/** Of some window; null: it may be any day of it. */
export interface ChangedDays {
  /** days of which a record may have an adjustment of its cost */
  readonly adjusted: readonly string[] | null;
  /** days of which a log may have been deleted, or given other metadata */
  readonly touched: readonly string[] | null;
}

export const ANY_DAY: ChangedDays = { adjusted: null, touched: null };

/** Windows are asked for one after the other: so many days are looked at together. */
const DAYS_AT_ONCE = 32;
const DAY_MS = 86_400_000;

/**
 * What one page has seen of the indexes. A change that comes while the page is made may be told or not: the page then has the record as it
 * was written.
 */
export class SeenChanges {
  /** by the index's oid; whether it has entries */
  private readonly seen = new Map<number, boolean>();
  /** the last one of which no table can have got a partition since */
  private readonly newestDay: string;

  /** @param indexes of all partitions that were there a while ago */
  constructor(private readonly indexes: readonly ChangeIndex[]) {
    const newest = new Map<string, string>();
    for (const { table, day } of indexes) {
      const before = newest.get(table) ?? '';
      newest.set(table, day !== null && day > before ? day : before);
    }
    this.newestDay = [...newest.values()].toSorted()[0] ?? '';
  }

  async of(tx: TenantTransaction, window: TimeWindow): Promise<ChangedDays> {
    const [first, last] = windowDays(window);
    // Its partition is not known yet.
    if (last > this.newestDay) return ANY_DAY;
    const [from] = windowDays({
      fromMs: Math.min(window.fromMs, window.toMs - DAYS_AT_ONCE * DAY_MS),
      toMs: window.toMs,
    });
    await this.see(tx, this.between(from, last));
    const here = this.between(first, last).filter(({ oid }) => this.seen.get(oid) !== false);
    const isAdjustment = ({ table }: ChangeIndex): boolean => table === 'usage_record';
    return {
      adjusted: daysOf(here.filter(isAdjustment)),
      touched: daysOf(here.filter((index) => !isAdjustment(index))),
    };
  }

  private between(first: string, last: string): readonly ChangeIndex[] {
    return this.indexes.filter(({ day }) => day === null || (first <= day && day <= last));
  }

  /** A B-tree without an entry is one block, its metapage, and has more before the transaction of its first entry can be seen. */
  private async see(tx: TenantTransaction, indexes: readonly ChangeIndex[]): Promise<void> {
    const oids = indexes.map(({ oid }) => oid).filter((oid) => !this.seen.has(oid));
    if (oids.length === 0) return;
    const rows = await tx.query<{ oid: number; has_entries: boolean }>(
      `SELECT i.oid, coalesce(pg_relation_size(i.oid) > current_setting('block_size')::int, true) AS has_entries
       FROM unnest($2::oid[]) i (oid) WHERE $1::uuid IS NOT NULL`,
      [oids],
    );
    for (const { oid, has_entries } of rows) this.seen.set(oid, has_entries);
  }
}

/** Each once; null: one of them is DEFAULT. */
function daysOf(indexes: readonly ChangeIndex[]): readonly string[] | null {
  const days = new Set<string>();
  for (const { day } of indexes) {
    if (day === null) return null;
    days.add(day);
  }
  return [...days];
}
