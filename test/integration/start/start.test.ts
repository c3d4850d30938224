import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { afterEach, expect, test } from '@jest/globals';
import { makeDataDir } from '../../support/data-dir.js';
import { openEmptyTestDatabase, openTestDatabase } from '../../support/postgres.js';
import { openTestRedis } from '../../support/redis.js';
import { startTollgate, type StartedProcess } from '../../support/start.js';
import { waitFor } from '../../support/wait-for.js';

const started: StartedProcess[] = [];
afterEach(async () => {
  for (const start of started.splice(0)) await start.end('SIGTERM');
});

async function start(env: NodeJS.ProcessEnv): Promise<StartedProcess> {
  const tollgate = await startTollgate(env);
  started.push(tollgate);
  return tollgate;
}

/** Calls what the printed curl calls. */
async function printedCall(output: string): Promise<{ status: number; text: string }> {
  const [, url, body] = /curl (\S+) -H 'content-type: application\/json' -d '(.*)'/.exec(output) ?? [];
  if (url === undefined || body === undefined) throw new Error(`no curl in:\n${output}`);
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  return { status: answer.status, text: await answer.text() };
}

test('the first start prints a sign-in and a curl that works, and keeps a second from its data; the next prints no password, and ends with its proxy', async () => {
  const dataDir = makeDataDir('two starts');
  const first = await start({ DATA_DIR: dataDir });
  await waitFor(() => first.output().includes('Postgres'), 'the first has begun');
  await expectRefused(first, dataDir);
  const output = await first.ready();
  expect(output).toContain(`http://localhost:${first.apiPort}`);
  expect(output).toMatch(/password {2}\S{8,}/);
  const answer = await printedCall(output);
  expect(answer).toMatchObject({ status: 200, text: expect.stringContaining('This is a demo') });
  await first.end('SIGINT');
  expect(await first.ended).toBe(0);

  const second = await start({ DATA_DIR: dataDir });
  const again = await second.ready();
  expect(again).not.toContain('password');
  expect(await printedCall(again)).toMatchObject({ status: 200 });
  await expectEndsWithProxy(second, dataDir);
}, 180_000);

/** A second instance on the same data is refused, and the first goes on. */
async function expectRefused(first: StartedProcess, dataDir: string): Promise<void> {
  const second = await start({ DATA_DIR: dataDir });
  expect(await second.ended).toBe(1);
  expect(second.output()).toContain(`Tollgate already runs on the data in ${dataDir} (pid ${first.pid}`);
}

/** A proxy that dies takes the rest down with it, and says so. */
async function expectEndsWithProxy(crashing: StartedProcess, dataDir: string): Promise<void> {
  const pids = [...readFileSync(path.join(dataDir, 'logs', 'proxy.log'), 'utf8').matchAll(/"pid":(\d+)/g)];
  process.kill(Number(pids.at(-1)?.[1]), 'SIGKILL'); // the last one: an earlier start wrote into the same file
  expect(await crashing.ended).toBe(1);
  expect(crashing.output()).toContain('The proxy ended unexpectedly (SIGKILL)');
  await expect(fetch(`http://127.0.0.1:${crashing.apiPort}/healthz`)).rejects.toThrow();
}

test('a start after a kill -9 waits for what was left running and works', async () => {
  const dataDir = makeDataDir('killed');
  const killed = await start({ DATA_DIR: dataDir });
  await killed.ready();
  await killed.end('SIGKILL');
  const next = await start({
    DATA_DIR: dataDir,
    API_PORT: String(killed.apiPort),
    PROXY_PORT: String(killed.proxyPort),
  });
  const output = await next.ready();
  expect(output).toContain('Postgres still runs from an earlier start');
  expect(await printedCall(output)).toMatchObject({ status: 200 });
}, 180_000);

test('a start that is interrupted right after it made the first user has told the sign-in', async () => {
  const database = await openTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query('BEGIN; LOCK TABLE price_list IN ACCESS EXCLUSIVE MODE'); // the api needs it after the bootstrap
  const interrupted = await start({ DATA_DIR: makeDataDir(), DATABASE_URL: database.url });
  const isMade = async (): Promise<boolean> => (await client.query('SELECT 1 FROM instance')).rowCount === 1;
  await waitFor(isMade, 'the first user is made', 60_000);
  process.kill(interrupted.pid, 'SIGINT');
  await waitFor(() => interrupted.output().includes('Draining'), 'it drains');
  await client.end();
  expect(await interrupted.ended).toBe(0);
  expect(interrupted.output()).toMatch(/password {2}\S{8,}/);
  expect(interrupted.output()).not.toContain('Tollgate is ready');
  await database.close();
}, 180_000);

test('no curl is printed for a demo gateway that somebody deleted', async () => {
  const database = await openTestDatabase();
  const env = { DATA_DIR: makeDataDir(), DATABASE_URL: database.url };
  const first = await start(env);
  expect(await first.ready()).toContain('curl');
  await first.end('SIGINT');
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query('UPDATE gateway SET deleted_at = now()');
  await client.end();
  const next = await start(env);
  expect(await next.ready()).not.toContain('curl');
  await next.end('SIGINT');
  await database.close();
}, 180_000);

test('given services are used, and left running; another secret than the one that is kept is told', async () => {
  const dataDir = makeDataDir();
  writeFileSync(path.join(dataDir, 'token-pepper'), 'p'.repeat(32));
  const other = { DEMO: '0', TOKEN_PEPPER: 'q'.repeat(32), SECRET_KEY: 's'.repeat(32) };
  const [database, redis] = await Promise.all([openEmptyTestDatabase(), openTestRedis()]);
  const given = await start({ DATA_DIR: dataDir, DATABASE_URL: database.url, REDIS_URL: redis.url, ...other });
  const output = await given.ready();
  expect(output).toContain('(DATABASE_URL)');
  expect(output).toContain('(REDIS_URL)');
  expect(output).toContain('Note: TOKEN_PEPPER of the environment');
  expect(output).not.toContain('curl');
  await given.end('SIGTERM');
  await database.close();
  await redis.close();
}, 180_000);
