/**
 * Applies migrations: each in its own transaction, behind one lock, in the order of `index.ts`. Run by `npm run migrate`
 * and by `npm start`; safe to run at any time and from several machines at once.
 */
import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { readMigrationConfig } from './config.js';
import { MIGRATIONS } from './index.js';
import { ensurePartitions } from './partitions.js';
import type { Migration } from './migration.js';

/** Any number, the same for every runner, and for the upkeep of partitions: the transaction-level lock that serialises them. */
const LOCK = 7_065_420;

export interface MigrateOptions {
  /** stop after this migration (tests of data migrations); default: apply all */
  readonly upTo?: string;
  /** login role of the tiers, made a member of the NOLOGIN roles when it is not the owner itself */
  readonly runtimeUser?: string;
  readonly onStep?: (name: string, durationMs: number) => void;
}

/** Applies what is missing and makes the partitions of the days around today. */
export async function migrate(connectionString: string, options: MigrateOptions = {}): Promise<void> {
  await withClient(connectionString, async (client) => {
    for (const migration of MIGRATIONS) {
      const startedMs = Date.now();
      if (await step(client, migration, 'up')) options.onStep?.(migration.name, Date.now() - startedMs);
      if (migration.name === options.upTo) return;
    }
    await inLock(client, async () => {
      await ensurePartitions(client, Date.now());
      if (options.runtimeUser !== undefined) {
        await client.query(`GRANT tollgate_api, tollgate_proxy, tollgate_shipper, tollgate_prover, tollgate_rollup,
          tollgate_log_finder, tollgate_operator, tollgate_upkeep TO ${pg.escapeIdentifier(options.runtimeUser)}`);
      }
    });
  });
}

/** Undoes every applied migration after `downTo` (default: all), newest first. For tests and for development. */
export async function revert(connectionString: string, downTo?: string): Promise<void> {
  await withClient(connectionString, async (client) => {
    for (const migration of MIGRATIONS.toReversed()) {
      if (migration.name === downTo) return;
      await step(client, migration, 'down');
    }
  });
}

async function step(client: pg.Client, migration: Migration, direction: 'up' | 'down'): Promise<boolean> {
  return inLock(client, async () => {
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

async function inLock<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
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
  });
}
