/**
 * What is known of the partitions of the records: where they begin, which of them no index serves but those of every
 * day, and which indexes tell that something about them has changed.
 */
import type { Database } from '../../tenancy/database.js';
import { INDEXED_BYTES_MIN } from '../ledger/index.js';
import { daysApart, timeWindows, windowDays, type TimeWindow } from './log-windows.js';
import { CHANGE_INDEXES_SQL, changeIndexesOf, type ChangeIndex, type ChangeIndexes } from './changed-days.js';
import type { ReadScope } from './log-statements.js';

/**
 * How old may be what is known: an older partition may come, which is then read with DEFAULT, and a day may get its
 * indexes.
 */
const READ_EVERY_MS = 600_000;

interface Known {
  readonly readAtMs: number;
  /** where the first day begins that has a partition of its own; 0: there is none */
  readonly fromMs: number;
  /**
   * days that are too large to be read whole and have no indexes of their own: today, or one that was not over long ago
   */
  readonly unindexedDays: readonly string[];
  readonly changeIndexes: ChangeIndexes;
}

interface PartitionRow {
  readonly day: string;
  readonly is_unindexed: boolean;
}

const DAYS_SQL = `
  SELECT substring(c.relname FROM '\\d{8}$')::date::text AS day,
    to_regclass(c.relname || '_metadata_idx') IS NULL AND pg_relation_size(c.oid) >= $2::bigint AS is_unindexed
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE $1::uuid IS NOT NULL AND i.inhparent = 'usage_record'::regclass AND c.relname ~ '^usage_record_\\d{8}$'
  ORDER BY 1`;

const INDEXES_SQL = `
  SELECT regexp_replace(c.relname, '_(\\d{8}|default)$', '') AS table, substring(c.relname FROM '\\d{8}$')::date::text AS day,
    x.indexrelid AS oid
  FROM ${CHANGE_INDEXES_SQL} i JOIN pg_index x ON x.indexrelid = i.inhrelid JOIN pg_class c ON c.oid = x.indrelid
  WHERE $1::uuid IS NOT NULL`;

export class LogPartitions {
  private known: Known = {
    readAtMs: Number.NEGATIVE_INFINITY,
    fromMs: 0,
    unindexedDays: [],
    changeIndexes: changeIndexesOf([]),
  };

  constructor(
    private readonly database: Database,
    private readonly bytesMin: number = INDEXED_BYTES_MIN,
  ) {}

  async read(scope: ReadScope): Promise<Known> {
    const nowMs = Date.now();
    if (nowMs <= this.known.readAtMs + READ_EVERY_MS) return this.known;
    const { days, indexes } = await this.database.inAccount(scope, async (tx) => ({
      days: await tx.query<PartitionRow>(DAYS_SQL, [this.bytesMin]),
      indexes: await tx.query<ChangeIndex>(INDEXES_SQL, []),
    }));
    this.known = {
      readAtMs: nowMs,
      fromMs: Date.parse(days[0]?.day ?? '1970-01-01'),
      unindexedDays: days.filter((row) => row.is_unindexed).map(({ day }) => day),
      changeIndexes: changeIndexesOf(indexes),
    };
    return this.known;
  }

  /** The windows of a range; days without indexes are apart from those that have them. */
  async windows(scope: ReadScope, range: TimeWindow, isDescending: boolean): Promise<readonly TimeWindow[]> {
    const { fromMs, unindexedDays } = await this.read(scope);
    const windows = [...timeWindows(range, isDescending, fromMs)];
    return windows.flatMap((window) => daysApart(window, unindexedDays, isDescending));
  }
}

/** Whether every day of the window has its indexes, or needs none. */
export function isIndexed(window: TimeWindow, unindexedDays: readonly string[]): boolean {
  const [first, last] = windowDays(window);
  return !unindexedDays.some((day) => first <= day && day <= last);
}
