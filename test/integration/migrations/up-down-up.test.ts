import { afterEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { migrate, revert } from '../../../migrations/run.js';
import { PooledConnection } from '../../../platform/postgres.js';
import { createDataSource } from '../../../schema/data-source.js';
import { openEmptyTestDatabase, openTestDatabase, type TestDatabase } from '../../support/postgres.js';

const opened: TestDatabase[] = [];
afterEach(() => Promise.all(opened.splice(0).map((database) => database.close())));

async function kept(database: Promise<TestDatabase>): Promise<string> {
  const { url } = await database;
  opened.push(await database);
  return url;
}

async function ownObjects(url: string): Promise<string[]> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
     UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1`,
  );
  await client.end();
  return rows.map((row) => row.name);
}

/** What TypeORM would do to make the database fit the entities. */
async function drift(url: string): Promise<string[]> {
  const options = { applicationName: 'drift', connection: PooledConnection, connectionsMax: 2, queryTimeoutMs: 10_000 };
  const dataSource = createDataSource({ url, ...options, onError: () => undefined });
  await dataSource.initialize();
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  await dataSource.destroy();
  return upQueries.map((query) => query.query);
}

test('migrations go up, down without leaving a table, function or sequence of ours, and up again', async () => {
  const url = await kept(openEmptyTestDatabase());
  await migrate(url);
  const after = await ownObjects(url);
  await revert(url);
  expect(await ownObjects(url)).toEqual(['schema_migration', 'schema_migration_pkey']);
  await migrate(url);
  expect(await ownObjects(url)).toEqual(after);
});

test('migrating again changes nothing', async () => {
  const url = await kept(openTestDatabase());
  await migrate(url); // midnight may have passed since: days ahead have tables
  const before = await ownObjects(url);
  await migrate(url);
  expect(await ownObjects(url)).toEqual(before);
});

test('the entities describe the migrated database exactly', async () => {
  expect(await drift(await kept(openTestDatabase()))).toEqual([]);
});

test('a column, index, CHECK or unique constraint that the entities do not know is noticed', async () => {
  const url = await kept(openTestDatabase());
  const client = new pg.Client(url);
  await client.connect();
  await client.query(
    `ALTER TABLE gateway ADD COLUMN colour text, ADD CONSTRAINT gateway_colour_check CHECK (colour <> '')`,
  );
  await client.query('CREATE INDEX session_ip_idx ON session (ip)');
  await client.query('ALTER TABLE account DROP CONSTRAINT account_name_key');
  await client.end();
  const found = (await drift(url)).join('\n');
  for (const name of ['colour', 'gateway_colour_check', 'session_ip_idx', 'UNIQUE ("name")'])
    expect(found).toContain(name);
});
