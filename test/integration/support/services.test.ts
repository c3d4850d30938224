import { expect, test } from '@jest/globals';
import pg from 'pg';
import { openTestDatabase } from '../../support/postgres.js';
import { openTestRedis } from '../../support/redis.js';
import { createRedis } from '../../../platform/redis.js';
import { waitFor } from '../../support/wait-for.js';

async function tables(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ n: number }>('SELECT count(*)::int AS n FROM schema_migration');
  await client.end();
  return rows[0]?.n ?? 0;
}

test('two test databases are migrated and apart from each other', async () => {
  const [first, second] = await Promise.all([openTestDatabase(), openTestDatabase()]);
  expect(first.url).not.toBe(second.url);
  expect(await tables(first.url)).toBeGreaterThan(0);
  expect(await tables(second.url)).toBeGreaterThan(0);
  await Promise.all([first.close(), second.close()]);
});

test('two test Redises share neither keys nor channels', async () => {
  const [first, second] = await Promise.all([openTestRedis(), openTestRedis()]);
  const [writer, reader] = [first, second].map(({ url }) =>
    createRedis({ url, connectionName: 'test' }, () => undefined),
  );
  await waitFor(() => writer?.status === 'ready' && reader?.status === 'ready', 'both are connected');
  await writer?.set('key', 'value');
  expect(await reader?.get('key')).toBeNull();
  writer?.disconnect();
  reader?.disconnect();
  await Promise.all([first.close(), second.close()]);
});
