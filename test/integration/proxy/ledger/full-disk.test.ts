/**
 * A proxy of its own process whose disk takes nothing any more: what clients see, what is recorded, what metrics say.
 */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { untilOpen } from '../../../../bench/open-port.js';
import { Program } from '../../../../bench/program.js';
import { freePort } from '../../../../platform/listen.js';
import { createPool } from '../../../../platform/postgres.js';
import { fillDiskOf, freeDiskOf } from '../../../support/disk-limit.js';
import { answerJson, chatCompletion, startFakeUpstream, type FakeUpstream } from '../../../support/fake-upstream.js';
import { createTestLedger, newSpoolFolder, removeSpoolFolder } from '../../../support/ledger.js';
import { openTestDatabase, type TestDatabase } from '../../../support/postgres.js';
import { TEST_PEPPER } from '../../../support/proxy.js';
import { openTestRedis, type TestRedis } from '../../../support/redis.js';
import { CHAT, post } from '../../../support/rig.js';
import { createTenant } from '../../../support/tenant.js';
import { TEST_VAULT } from '../../../support/vault.js';
import { waitFor } from '../../../support/wait-for.js';

let database: TestDatabase;
let redis: TestRedis;
let folder: string;
let owner: pg.Pool;
let upstream: FakeUpstream;
let proxy: Program;
let url: string;
let readyUrl: string;
let metricsUrl: string;

beforeEach(async () => {
  [database, redis, folder] = await Promise.all([openTestDatabase(), openTestRedis(), newSpoolFolder()]);
  upstream = await startFakeUpstream(answerJson(200, chatCompletion()));
  owner = createPool({ connectionString: database.url, applicationName: 'owner', connectionsMax: 2 }, () => undefined);
  const tenant = await createTenant(owner);
  await tenant.gateway('main');
  const [port, metricsPort] = [await freePort(), await freePort()];
  url = `http://127.0.0.1:${port}/v1/${tenant.tag}/main/openai/chat/completions`;
  readyUrl = `http://127.0.0.1:${port}/readyz`;
  metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
  const env = {
    PATH: process.env['PATH'],
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    TOKEN_PEPPER: TEST_PEPPER,
    LAME_DUCK_SECONDS: '0',
    VAULT_PRIVATE_KEY: TEST_VAULT.privateKey,
    PROXY_HOST: '127.0.0.1',
    PROXY_PORT: String(port),
    METRICS_PORT: String(metricsPort),
    DATA_DIR: folder,
    LEDGER_SEGMENT_BYTES: String(1024 ** 2),
    PROVIDER_ORIGINS: JSON.stringify({ openai: `${upstream.origin}/v1` }),
  };
  proxy = await Program.node('proxy/main.js', { name: 'the proxy', core: null, env });
  await Promise.race([untilOpen(port), proxy.failed]);
});
afterEach(async () => {
  if (proxy.child.exitCode === null && proxy.child.signalCode === null) freeDiskOf(proxy.pid);
  await proxy.stop();
  await Promise.all([owner.end(), upstream.close()]);
  await Promise.all([database.close(), redis.close(), removeSpoolFolder(folder)]);
});

const idOf = (response: Response): string | null => response.headers.get('cf-aig-request-id');

async function call(): Promise<Response> {
  const response = await post(url, CHAT);
  await response.clone().arrayBuffer();
  return response;
}

/** A call that has reached the provider; it answers when it is told to. */
async function runningCall(): Promise<{ answered: Promise<Response>; answer: () => void }> {
  let answer = (): void => undefined;
  const isAsked = new Promise<void>((resolve) => {
    upstream.answer = (seen, response) => {
      answer = () => void answerJson(200, chatCompletion())(seen, response);
      resolve();
    };
  });
  const answered = call();
  await isAsked;
  upstream.answer = answerJson(200, chatCompletion());
  return { answered, answer: () => answer() };
}

const recordedIds = async (): Promise<(string | null)[]> =>
  (await owner.query<{ id: string }>('SELECT id FROM usage_record ORDER BY id')).rows.map(({ id }) => id);

async function metric(name: string): Promise<number> {
  const text = await (await fetch(metricsUrl)).text();
  return Number(new RegExp(`^tollgate_ledger_${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

async function readiness(): Promise<[status: number, body: unknown]> {
  const response = await fetch(readyUrl);
  return [response.status, await response.json()];
}

test('new calls are refused before they cost anything, running ones end with their record in Postgres; then all goes on', async () => {
  const first = await call();
  const running = await runningCall();
  fillDiskOf(proxy.pid);
  const seenBefore = upstream.seen.length;
  const refused = [await call(), await call(), await call()];
  expect(refused.map(({ status }) => status)).toEqual([503, 503, 503]);
  expect(await refused[0]?.json()).toMatchObject({ internalCode: 9006 });
  expect(upstream.seen.length).toBe(seenBefore);
  expect(await metric('refused_total')).toBe(3);
  expect(await metric('gated')).toBe(1);
  expect(await readiness()).toEqual([
    503,
    { status: 'not ready', reason: 'the disk of the usage ledger takes nothing' },
  ]);

  running.answer();
  const ended = await running.answered;
  expect(ended.status).toBe(200);
  expect(await recordedIds()).toContain(idOf(ended));
  expect(await metric('failed_writes_total')).toBeGreaterThan(0);

  freeDiskOf(proxy.pid);
  await waitFor(
    async () => (await readiness())[0] === 200,
    'whoever asks whether it is ready learns that the disk takes records',
  );
  const last = await call();
  expect(last.status).toBe(200);
  await proxy.stop();
  const ids = await recordedIds();
  expect(ids).toEqual(expect.arrayContaining([idOf(first), idOf(ended), idOf(last)]));
  expect(new Set(ids).size).toBe(ids.length);
  for (const response of refused) expect(ids).not.toContain(idOf(response));
  expect(ids).toHaveLength(upstream.seen.length);
});

test('an answer whose record neither the disk nor Postgres takes does not end before one of them does', async () => {
  await call();
  const running = await runningCall();
  await owner.query('ALTER TABLE usage_record RENAME TO usage_record_gone');
  fillDiskOf(proxy.pid);
  let hasEnded = false;
  void running.answered.then(() => (hasEnded = true));
  running.answer();
  await waitFor(async () => (await metric('failed_writes_total')) >= 2, 'its record was tried again');
  expect(hasEnded).toBe(false);
  freeDiskOf(proxy.pid);
  const ended = await running.answered;
  expect(ended.status).toBe(200);
  await owner.query('ALTER TABLE usage_record_gone RENAME TO usage_record');
  await proxy.stop();
  expect(await recordedIds()).toContain(idOf(ended));
});

test('a proxy that is killed on a full disk is billed for what it had open, once', async () => {
  await call();
  const running = await runningCall();
  const lost = await runningCall();
  fillDiskOf(proxy.pid);
  running.answer(); // its record goes past the disk, with the notes of the other
  const ended = await running.answered;
  freeDiskOf(proxy.pid);
  await waitFor(async () => (await call()).status === 200, 'the disk takes records again');
  proxy.child.kill('SIGKILL');
  await lost.answered.catch(() => undefined);
  await expect(proxy.failed).rejects.toThrow('SIGKILL');
  const heir = createTestLedger(owner, `${folder}/spool`);
  await heir.ledger.start();
  await heir.ledger.inherit();
  await heir.ledger.close();
  const { rows } = await owner.query<{ id: string; interrupted: boolean }>('SELECT id, interrupted FROM usage_record');
  expect(rows.filter(({ interrupted }) => interrupted)).toHaveLength(1);
  expect(rows.filter(({ id }) => id === idOf(ended))).toHaveLength(1);
  expect(rows).toHaveLength(upstream.seen.length);
});
