/**
 * Indexes of finished days (docs/decisions/0027-indexes-when-the-day-is-over.md), by whichever api gets the lock: one a
 * transaction, the latest day first, so that a run that breaks off loses one of them and the next one goes on.
 */
import type pg from 'pg';
import { inTransaction } from '../../../platform/postgres.js';

/** A smaller day is read whole as fast. */
export const INDEXED_BYTES_MIN = 8 * 1_048_576;
/** A run begins no further index after it: partitions wait for their own upkeep. */
const RUN_MS_MAX = 600_000;
/**
 * How long making one index may take; what is shipped for that day waits meanwhile. A day that needs longer gets none.
 */
const INDEX_STATEMENT_MS = 60_000;

/** What one run did. */
export interface FinishedDaysReport {
  /** indexes that were made, by partition */
  readonly indexed: Record<string, number>;
  /** partitions that are left for the next run, and why */
  readonly left: Record<string, string>;
  /** why no day may be indexed now; null: they may */
  readonly lagging: string | null;
}

interface Step {
  readonly action: 'CREATED' | 'LEFT' | 'BUSY' | 'LAGGING';
  readonly subject: string;
  readonly problem: string | null;
}

export interface FinishedDaysOptions {
  readonly pool: pg.Pool;
  readonly bytesMin?: number;
  readonly statementMs?: number;
  readonly isStopped?: () => boolean;
}

/** Makes what is due. Throws when Postgres cannot be asked; what it refuses is in the report. */
export async function indexFinishedDays(options: FinishedDaysOptions): Promise<FinishedDaysReport> {
  const { isStopped = () => false } = options;
  const report: FinishedDaysReport = { indexed: {}, left: {}, lagging: null };
  const until = performance.now() + RUN_MS_MAX;
  while (performance.now() < until && !isStopped()) {
    const step = await nextIndex(options, Object.keys(report.left));
    if (step === null || step.action === 'BUSY') return report;
    if (step.action === 'LAGGING') return { ...report, lagging: step.problem };
    if (step.action === 'LEFT') report.left[step.subject] = step.problem ?? 'unknown';
    else report.indexed[step.subject] = (report.indexed[step.subject] ?? 0) + 1;
  }
  return report;
}

function nextIndex(options: FinishedDaysOptions, passedOver: readonly string[]): Promise<Step | null> {
  const { pool, bytesMin = INDEXED_BYTES_MIN, statementMs = INDEX_STATEMENT_MS } = options;
  const today = new Date().toISOString().slice(0, 10);
  return inTransaction(pool, 'tollgate_api', {}, async (client) => {
    await client.query(`SET LOCAL statement_timeout = ${statementMs}`);
    const { rows } = await client.query<Step>('SELECT * FROM log_index_upkeep_next($1, $2, $3)', [
      today,
      bytesMin,
      passedOver,
    ]);
    return rows[0] ?? null;
  });
}
