/**
 * Days of which something about a record may have changed since it was written, of any account. The indexes of what
 * changed tell by their sizes, in a fraction of the time that Postgres takes to plan a look into as many days
 * (docs/decisions/0043).
 */
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { DAY_MS, isoDay, windowDays, type TimeWindow } from './log-windows.js';

/**
 * The index of what changed in one partition: of adjustments, or of bodies that were deleted or given other metadata.
 */
export interface ChangeIndex {
  /** whose partition it is: `usage_record`, or `log_body_30` and its like */
  readonly table: string;
  /** null: DEFAULT's */
  readonly day: string | null;
  readonly oid: number;
}

/** Those that there were; `sum` tells them from any others. */
export interface ChangeIndexes {
  readonly tables: readonly TableIndexes[];
  readonly sum: string;
}

/** The indexes of one table's partitions. */
interface TableIndexes {
  readonly isRecords: boolean;
  /** how long its logs are kept; 0 where that tells nothing */
  readonly keptDays: number;
  /** by the day; null: DEFAULT's, which has the days that have none of their own */
  readonly oids: ReadonlyMap<string | null, number>;
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
const CHANGE_INDEXES_SUM_SQL = `(SELECT sum(c.inhrelid::bigint)::text FROM ${CHANGE_INDEXES_SQL} c)`;

const RECORDS = 'usage_record';
/** A page goes from window to window: so many days are looked at together. */
const DAYS_AT_ONCE = 32;

/** A table, of which a day before `fromDay` is not looked at: no log of it is kept there any more. */
interface KeptTable extends TableIndexes {
  readonly fromDay: string;
}

/**
 * What one page has seen of the indexes. What changes while the page is made is not seen any more: the page has the
 * record as it was written, or as it is now, but has it.
 */
export class SeenChanges {
  private readonly tables: readonly KeptTable[];
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
    this.tables = known.tables.map((table) => ({
      ...table,
      fromDay: table.isRecords ? '' : isoDay(nowMs - (table.keptDays + 2) * DAY_MS),
    }));
  }

  async of(tx: TenantTransaction, window: TimeWindow): Promise<ChangedDays> {
    const key = windowDays(window).join();
    const told = this.told.get(key);
    if (told !== undefined) return told;
    const days = daysOf(window);
    if (this.unseen(days).size > 0) await this.see(tx, [...this.unseen(this.withNext(window))]);
    const isChanged = (table: KeptTable, day: string): boolean => {
      const oid = oidOf(table, day);
      return oid !== null && this.seen.get(oid) !== false;
    };
    const changedIn = (tables: readonly KeptTable[]): string[] =>
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

  /**
   * A B-tree without an entry is one block, its metapage, and has more before the transaction of its first entry can be
   * seen.
   */
  private async see(tx: TenantTransaction, oids: readonly number[]): Promise<void> {
    const [row] = await tx.query<{ sum: string | null; with_entries: number[] }>(
      `SELECT ${CHANGE_INDEXES_SUM_SQL} AS sum, coalesce(json_agg(i.oid::bigint)
         FILTER (WHERE coalesce(pg_relation_size(i.oid) > current_setting('block_size')::int, true)), '[]') AS with_entries
       FROM unnest($2::oid[]) i (oid) WHERE $1::uuid IS NOT NULL`,
      [oids],
    );
    this.isOutdated ||= row?.sum !== this.sum;
    const withEntries = new Set(row?.with_entries);
    for (const oid of oids) {
      if (!this.seen.has(oid)) this.seen.set(oid, withEntries.has(oid)); // or another window of the page would see what this one did not
    }
  }
}

/** What is known of these indexes, in the form in which a page looks at it. */
export function changeIndexesOf(indexes: readonly ChangeIndex[]): ChangeIndexes {
  const tables = new Map<string, Map<string | null, number>>();
  for (const { table, day, oid } of indexes) {
    const oids = tables.get(table) ?? new Map<string | null, number>();
    tables.set(table, oids.set(day, oid));
  }
  return {
    tables: [...tables].map(([table, oids]) => ({
      isRecords: table === RECORDS,
      keptDays: Number(/\d+$/.exec(table)?.[0] ?? 0),
      oids,
    })),
    sum: String(indexes.reduce((sum, { oid }) => sum + oid, 0)),
  };
}

const oidOf = ({ fromDay, oids }: KeptTable, day: string): number | null =>
  day < fromDay ? null : (oids.get(day) ?? oids.get(null) ?? null);

function daysOf(window: TimeWindow): string[] {
  const [first, last] = windowDays(window);
  const days: string[] = [];
  for (let ms = Date.parse(first); ms <= Date.parse(last); ms += DAY_MS) days.push(isoDay(ms));
  return days;
}
