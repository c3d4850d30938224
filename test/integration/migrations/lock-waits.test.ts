/** Migrations beside a transaction that reads for long, as `pg_dump` does. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type pg from 'pg';
import { MIGRATIONS } from '../../../migrations/index.js';
import { migrate, revert } from '../../../migrations/run.js';
import { openPool, openTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { waitFor } from '../../support/wait-for.js';

/** It alters `usage_record` and `usage_delta`. */
const NAME = '202611291800-move-corrections-to-their-metadata';

let database: TestDatabase;
let pool: pg.Pool;
let dump: pg.PoolClient;

beforeEach(async () => {
  database = await openTestDatabase();
  pool = openPool(database.url, 3);
  dump = await pool.connect();
});
afterEach(async () => {
  dump.release();
  await pool.end();
  await database.close();
});

const dumping = (table: string): Promise<unknown> => dump.query(`BEGIN; LOCK TABLE ${table} IN ACCESS SHARE MODE`);

async function isWaitedFor(table: string): Promise<boolean> {
  const { rows } = await pool.query('SELECT 1 FROM pg_locks WHERE NOT granted AND relation = $1::regclass', [table]);
  return rows.length > 0;
}

const revertToBefore = (name: string): Promise<void> =>
  revert(database.url, MIGRATIONS[MIGRATIONS.findIndex((migration) => migration.name === name) - 1]?.name);

test('a migration that has to wait for a dump lets all others go on meanwhile, and is applied after it', async () => {
  await revertToBefore(NAME);
  await dumping('usage_record');
  const told: string[] = [];
  const migrated = migrate(database.url, { onWait: (message) => told.push(message) });
  try {
    await waitFor(() => isWaitedFor('usage_record'), 'the migration waits');
    await pool.query("SET statement_timeout = '10s'; SELECT 1 FROM usage_record LIMIT 1");
  } finally {
    await dump.query('ROLLBACK');
    await migrated;
  }
  const { rows } = await pool.query('SELECT 1 FROM schema_migration WHERE name = $1', [NAME]);
  expect(rows).toHaveLength(1);
  expect(told).toContainEqual(expect.stringContaining('lock timeout'));
});

test('a migration gives up that a dump was in the way of for too long', async () => {
  await revertToBefore(NAME);
  await dumping('usage_record');
  await expect(migrate(database.url, { lockWaitMsMax: 0 })).rejects.toMatchObject({ code: '55P03' });
  await dump.query('ROLLBACK');
});

test('partitions of the rollups that a dump is in the way of are left to the api', async () => {
  const { rows } = await pool.query<{ name: string }>(
    "SELECT max(inhrelid::regclass::text) AS name FROM pg_inherits WHERE inhparent = 'usage_minute'::regclass",
  );
  await pool.query(`DROP TABLE ${rows[0]?.name}`);
  await dumping('usage_minute');
  const told: string[] = [];
  await migrate(database.url, { onWait: (message) => told.push(message) });
  expect(told).toEqual([expect.stringContaining('left to the api')]);
  await dump.query('ROLLBACK');
});
