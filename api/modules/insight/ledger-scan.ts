/**
 * Reads the newest records of a gateway in a range, a bounded number of them, by the index that pages of logs have.
 * What insights are about is told from these rows, so that no insight needs an index of its own: one on the ledger
 * would slow down shipping.
 */
import { firstUuidAt } from '../../../schema/contracts/ids.js';
import { SqlConditions } from '../../tenancy/sql-conditions.js';
import { isStatementTimeout } from '../../tenancy/sql-state.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { windowDays } from '../log/index.js';
import type { CoveredRange, GatewayRange } from './insight-range.js';

/** Records that are read for one answer. */
export const SCANNED_ROWS_MAX = 100_000;
/** Where so many take too long (a cold disk, a busy server), a part of them has to do. */
const FEWER = 1 / 10;

/** How often an answer did not cover its range, and how often fewer rows had to do for want of time. */
export interface ScanCounts {
  partial: number;
  slow: number;
}

/** Runs `read` for as many rows as can be read in time. */
export async function inTime<T extends { readonly covered: CoveredRange }>(
  rowsMax: number,
  counts: ScanCounts,
  read: (rowsMax: number) => Promise<T>,
): Promise<T> {
  const answer = await read(rowsMax).catch((error: unknown) => {
    if (!isStatementTimeout(error)) throw error;
    counts.slow++;
    return read(Math.ceil(rowsMax * FEWER));
  });
  if (!answer.covered.complete) counts.partial++;
  return answer;
}

/**
 * How the statements of a transaction are planned. Postgres cannot know how many rows a scan will give: whatever it
 * takes for few it would join row by row. And compiling such a plan takes longer than running it.
 */
export async function planForMany(tx: TenantTransaction): Promise<void> {
  await tx.query(`SELECT set_config('jit', 'off', true), set_config('enable_nestloop', 'off', true),
    set_config('cursor_tuple_fraction', '1', true) WHERE $1::uuid IS NOT NULL`);
}

export class LedgerScan {
  readonly where = new SqlConditions();
  private readonly days: readonly [first: string, last: string];
  private readonly gateway: string;

  constructor(
    private readonly tx: TenantTransaction,
    private readonly range: GatewayRange,
    private readonly rowsMax: number,
  ) {
    const [first, last] = windowDays(range);
    this.days = [`${this.where.parameter(first)}::date`, `${this.where.parameter(last)}::date`];
    this.gateway = `${this.where.parameter(range.gatewayId)}::uuid`;
  }

  /**
   * Common table expressions: `seen`, the rows with these columns of a record `u` (`id` and `created_at` besides), and
   * `edge`, whose `at` is the time of the newest record that was left out. Of one moment all rows are seen, or none.
   */
  with(columns: readonly string[]): string {
    const { gatewayIds } = this.tx.scope;
    const own = gatewayIds === null ? '' : ` AND u.gateway_id = ANY(${this.where.parameter(gatewayIds)}::uuid[])`;
    const limit = `${this.where.parameter(this.rowsMax)}::int`;
    return `scanned AS MATERIALIZED (
      SELECT ${['u.id', 'u.created_at', ...columns].join(', ')} FROM usage_record u
      WHERE ${this.ofRange('u')}${own} AND u.kind = 'USAGE'
        AND u.id >= ${this.where.parameter(firstUuidAt(this.range.fromMs))}::uuid
        AND u.id < ${this.where.parameter(firstUuidAt(this.range.toMs))}::uuid
      ORDER BY u.id DESC LIMIT ${limit} + 1
    ), edge AS (
      SELECT CASE WHEN count(*) > ${limit} THEN min(created_at) END AS at FROM scanned
    ), seen AS NOT MATERIALIZED (
      SELECT s.* FROM scanned s, edge e WHERE e.at IS NULL OR s.created_at > e.at
    )`;
  }

  /** `adj`: what recalculations have added to the cost of a row `s` (null: nothing). */
  joinAdjustments(): string {
    return `LEFT JOIN (SELECT a.adjusts, sum(a.cost_pico) AS cost_pico FROM usage_record a
      WHERE a.adjusts IS NOT NULL AND ${this.ofRange('a')} GROUP BY a.adjusts) adj ON adj.adjusts = s.id`;
  }

  /** `b`: what somebody did to the log of a row `s`; all of it null where nobody did. */
  joinRatings(): string {
    return `LEFT JOIN (SELECT r.id, r.feedback, r.score, r.later_metadata, r.deleted_at FROM log_body r
      WHERE ${this.ofRange('r')} AND (r.deleted_at IS NOT NULL OR r.later_metadata IS NOT NULL
        OR r.feedback IS NOT NULL OR r.score IS NOT NULL)) b ON b.id = s.id`;
  }

  /** Said of each table: what follows from the days of another one, Postgres does not see when it plans. */
  private ofRange(alias: string): string {
    const [first, last] = this.days;
    return `${this.tx.owned(alias)} AND ${alias}.gateway_id = ${this.gateway}
      AND ${alias}.day >= ${first} AND ${alias}.day <= ${last}`;
  }
}

/** Columns for SHOWN_SQL. */
export const LOG_COLUMNS = ['u.is_log', 'u.log_retention_days'];
/** Whether a row `s`, whose ratings are joined, is a log that callers see. */
export const SHOWN_SQL = `s.is_log AND b.deleted_at IS NULL
  AND s.created_at > now() - s.log_retention_days * interval '1 day'`;
/** The newest such log of a group of rows. */
export const EXAMPLE_SQL = `max(s.id::text) FILTER (WHERE ${SHOWN_SQL})`;
/** The cost of a row `s` that has `cost_pico`, with what was added since. */
export const COST_SQL = 'coalesce(s.cost_pico, 0) + coalesce(adj.cost_pico, 0)';
