/**
 * Upkeep of the ledger's partitions, and of what accounts may store, by whichever api gets the lock: days ahead are
 * created, rows that stand in DEFAULT move into their own day, and what is older than its retention is dropped. One
 * thing a transaction, each holding the lock of that transaction alone, so several apis share a run without doing
 * anything twice, and a transaction pooler may stand in between. What a run could not do, the next one does.
 */
import type pg from 'pg';
import type { Logger } from '../../../platform/logger.js';
import { inTransaction } from '../../../platform/postgres.js';
import { PeriodicJob } from '../../periodic-job.js';
import { expireBodies } from './body-expiry.js';
import { indexFinishedDays } from './finished-days.js';

const FIRST_RUN_MS = 15_000;
const RUN_EVERY_MS = 3_600_000;
/** How long moving one day out of DEFAULT may take; writers of the ledger wait meanwhile, and their spools fill. */
export const UPKEEP_STATEMENT_MS = 300_000;
/** Things done in one run: more than a fresh instance without any partition needs. */
const STEPS_MAX = 500;
/**
 * Partitions (or days of rows) that one table loses in one run. One a day is due; so a backlog goes in days, and a
 * clock that is wrong for an hour takes no more than this of the oldest records.
 */
const REMOVALS_MAX = 4;

export interface UpkeepOptions {
  /** a pool of its own: its statements take longer than those of requests */
  readonly pool: pg.Pool;
  readonly logger: Logger;
  readonly retentionDays: number;
}

/** What one run did, by partition (or by table, where days of rows were deleted). */
export interface UpkeepReport {
  readonly created: string[];
  /** rows that moved from DEFAULT into their own day's partition */
  readonly moved: number;
  readonly dropped: string[];
  /** bodies that storage quotas dropped before their logs */
  readonly expired: number;
  /** rows that were deleted, by table */
  readonly deleted: Record<string, number>;
  /** what is left for the next run, and why */
  readonly left: Record<string, string>;
  /** another process is at it: the rest is its */
  readonly busy: boolean;
}

type Counted = UpkeepReport & { moved: number; expired: number; busy: boolean };

interface Step {
  readonly action: 'CREATED' | 'DROPPED' | 'DELETED' | 'LEFT' | 'BUSY';
  readonly parent: string;
  readonly subject: string;
  readonly records: string | null;
  readonly problem: string | null;
}

export class LedgerUpkeep {
  private readonly job = new PeriodicJob(() => this.runAndTell(), { firstMs: FIRST_RUN_MS, everyMs: RUN_EVERY_MS });

  constructor(private readonly options: UpkeepOptions) {}

  /** Runs soon, and then every hour, until it is stopped. */
  start(): void {
    this.job.start();
  }

  /** Begins nothing more and waits for what runs, at most `withinMs`. */
  stop(withinMs: number): Promise<void> {
    return this.job.stop(withinMs);
  }

  /** One run. Throws when Postgres cannot be asked; what it refuses is in the report. */
  async run(): Promise<UpkeepReport> {
    const report: Counted = { created: [], moved: 0, dropped: [], expired: 0, deleted: {}, left: {}, busy: false };
    try {
      try {
        await this.keepUp(report);
      } finally {
        // quotas wait for no partition
        if (!report.busy) await this.expire(report);
      }
      if (!report.busy) await this.noteRun(problemOf(report));
      return report;
    } catch (error) {
      await this.noteRun('it broke off: the log tells why').catch(() => undefined); // what broke it off is told
      throw error;
    }
  }

  private async keepUp(report: Counted): Promise<void> {
    const removals = new Map<string, number>();
    for (let step = 0; step < STEPS_MAX && !this.job.isStopped; step++) {
      const done = await this.step(Object.keys(report.left), namesOver(removals));
      if (done === null) return;
      if (done.action === 'BUSY') {
        report.busy = true;
        return;
      }
      if (done.action === 'DROPPED' || done.action === 'DELETED') {
        removals.set(done.parent, (removals.get(done.parent) ?? 0) + 1);
      }
      note(report, done);
    }
  }

  private async expire(report: Counted): Promise<void> {
    const { pool, retentionDays } = this.options;
    const { dropped, failed } = await expireBodies(pool, retentionDays, () => !this.job.isStopped);
    report.expired = dropped;
    for (const [id, problem] of failed) report.left[`bodies of account ${id}`] = problem;
  }

  /** When it ended, for the operator. */
  private async noteRun(problem: string | null): Promise<void> {
    await inTransaction(this.options.pool, 'tollgate_api', {}, (client) =>
      client.query(
        `INSERT INTO job_run (job, finished_at, problem) VALUES ('ledger-upkeep', now(), $1)
         ON CONFLICT (job) DO UPDATE SET finished_at = excluded.finished_at, problem = excluded.problem`,
        [problem],
      ),
    );
  }

  private step(passedOver: readonly string[], enough: readonly string[]): Promise<Step | null> {
    const { pool, retentionDays } = this.options;
    const today = new Date().toISOString().slice(0, 10);
    return inTransaction(pool, 'tollgate_api', {}, async (client) => {
      await client.query(`SET LOCAL statement_timeout = ${UPKEEP_STATEMENT_MS}`);
      const { rows } = await client.query<Step>('SELECT * FROM ledger_upkeep_next($1, $2, $3, $4)', [
        retentionDays,
        today,
        passedOver,
        enough,
      ]);
      return rows[0] ?? null;
    });
  }

  private async runAndTell(): Promise<void> {
    const { logger } = this.options;
    try {
      tell(logger, await this.run());
    } catch (error) {
      logger.warn({ err: error }, 'the upkeep of the ledger broke off; the next one is in an hour');
    }
    await this.indexAndTell();
  }

  private async indexAndTell(): Promise<void> {
    const { pool, logger } = this.options;
    try {
      const report = await indexFinishedDays({ pool, isStopped: () => this.job.isStopped });
      const isRefused = Object.values(report.left).some((problem) => problem !== 'in use');
      if (isRefused) logger.warn(report, 'a finished day could not be indexed; logs are found in it by time');
      else if (Object.keys(report.indexed).length > 0) logger.info(report, 'finished days were indexed');
      else if (report.lagging !== null) logger.info(report, 'no finished day is indexed while records lag');
    } catch (error) {
      logger.warn({ err: error }, 'indexing finished days broke off; the next run is in an hour');
    }
  }
}

const namesOver = (removals: ReadonlyMap<string, number>): string[] =>
  [...removals].filter(([, count]) => count >= REMOVALS_MAX).map(([name]) => name);

function note(report: Counted, { action, subject, records, problem }: Step): void {
  const count = Number(records ?? 0);
  if (action === 'LEFT') report.left[subject] = problem ?? 'unknown';
  else if (action === 'DELETED') report.deleted[subject] = (report.deleted[subject] ?? 0) + count;
  else if (action === 'DROPPED') report.dropped.push(subject);
  else {
    report.created.push(subject);
    report.moved += count;
  }
}

/** What could not be done for another reason than that it was in use; null: nothing. */
function problemOf({ left }: UpkeepReport): string | null {
  const refused = Object.entries(left).filter(([, problem]) => problem !== 'in use');
  return refused.length === 0 ? null : `it could not do: ${refused.map(([subject]) => subject).join(', ')}`;
}

/** A line for what was done, and a warning for what could not be done for another reason than that it was in use. */
function tell(logger: Logger, report: UpkeepReport): void {
  const { created, dropped, expired, deleted, left } = report;
  if (problemOf(report) !== null) logger.warn(report, 'the upkeep of the ledger left something that it cannot do');
  else if (expired + created.length + dropped.length + Object.keys(deleted).length + Object.keys(left).length > 0) {
    logger.info(report, 'the partitions of the ledger were kept up');
  }
}
