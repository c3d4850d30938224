/**
 * Rolls the ledger up, by whichever api gets the lock: what shipping transactions added to `usage_delta` moves into the
 * levels, a batch a transaction. Analytics reads both, so nothing it says depends on when this happens.
 */
import type pg from 'pg';
import type { Logger } from '../../../platform/logger.js';
import { inTransaction } from '../../../platform/postgres.js';
import { PeriodicJob } from '../../periodic-job.js';
import { ROLL_UP_SQL } from './rollup-sql.js';
import { LEVELS, VIEWS_VERSION } from './rollup-views.js';
import { isStatementTimeout } from '../../tenancy/sql-state.js';

const RUN_EVERY_MS = 5_000;
const UPKEEP_EVERY_MS = 3_600_000;
/** While it fails, a warning comes no more often. */
const WARN_EVERY_MS = 300_000;
/** Deltas of one transaction: a second's work. */
const BATCH_DELTAS = 20_000;
/** How long one batch may take. */
export const ROLLUP_STATEMENT_MS = 120_000;
/** Partitions are there for three days ahead. What a wrong clock dates later waits until it is near. */
const DAYS_AHEAD = 2;
const DAY_MS = 86_400_000;
/** Any number, the same for every api. */
const LOCK = 7_065_421;

/** What one run moved; `isBusy`: another process is at it, the rest is its. */
export interface RollupReport {
  readonly deltas: number;
  /** requests that count under '(other)', and that have a metadata key by which nothing is told apart */
  readonly otherValues: number;
  readonly otherKeys: number;
  readonly isBusy: boolean;
}

interface Moved {
  readonly deltas: number;
  readonly other_values: string;
  readonly other_keys: string;
}

export class UsageRollup {
  private readonly job = new PeriodicJob(() => this.runAndTell(), { firstMs: 0, everyMs: RUN_EVERY_MS });
  private keptUpAtMs = Number.NEGATIVE_INFINITY;
  private warnedAtMs = Number.NEGATIVE_INFINITY;
  /** deltas of the next transaction */
  private batch: number;

  constructor(
    private readonly pool: pg.Pool,
    private readonly logger: Logger,
    private readonly batchDeltas: number = BATCH_DELTAS,
  ) {
    this.batch = batchDeltas;
  }

  /** Runs at once, and then every few seconds, until it is stopped. */
  start(): void {
    this.job.start();
  }

  /** Begins nothing more and waits for what runs, at most `withinMs`. */
  stop(withinMs: number): Promise<void> {
    return this.job.stop(withinMs);
  }

  /** Moves all that there is. Throws when Postgres does not take it: it stays where it is, for the next run. */
  async run(): Promise<RollupReport> {
    const nowMs = Date.now();
    await this.keepUpWhenDue(nowMs);
    let [deltas, otherValues, otherKeys] = [0, 0, 0];
    for (;;) {
      const batch = this.batch;
      const moved = await this.rollUpInTime(nowMs, batch);
      if (moved === 'SMALLER') continue;
      if (moved === null) return { deltas, otherValues, otherKeys, isBusy: true };
      deltas += moved.deltas;
      otherValues += Number(moved.other_values);
      otherKeys += Number(moved.other_keys);
      if (moved.deltas < batch) this.batch = this.batchDeltas;
      if (moved.deltas < batch || this.job.isStopped) return { deltas, otherValues, otherKeys, isBusy: false };
    }
  }

  /** A batch that takes too long would do so again: the next ones are half as large, until all is moved. */
  private async rollUpInTime(nowMs: number, batch: number): Promise<Moved | null | 'SMALLER'> {
    try {
      return await this.rollUp(nowMs, batch);
    } catch (error) {
      if (!isStatementTimeout(error) || batch === 1) throw error;
      this.batch = Math.ceil(batch / 2);
      this.logger.warn({ batch: this.batch }, 'a batch of the roll-up took too long; a smaller one is tried');
      if (this.job.isStopped) throw error;
      return 'SMALLER';
    }
  }

  /** null: another process is at it. */
  private rollUp(nowMs: number, batch: number): Promise<Moved | null> {
    return inTransaction(this.pool, 'tollgate_rollup', {}, async (client) => {
      const { rows: locks } = await client.query<{ locked: boolean }>(
        'SELECT pg_try_advisory_xact_lock($1) AS locked',
        [LOCK],
      );
      if (locks[0]?.locked !== true) return null;
      // A sketch is kilobytes while it is summed: sorting holds one at a time. And no plan may look each row up in a
      // list.
      await client.query(`SET LOCAL statement_timeout = ${ROLLUP_STATEMENT_MS}; SET LOCAL enable_hashagg = off;
        SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '32MB'; SET LOCAL jit = off;
        SET LOCAL app.rollup_views = '${VIEWS_VERSION}'`);
      const today = new Date(nowMs).toISOString().slice(0, 10);
      const until = new Date(Math.floor(nowMs / DAY_MS + DAYS_AHEAD) * DAY_MS);
      const { rows } = await client.query<Moved>(ROLL_UP_SQL, [until, batch, today]);
      return rows[0] ?? { deltas: 0, other_values: '0', other_keys: '0' };
    });
  }

  /** Most of what there is has its partitions: it is rolled up also when they could not be kept up. */
  private async keepUpWhenDue(nowMs: number): Promise<void> {
    if (nowMs - this.keptUpAtMs < UPKEEP_EVERY_MS) return;
    try {
      await this.keepUp(nowMs);
      this.keptUpAtMs = nowMs;
    } catch (error) {
      this.warn(error, 'the partitions of the rollups could not be kept up; it is tried again');
    }
  }

  private warn(error: unknown, what: string): void {
    const nowMs = Date.now();
    if (nowMs - this.warnedAtMs < WARN_EVERY_MS) return;
    this.warnedAtMs = nowMs;
    this.logger.warn({ err: error }, what);
  }

  private async keepUp(nowMs: number): Promise<void> {
    const today = new Date(nowMs).toISOString().slice(0, 10);
    const keptDays = Math.max(...LEVELS.map((level) => level.keptDays));
    await inTransaction(this.pool, 'tollgate_rollup', {}, async (client) => {
      const { rows } = await client.query('SELECT * FROM usage_rollup_upkeep($1)', [today]);
      await client.query('DELETE FROM usage_rollup_value WHERE day < $1::date - $2::int', [today, keptDays]);
      if (rows.length > 0) this.logger.info({ partitions: rows }, 'the partitions of the rollups were kept up');
    });
  }

  private async runAndTell(): Promise<void> {
    try {
      const { otherValues, otherKeys } = await this.run();
      if (otherValues + otherKeys > 0) {
        this.logger.info({ otherValues, otherKeys }, 'more values came than have rollups of their own');
      }
    } catch (error) {
      this.keptUpAtMs = Number.NEGATIVE_INFINITY; // it may be a partition that is missing
      this.warn(error, 'usage could not be rolled up; it is tried again');
    }
  }
}
