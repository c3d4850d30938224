import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../../platform/embedded/postgres.js';
import { makeDataDir } from '../../support/data-dir.js';

const log = (): void => undefined;

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

test('what was written is there after a stop and a start', async () => {
  const dataDir = makeDataDir('with a space');
  const first = await startEmbeddedPostgres({ dataDir, log });
  await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS n');
  await first.stop();
  const second = await startEmbeddedPostgres({ dataDir, log });
  expect(await query(second.url, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
  expect(second.adopted).toBe(false);
  await second.stop();
});

test('a server that still runs is adopted, and one stop ends it', async () => {
  const dataDir = makeDataDir();
  const first = await startEmbeddedPostgres({ dataDir, log });
  const second = await startEmbeddedPostgres({ dataDir, log });
  expect(second).toMatchObject({ adopted: true, url: first.url });
  await second.stop();
  await expect(query(first.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
});

test('a pid file whose pid belongs to another program is neither adopted nor an obstacle', async () => {
  const dataDir = makeDataDir();
  const first = await startEmbeddedPostgres({ dataDir, log });
  const pidFile = path.join(dataDir, 'postgres', 'cluster', 'postmaster.pid');
  const left = readFileSync(pidFile, 'utf8').split('\n');
  await first.stop();
  writeFileSync(pidFile, [String(process.pid), ...left.slice(1)].join('\n'));
  const second = await startEmbeddedPostgres({ dataDir, log });
  expect(second.adopted).toBe(false);
  await second.stop();
});

test('only its password opens it, and only this user can read that', async () => {
  const dataDir = makeDataDir();
  const { url, stop } = await startEmbeddedPostgres({ dataDir, log });
  const wrong = new URL(url);
  wrong.password = 'guess';
  await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
  expect(statSync(path.join(dataDir, 'postgres-password')).mode & 0o777).toBe(0o600);
  await stop();
});
