import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../../platform/embedded/postgres.js';
import { makeDataDir } from '../../support/data-dir.js';

const log = (): void => undefined;

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rowCount } = await client.query('SELECT 1');
  await client.end();
  return rowCount === 1;
}

test('where nobody may not enter, Postgres lives in a private folder elsewhere, and is found there again', async () => {
  const closed = makeDataDir('closed');
  const dataDir = path.join(closed, 'data');
  mkdirSync(dataDir, { mode: 0o700 });
  const first = await startEmbeddedPostgres({ dataDir, log });
  const elsewhere = readFileSync(path.join(dataDir, 'postgres-folder'), 'utf8').trim();
  expect(elsewhere.startsWith(closed)).toBe(false);
  expect(statSync(elsewhere)).toMatchObject({ uid: 65_534 });
  expect(statSync(elsewhere).mode & 0o777).toBe(0o700);
  await first.stop();
  const second = await startEmbeddedPostgres({ dataDir, log });
  expect(await answers(second.url)).toBe(true);
  await second.stop();
  rmSync(elsewhere, { recursive: true });
});

test('root runs Postgres as another user', async () => {
  const dataDir = makeDataDir();
  const { stop, url } = await startEmbeddedPostgres({ dataDir, log });
  expect(await answers(url)).toBe(true);
  expect(statSync(path.join(dataDir, 'postgres', 'cluster')).uid).toBe(65_534);
  await stop();
});
