/**
 * Days of which something about a record may have changed since it was written, of any account. The indexes of what changed tell by their
 * sizes, in a fraction of the time that Postgres takes to plan a look into as many days (docs/decisions/0043).
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

/** Those that there were; `sum` tells them from any others. */
export interface ChangeIndexes {
  readonly indexes: readonly ChangeIndex[];
  readonly sum: string;
}

/** Of some window; null: any day of it. */
export interface ChangedDays {
  /** days of which a record may have an adjustment of its cost */
  readonly adjusted: readonly string[] | null;
  /** days of which a log that is still kept may have been deleted, or given other metadata */
  readonly touched: readonly string[] | null;
}

export const ANY_DAY: ChangedDays = { adjusted: null, touched: null };

/** The index of every partition of both kinds. */
export const CHANGE_INDEXES_SQL = `(SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = 'usage_record_adjusts_idx'::regclass
  OR i.inhparent IN (SELECT p.inhrelid FROM pg_inherits p WHERE p.inhparent = 'log_body_changed_idx'::regclass))`;
/** What there are of them, in a number. */
export const CHANGE_INDEXES_SUM_SQL = `(SELECT sum(c.inhrelid::bigint)::text FROM ${CHANGE_INDEXES_SQL} c)`;

const RECORDS = 'usage_record';
const DAY_MS = 86_400_000;
/** A page goes from window to window: so many days are looked at together. */
const DAYS_AT_ONCE = 32;

/** The indexes of one table's partitions. */
interface TableIndexes {
  readonly isRecords: boolean;
  /** a day before it is not looked at: no log of it is kept in that table any more */
  readonly fromDay: string;
  /** by the day; null: DEFAULT's, which has the days that have none of their own */
  readonly oids: Map<string | null, number>;
}

/**
 * What one page has seen of the indexes. What changes while the page is made is not seen any more: the page has the record as it was written, or
 * as it is now, but has it.
 */
export class SeenChanges {
  private readonly tables: readonly TableIndexes[];
  private readonly sum: string;
  /** by the index's oid */
  private readonly seen = new Map<number, boolean>();
  /** by the window's first and last day */
  private readonly told = new Map<string, ChangedDays>();
  /** whether there are others by now than those that were known */
  private isOutdated = false;

  constructor(
    known: ChangeIndexes,
    private readonly direction: 'ASC' | 'DESC',
    private readonly nowMs: number = Date.now(),
  ) {
    this.sum = known.sum;
    this.tables = tablesOf(known.indexes, nowMs);
  }

  async of(tx: TenantTransaction, window: TimeWindow): Promise<ChangedDays> {
    const key = windowDays(window).join();
    const told = this.told.get(key);
    if (told !== undefined) return told;
    const days = daysOf(window);
    if (this.unseen(days).size > 0) await this.see(tx, [...this.unseen(this.withNext(window))]);
    const isChanged = (table: TableIndexes, day: string): boolean => {
      const oid = oidOf(table, day);
      return oid !== null && this.seen.get(oid) !== false;
    };
    const changedIn = (tables: readonly TableIndexes[]): string[] =>
      days.filter((day) => tables.some((table) => isChanged(table, day)));
    const changed = this.isOutdated
      ? ANY_DAY
      : {
          adjusted: changedIn(this.tables.filter(({ isRecords }) => isRecords)),
          touched: changedIn(this.tables.filter(({ isRecords }) => !isRecords)),
        };
    this.told.set(key, changed);
    return changed;
  }

  private unseen(days: readonly string[]): Set<number> {
    const oids = new Set<number>();
    for (const table of this.tables) {
      for (const day of days) {
        const oid = oidOf(table, day);
        if (oid !== null && !this.seen.has(oid)) oids.add(oid);
      }
    }
    return oids;
  }

  /** The days of a window, and as many behind it as are looked at together. */
  private withNext({ fromMs, toMs }: TimeWindow): readonly string[] {
    const spanMs = DAYS_AT_ONCE * DAY_MS;
    return this.direction === 'DESC'
      ? daysOf({ fromMs: Math.min(fromMs, toMs - spanMs), toMs })
      : daysOf({ fromMs, toMs: Math.max(toMs, Math.min(fromMs + spanMs, this.nowMs)) });
  }

  /** A B-tree without an entry is one block, its metapage, and has more before the transaction of its first entry can be seen. */
  private async see(tx: TenantTransaction, oids: readonly number[]): Promise<void> {
    const rows = await tx.query<{ oid: number; has_entries: boolean; sum: string | null }>(
      `SELECT i.oid, coalesce(pg_relation_size(i.oid) > current_setting('block_size')::int, true) AS has_entries,
         ${CHANGE_INDEXES_SUM_SQL} AS sum
       FROM unnest($2::oid[]) i (oid) WHERE $1::uuid IS NOT NULL`,
      [oids],
    );
    for (const { oid, has_entries, sum } of rows) {
      this.isOutdated ||= sum !== this.sum;
      if (!this.seen.has(oid)) this.seen.set(oid, has_entries); // or another window of the page would see what this one did not
    }
  }
}

function tablesOf(indexes: readonly ChangeIndex[], nowMs: number): TableIndexes[] {
  const tables = new Map<string, TableIndexes>();
  for (const { table, day, oid } of indexes) {
    const isRecords = table === RECORDS;
    const keptDays = Number(/\d+$/.exec(table)?.[0] ?? 0);
    const fromDay = isRecords ? '' : isoDay(nowMs - (keptDays + 2) * DAY_MS);
    const of = tables.get(table) ?? { isRecords, fromDay, oids: new Map<string | null, number>() };
    tables.set(table, of);
    of.oids.set(day, oid);
  }
  return [...tables.values()];
}

const oidOf = ({ fromDay, oids }: TableIndexes, day: string): number | null =>
  day < fromDay ? null : (oids.get(day) ?? oids.get(null) ?? null);

const isoDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function daysOf(window: TimeWindow): string[] {
  const [first, last] = windowDays(window);
  const days: string[] = [];
  for (let ms = Date.parse(first); ms <= Date.parse(last); ms += DAY_MS) days.push(isoDay(ms));
  return days;
}
