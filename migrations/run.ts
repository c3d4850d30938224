/**
 * Applies migrations: each in its own transaction, behind one lock, in the order of `index.ts`. Run by `npm run migrate`
 * and by `npm start`; safe to run at any time and from several machines at once. Whoever wants a table that a migration waits
 * for waits behind it: so it waits for seconds, gives way, and tries again.
 */
import { realpathSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { errorCode, errorMessage } from '../platform/error-code.js';
import { readMigrationConfig } from './config.js';
import { MIGRATIONS } from './index.js';
import { ensurePartitions, keepUpRollups } from './partitions.js';
import type { Migration } from './migration.js';

/** Any number, the same for every runner, and for the upkeep of partitions: the transaction-level lock that serialises them. */
const LOCK = 7_065_420;
/** Within this, what stands behind a migration goes on again. */
const LOCK_TIMEOUT = '2s';
/** Between two tries, for those that stood behind. */
const PAUSE_MS = 3_000;
/** A dump of a small database is over by then; beside another one nothing is migrated. */
const LOCK_WAIT_MS_MAX = 600_000;

export interface MigrateOptions {
  /** stop after this migration (tests of data migrations); default: apply all */
  readonly upTo?: string;
  /** login role of the tiers, made a member of the NOLOGIN roles when it is not the owner itself */
  readonly runtimeUser?: string;
  readonly onStep?: (name: string, durationMs: number) => void;
  /** told of each time that another transaction was in the way of a table */
  readonly onWait?: (message: string) => void;
  /** for how long tables are asked for again; default: 10 minutes */
  readonly lockWaitMsMax?: number;
}

/** A connection, and what is done about tables that others hold. */
interface Runner extends Pick<MigrateOptions, 'onWait' | 'lockWaitMsMax'> {
  readonly client: pg.Client;
}

/**
 * Applies what is missing and makes the partitions of the days around today. Throws (55P03) when other transactions were in
 * the way for too long: what was applied by then stays.
 */
export async function migrate(connectionString: string, options: MigrateOptions = {}): Promise<void> {
  await withClient(connectionString, async (client) => {
    const runner = { ...options, client };
    for (const migration of MIGRATIONS) {
      const startedMs = Date.now();
      if (await step(runner, migration, 'up')) options.onStep?.(migration.name, Date.now() - startedMs);
      if (migration.name === options.upTo) return;
    }
    await inLock(runner, async () => {
      await ensurePartitions(client, Date.now());
      if (options.runtimeUser !== undefined) {
        await client.query(`GRANT tollgate_api, tollgate_proxy, tollgate_shipper, tollgate_prover, tollgate_rollup,
          tollgate_log_finder, tollgate_operator, tollgate_upkeep TO ${pg.escapeIdentifier(options.runtimeUser)}`);
      }
    });
    await inLock({ client, lockWaitMsMax: 0 }, () => keepUpRollups(client)).catch((error: unknown) => {
      if (!isLockTimeout(error)) throw error;
      options.onWait?.(`the rollups' partitions are left to the api: ${errorMessage(error)}`);
    });
  });
}

/** Undoes every applied migration after `downTo` (default: all), newest first. For tests and for development. */
export async function revert(connectionString: string, downTo?: string): Promise<void> {
  await withClient(connectionString, async (client) => {
    for (const migration of MIGRATIONS.toReversed()) {
      if (migration.name === downTo) return;
      await step({ client }, migration, 'down');
    }
  });
}

async function step(runner: Runner, migration: Migration, direction: 'up' | 'down'): Promise<boolean> {
  const { client } = runner;
  return inLock(runner, async () => {
    const applied = await client.query('SELECT 1 FROM schema_migration WHERE name = $1', [migration.name]);
    if ((applied.rowCount === 1) === (direction === 'up')) return false;
    await client.query(migration[direction]);
    await client.query(
      direction === 'up'
        ? 'INSERT INTO schema_migration (name) VALUES ($1)'
        : 'DELETE FROM schema_migration WHERE name = $1',
      [migration.name],
    );
    return true;
  });
}

const isLockTimeout = (error: unknown): boolean => errorCode(error) === '55P03';

/** In one transaction, which is tried again when another one was in its way. */
async function inLock<T>({ client, onWait, lockWaitMsMax }: Runner, work: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + (lockWaitMsMax ?? LOCK_WAIT_MS_MAX);
  for (;;) {
    try {
      return await tryInLock(client, work);
    } catch (error) {
      if (!isLockTimeout(error) || performance.now() >= endMs) throw error;
      onWait?.(`another transaction is in the way, it is tried again: ${errorMessage(error)}`);
    }
    await delay(PAUSE_MS);
  }
}

async function tryInLock<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    // the lock of another runner is waited for as long as that one takes
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    await client.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
    await client.query(`CREATE TABLE IF NOT EXISTS schema_migration (
      name text CONSTRAINT schema_migration_pkey PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`);
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

async function withClient(connectionString: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString, application_name: 'tollgate-migrate' });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  const config = readMigrationConfig();
  await migrate(config.connectionString, {
    ...(config.runtimeUser === null ? {} : { runtimeUser: config.runtimeUser }),
    onStep: (name, durationMs) => process.stdout.write(`migrated ${name} in ${durationMs} ms\n`),
    onWait: (message) => process.stdout.write(`${message}\n`),
  });
}
