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

/**
 * What one page has seen of the indexes. What changes while the page is made is not seen any more: the page has the record as it was written, or
 * as it is now, but has it.
 */
export class SeenChanges {
  /** by table and day; a day's that has none is in DEFAULT's */
  private readonly indexes = new Map<string, Map<string | null, number>>();
  private readonly seen = new Map<number, boolean>();
  /** whether there are others by now than those that were known */
  private isOutdated = false;

  constructor(
    private readonly known: ChangeIndexes,
    private readonly direction: 'ASC' | 'DESC',
    private readonly nowMs: number = Date.now(),
  ) {
    for (const { table, day, oid } of known.indexes) {
      const days = this.indexes.get(table) ?? new Map<string | null, number>();
      this.indexes.set(table, days.set(day, oid));
    }
  }

  async of(tx: TenantTransaction, window: TimeWindow): Promise<ChangedDays> {
    const days = daysOf(window);
    if (this.oids(days).some((oid) => !this.seen.has(oid))) await this.see(tx, this.oids(this.withNext(window)));
    if (this.isOutdated) return ANY_DAY;
    return {
      adjusted: days.filter((day) => this.hasChanges(RECORDS, day)),
      touched: days.filter((day) => this.bodyTables.some((table) => this.hasChanges(table, day))),
    };
  }

  private get bodyTables(): string[] {
    return [...this.indexes.keys()].filter((table) => table !== RECORDS);
  }

  private hasChanges(table: string, day: string): boolean {
    const oid = this.oidOf(table, day);
    return oid !== null && this.seen.get(oid) !== false;
  }

  /** Null: no log of that day is kept in that table any more. */
  private oidOf(table: string, day: string): number | null {
    const keptDays = Number(/\d+$/.exec(table)?.[0] ?? Infinity);
    if (this.nowMs - Date.parse(day) > (keptDays + 2) * DAY_MS) return null;
    const days = this.indexes.get(table);
    return days?.get(day) ?? days?.get(null) ?? null;
  }

  private oids(days: readonly string[]): readonly number[] {
    const tables = [...this.indexes.keys()];
    const oids = days.flatMap((day) => tables.map((table) => this.oidOf(table, day)));
    return [...new Set(oids)].filter((oid) => oid !== null);
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
      [oids.filter((oid) => !this.seen.has(oid))],
    );
    for (const { oid, has_entries, sum } of rows) {
      this.isOutdated ||= sum !== this.known.sum;
      if (!this.seen.has(oid)) this.seen.set(oid, has_entries); // or another window of the page would see what this one did not
    }
  }
}

function daysOf(window: TimeWindow): string[] {
  const [first, last] = windowDays(window);
  const days: string[] = [];
  for (let ms = Date.parse(first); ms <= Date.parse(last); ms += DAY_MS)
    days.push(new Date(ms).toISOString().slice(0, 10));
  return days;
}
