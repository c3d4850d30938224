/**
 * Erases the bodies of deleted accounts, in Postgres and in the cache, day by day and in small statements, by whichever
 * api comes first; doing it twice changes nothing. A proxy that was cut off may ship bodies from before the deletion
 * later: so there is a second run a day later, and each log gets a deletion mark, which keeps out what comes after it.
 */
import type { Redis } from 'ioredis';
import { errorMessage } from '../../../platform/error-code.js';
import type { Logger } from '../../../platform/logger.js';
import type { AccountId } from '../../../schema/contracts/ids.js';
import { FORGET_ANSWERS_LUA, forgottenKeys } from '../../../schema/contracts/cache-log.js';
import { PeriodicJob } from '../../periodic-job.js';
import type { Database } from '../../tenancy/database.js';
import { isStatementTimeout } from '../../tenancy/sql-state.js';
import { NOTHING_LEFT_SQL } from '../log/index.js';
import { eraseCredentialsSql } from './account-credentials.js';

const RUN_EVERY_MS = 60_000;
const BATCH_ROWS = 1_000;
/**
 * So many logs of an account that took too long, each alone: it is Postgres that is slow, and the account waits for the
 * next run.
 */
const LEFT_MAX = 20;
/** Bodies are kept for a year at most, and a record's day may be one ahead of ours. */
const DAYS = 367;
const DAY_MS = 86_400_000;

/** What is erased batch by batch: `$5` rows of a batch, of ids below `$4`, the newest first. */
interface Erasure {
  readonly eraseSql: string;
  /** tells the next id alone */
  readonly nextSql: string;
}

/**
 * `erase` is what is done to the rows of `batch`. The statement answers the last id of a batch that was full; no row:
 * there is none after it.
 */
const erasureOf = (batch: string, erase: string): Erasure => ({
  eraseSql: `WITH batch AS (${batch}), erased AS (${erase})
  SELECT b.id FROM batch b ORDER BY b.id LIMIT 1 OFFSET (SELECT CASE WHEN count(*) < $5::int THEN count(*) ELSE 0 END FROM batch)`,
  nextSql: `WITH batch AS (${batch}) SELECT b.id FROM batch b`,
});

/** The next gateway that has logs of a day. */
const GATEWAY_SQL = `
  SELECT u.gateway_id FROM usage_record u WHERE u.account_id = $1 AND u.day = $2::date AND u.gateway_id > $3
  ORDER BY u.gateway_id LIMIT 1`;

/** Marks a gateway's logs of a day, those that are marked passed over. */
const LOGS = erasureOf(
  `SELECT u.log_retention_days, u.day, u.id, u.account_id, u.gateway_id FROM usage_record u
    WHERE u.account_id = $1 AND u.day = $2::date AND u.gateway_id = $3 AND u.id < $4 AND u.kind = 'USAGE' AND u.is_log
    ORDER BY u.id DESC LIMIT $5::int`,
  `INSERT INTO log_body AS kept (log_retention_days, day, id, account_id, gateway_id, deleted_at)
    SELECT b.log_retention_days, b.day, b.id, b.account_id, b.gateway_id, now() FROM batch b
    ON CONFLICT (log_retention_days, day, id) DO UPDATE SET deleted_at = excluded.deleted_at, ${NOTHING_LEFT_SQL}
    WHERE kept.deleted_at IS NULL`,
);

/**
 * Where bodies are still counted: those whose record was dropped or stands in quarantine, so that no log leads to them.
 */
const COUNTED_SQL = `
  SELECT s.log_retention_days::text AS retention, s.day::text FROM log_storage s WHERE s.account_id = $1 AND s.bytes > 0`;

/** Erases a day's bodies of one class. */
const BODIES = erasureOf(
  `SELECT b.id FROM log_body b
    WHERE b.account_id = $1 AND b.day = $2::date AND b.log_retention_days = $3::smallint AND b.id < $4
    ORDER BY b.id DESC LIMIT $5::int`,
  `UPDATE log_body kept SET deleted_at = coalesce(kept.deleted_at, now()), ${NOTHING_LEFT_SQL}
    FROM batch b WHERE kept.account_id = $1 AND kept.day = $2::date AND kept.log_retention_days = $3::smallint AND kept.id = b.id`,
);
const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** How far one account is. */
interface Progress {
  /** of the next batch */
  rows: number;
  /** ids that took too long, each alone */
  readonly left: Set<string>;
}

export class AccountErasure {
  private readonly job = new PeriodicJob(() => this.runAndTell(), { firstMs: RUN_EVERY_MS, everyMs: RUN_EVERY_MS });

  constructor(
    private readonly database: Database,
    private readonly redis: Pick<Redis, 'eval'>,
    private readonly logger: Logger,
  ) {}

  /** Looks every minute for what is to be erased. */
  start(): void {
    this.job.start();
  }

  /** Begins no further batch, and waits for the one that runs, at most `withinMs`. */
  stop(withinMs: number): Promise<void> {
    return this.job.stop(withinMs);
  }

  /**
   * Erases all that is due; answers how many accounts are done. One that fails is passed over and told of. Postgres'
   * part of all of them comes first: a Redis that is away holds up none but the cached answers, and bodies that cannot
   * be erased hold up none of these. Throws when nobody knows what is due.
   */
  async run(): Promise<number> {
    // in any order: a hundred that fail each time keep none out for ever
    const due = await this.database.inLookup({}, (tx) =>
      tx.query<{ id: AccountId; deleted_at: Date }>(
        `SELECT a.id, a.deleted_at FROM account a WHERE a.deleted_at IS NOT NULL AND (a.erased_at IS NULL
           OR (a.erased_at < a.deleted_at + interval '1 day' AND now() >= a.deleted_at + interval '1 day'))
         ORDER BY random() LIMIT 100`,
        [],
      ),
    );
    const failed = new Map<AccountId, string>();
    const emptied = await this.each(due, failed, async ({ id, deleted_at: deletedAt }) => {
      const progress: Progress = { rows: BATCH_ROWS, left: new Set() };
      const isOver = await this.eraseStored(id, deletedAt, progress);
      if (progress.left.size > 0) failed.set(id, `${progress.left.size} logs took too long, each alone`);
      return isOver && progress.left.size === 0;
    });
    const forgotten = await this.each(due, failed, ({ id }) => this.forgetAnswers(id));
    const erased = forgotten.filter((account) => emptied.includes(account));
    const done = await this.each(erased, failed, ({ id }) => this.markErased(id));
    if (failed.size > 0) {
      const accounts = Object.fromEntries(failed);
      this.logger.warn({ accounts }, 'deleted accounts could not be erased; they are tried again in a minute');
    }
    return done.length;
  }

  /** Those of `accounts` with which the work came to its end. */
  private async each<Account extends { readonly id: AccountId }>(
    accounts: readonly Account[],
    failed: Map<AccountId, string>,
    work: (account: Account) => Promise<boolean>,
  ): Promise<Account[]> {
    const ended: Account[] = [];
    for (const account of accounts) {
      if (this.job.isStopped) break;
      try {
        if (await work(account)) ended.push(account);
      } catch (error) {
        failed.set(account.id, errorMessage(error));
      }
    }
    return ended;
  }

  /** What Postgres has of an account. */
  private async eraseStored(accountId: AccountId, deletedAt: Date, progress: Progress): Promise<boolean> {
    await this.database.inLookup({ 'app.account': accountId }, async (tx) => {
      // what was being stored while the account was deleted
      for (const sql of eraseCredentialsSql((alias) => `${alias}.account_id = $1`)) await tx.query(sql, [accountId]);
    });
    for (let day = -1; day < DAYS; day++) {
      if (this.job.isStopped) return false;
      const date = new Date(deletedAt.getTime() - day * DAY_MS).toISOString().slice(0, 10);
      if (!(await this.eraseDay(accountId, date, progress))) return false;
    }
    return this.eraseCounted(accountId, progress);
  }

  private async markErased(accountId: AccountId): Promise<boolean> {
    await this.ask('UPDATE account a SET erased_at = now() WHERE a.id = $1', [accountId]);
    return true;
  }

  private async eraseDay(accountId: AccountId, day: string, progress: Progress): Promise<boolean> {
    let gatewayId = FIRST_ID;
    for (;;) {
      const [next] = await this.ask<{ gateway_id: string }>(GATEWAY_SQL, [accountId, day, gatewayId]);
      if (next === undefined) return true;
      gatewayId = next.gateway_id;
      if (!(await this.eraseBatches(LOGS, [accountId, day, gatewayId], progress))) return false;
    }
  }

  private async eraseCounted(accountId: AccountId, progress: Progress): Promise<boolean> {
    for (const { day, retention } of await this.ask<{ day: string; retention: string }>(COUNTED_SQL, [accountId])) {
      if (!(await this.eraseBatches(BODIES, [accountId, day, retention], progress))) return false;
    }
    return true;
  }

  /** Asks with the id that a batch ended at for the next one. */
  private async eraseBatches(
    erasure: Erasure,
    of: readonly [AccountId, ...string[]],
    progress: Progress,
  ): Promise<boolean> {
    let before: string | undefined = LAST_ID;
    while (before !== undefined) {
      if (this.job.isStopped) return false;
      before = await this.eraseInTime(erasure, [...of, before], progress);
    }
    progress.rows = Math.min(progress.rows * 2, BATCH_ROWS);
    return true;
  }

  /**
   * The id that a batch ended at. One that takes too long, as large bodies do, would do so again: the next are half as
   * large. One log that takes too long alone is left to the next run: no other waits for it.
   */
  private async eraseInTime(
    { eraseSql, nextSql }: Erasure,
    from: readonly [AccountId, ...string[]],
    progress: Progress,
  ): Promise<string | undefined> {
    const { rows, left } = progress;
    try {
      return (await this.ask<{ id: string }>(eraseSql, [...from, String(rows)]))[0]?.id;
    } catch (error) {
      if (!isStatementTimeout(error) || left.size === LEFT_MAX) throw error;
    }
    if (rows > 1) {
      progress.rows = Math.ceil(rows / 2);
      return from.at(-1);
    }
    const id = (await this.ask<{ id: string }>(nextSql, [...from, '1']))[0]?.id;
    if (id !== undefined) left.add(id);
    return id;
  }

  /** Cached answers are bodies too; those in a Redis of their own, and in proxies' memory, go when their time ends. */
  private async forgetAnswers(accountId: AccountId): Promise<boolean> {
    const keys = forgottenKeys(accountId);
    for (let dropped = BATCH_ROWS; dropped === BATCH_ROWS;) {
      if (this.job.isStopped) return false;
      dropped = Number(await this.redis.eval(FORGET_ANSWERS_LUA, keys.length, ...keys, BATCH_ROWS));
    }
    return true;
  }

  /** `$1` is the account. */
  private ask<Row>(sql: string, parameters: readonly [AccountId, ...string[]]): Promise<Row[]> {
    return this.database.inLookup({ 'app.account': parameters[0] }, (tx) => tx.query<Row>(sql, parameters));
  }

  private async runAndTell(): Promise<void> {
    try {
      const accounts = await this.run();
      if (accounts > 0) this.logger.info({ accounts }, 'the bodies of deleted accounts were erased');
    } catch (error) {
      this.logger.warn({ err: error }, 'erasing deleted accounts broke off; it is tried again in a minute');
    }
  }
}
