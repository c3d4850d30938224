/**
 * Several workers of one machine behind one port: what counts over all of them counts once, and one that dies takes its
 * own.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { AccountId } from '../../../../schema/contracts/ids.js';
import { cachedAnswersPrefix } from '../../../../schema/contracts/redis-keys.js';
import { openRedis } from '../../../support/cached-keys.js';
import { childrenOf } from '../../../support/child-processes.js';
import { answerJson, chatCompletion, chatEvents } from '../../../support/fake-upstream.js';
import { startProxyProcess, type ProxyProcess } from '../../../support/proxy-processes.js';
import { decidedByRedis, limitedBy, limitRule } from '../../../support/rate-limits.js';
import { CHAT, post, startRig, type Rig } from '../../../support/rig.js';
import type { TestTenant } from '../../../support/tenant.js';
import { limitedRequests, proxyWorkers, rollingRestarts } from '../../../support/test-size.js';
import { usageRecords } from '../../../support/usage-records.js';
import { waitFor } from '../../../support/wait-for.js';

/** Two processors start up to five processes. */
const START_MS = 90_000;

let rig: Rig;
let proxy: ProxyProcess;

beforeAll(async () => {
  rig = await startRig();
  const { database, redis } = rig.proxy;
  proxy = await startProxyProcess({
    databaseUrl: database.url,
    redisUrl: redis.url,
    origins: { openai: `${rig.upstream.origin}/v1` },
    env: { PROXY_WORKERS: String(proxyWorkers), LAME_DUCK_SECONDS: '1' },
  });
}, START_MS);
afterAll(async () => {
  expect(await proxy.stop()).toBe(0);
  await rig.stop();
}, START_MS);
beforeEach(() => {
  rig.upstream.seen.length = 0;
  rig.upstream.answer = answerJson(200, chatCompletion());
});

const pathOf = ({ tag }: TestTenant): string => `${proxy.url}/v1/${tag}/main/openai/chat/completions`;

/** What is said to whoever comes when there is too much: on a machine with much else to do, that is no finding here. */
const isOverloaded = (text: string): boolean => /carries as many requests|more than its share/.test(text);

interface Called {
  readonly status: number;
  readonly text: string;
  readonly cacheStatus: string | null;
}

/** A call on a connection of its own, so that all workers have some. */
async function call(url: string, body: object = CHAT): Promise<Called> {
  for (;;) {
    const response = await post(url, body, { connection: 'close' });
    const text = await response.text();
    const { status, headers } = response;
    if (status !== 503 || !isOverloaded(text)) return { status, text, cacheStatus: headers.get('cf-aig-cache-status') };
  }
}

/** Statuses → how often, of requests at once. */
async function burst(url: string, requests: number): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const { status } of await Promise.all(Array.from({ length: requests }, () => call(url))))
    counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** Worker → value, of a metric without labels of its own. */
async function byWorker(metric: string): Promise<Record<string, number>> {
  const values = [...(await proxy.metrics()).matchAll(new RegExp(`^${metric}\\{worker="(\\d+)"\\} (\\S+)$`, 'gm'))];
  return Object.fromEntries(values.map(([, worker = '', value]) => [worker, Number(value)]));
}

const sum = (values: Readonly<Record<string, number>>): number => Object.values(values).reduce((a, b) => a + b, 0);

test(`of ${limitedRequests} requests at once 10 are admitted, and each is recorded, by itself or in a count`, async () => {
  const { tenant, counts } = await decidedByRedis([proxy], async () => {
    rig.upstream.seen.length = 0;
    const tenant = await rig.tenant(limitedBy(limitRule({ limit: 10 })));
    return { tenant, counts: await burst(pathOf(tenant), limitedRequests) };
  });
  expect(counts).toEqual({ 200: 10, 429: limitedRequests - 10 });
  expect(rig.upstream.seen).toHaveLength(10);
  await waitFor(async () => {
    const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 10);
    return rows.reduce((all, row) => all + Number(row['request_count']), 0) === limitedRequests;
  }, 'every request is recorded');
}, 90_000);

test('all of them answer, each answer has a record, and one page has the metrics of all', async () => {
  const tenant = await rig.tenant();
  const before = await byWorker('tollgate_proxy_requests_total');
  let [calls, after] = [0, before];
  // whoever is idle takes a connection, so that a burst may pass one of them by
  const haveAllAnswered = (): boolean =>
    Object.entries(after).every(([worker, requests]) => requests > (before[worker] ?? 0));
  while (!haveAllAnswered()) {
    expect(await burst(pathOf(tenant), 200)).toEqual({ 200: 200 });
    calls += 200;
    after = await byWorker('tollgate_proxy_requests_total');
  }
  expect(await usageRecords(rig.proxy.owner, tenant.accountId, calls)).toHaveLength(calls);
  expect(Object.keys(after)).toEqual(Array.from({ length: proxyWorkers }, (_, index) => String(index + 1)));
  expect(sum(after) - sum(before)).toBeGreaterThanOrEqual(calls); // with those that came again
  expect(await proxy.metrics()).toMatch(new RegExp(`^tollgate_proxy_workers_serving ${proxyWorkers}$`, 'm'));
});

test('an answer that one has cached is a hit at every other', async () => {
  const redis = await openRedis(rig.proxy.redis.url);
  // Again for another account where Redis answered later than a worker waits for it: that is a MISS, as it should.
  const isShared = async (): Promise<boolean> => {
    rig.upstream.seen.length = 0;
    const tenant = await rig.tenant({ cache_ttl_seconds: 60 });
    await call(pathOf(tenant));
    const stored = `${cachedAnswersPrefix(tenant.accountId as AccountId)}*`; // the test's own
    await waitFor(async () => (await redis.keys(stored)).length > 0, 'the answer is in Redis');
    const calls = await Promise.all(Array.from({ length: 40 }, () => call(pathOf(tenant))));
    return calls.every(({ cacheStatus }) => cacheStatus === 'HIT') && rig.upstream.seen.length === 1;
  };
  try {
    await waitFor(isShared, 'the answer to one call is a hit at every worker', 30_000);
  } finally {
    redis.disconnect();
  }
});

const EVENTS = chatEvents(['Hello ', 'there'], true);

/** Begins every stream that is asked for, and goes on with it when it is let go; anything else is answered at once. */
function holdStreams(): { readonly held: number; release(): void } {
  const waiting: (() => void)[] = [];
  rig.upstream.answer = async (request, response) => {
    if (!request.body.includes('"stream":true')) return answerJson(200, chatCompletion())(request, response);
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(EVENTS[0]);
    await new Promise<void>((resolve) => waiting.push(resolve));
    response.end(EVENTS.slice(1).join(''));
  };
  return {
    get held() {
      return waiting.length;
    },
    release() {
      for (const go of waiting) go();
    },
  };
}

/** What became of streams that begin now, each on a connection of its own. */
function streams(url: string, count: number): Promise<('whole' | 'cut')[]> {
  const one = async (): Promise<'whole' | 'cut'> => {
    try {
      const { text } = await call(url, { ...CHAT, stream: true });
      return text.endsWith('data: [DONE]\n\n') ? 'whole' : 'cut';
    } catch {
      return 'cut';
    }
  };
  return Promise.all(Array.from({ length: count }, one));
}

const single = async (metric: string): Promise<number> =>
  Number(new RegExp(`^${metric} (\\S+)$`, 'm').exec(await proxy.metrics())?.[1]);

test('one that is killed in the middle of streams leaves records of them; the others go on, and another takes its place', async () => {
  const tenant = await rig.tenant();
  const upstream = holdStreams();
  const ended = streams(pathOf(tenant), 40);
  await waitFor(() => upstream.held === 40, 'all streams have begun', 15_000);
  // whoever is idle takes a connection: the victim is one that has streams
  const [[worker, open] = ['', 0]] = Object.entries(await byWorker('tollgate_ledger_open')).toSorted(
    ([, one], [, other]) => other - one,
  );
  const victims = childrenOf(proxy.pid).filter(({ command }) => command.includes(`--worker ${worker}`));
  expect(victims).toHaveLength(1);
  for (const { pid } of victims) process.kill(pid, 'SIGKILL');
  await waitFor(async () => (await byWorker('tollgate_ledger_open'))[worker] === 0, 'there is another', 60_000);
  upstream.release();
  const outcomes = await ended;
  const cut = outcomes.filter((outcome) => outcome === 'cut').length;
  expect(cut).toBe(open);
  expect(cut).toBeGreaterThan(0);
  const rows = await waitFor(
    () => usageRecords(rig.proxy.owner, tenant.accountId, 40),
    'a sibling has recorded what the dead one had open',
    15_000,
  );
  expect(rows.filter((row) => row['interrupted'] === true)).toHaveLength(cut);
  expect(rows.filter((row) => row['status_code'] === 200 && row['interrupted'] === false)).toHaveLength(40 - cut);
  expect(await single('tollgate_proxy_workers_restarted_total')).toBe(1);
}, 120_000);

test(
  'new workers take the places of all, again and again: no stream is cut, no request refused',
  async () => {
    const tenant = await rig.tenant();
    const path = pathOf(tenant);
    for (let time = 1; time <= rollingRestarts.times; time++) {
      const upstream = holdStreams();
      const ended = streams(path, rollingRestarts.streams);
      await waitFor(() => upstream.held === rollingRestarts.streams, 'all streams have begun', 30_000);
      let isRolling = true;
      const callers = Array.from({ length: 8 }, async () => {
        let calls = 0;
        for (; isRolling; calls++) expect(await burst(path, 1)).toEqual({ 200: 1 });
        return calls;
      });
      process.kill(proxy.pid, 'SIGUSR2');
      const replaced = 'tollgate_proxy_workers_replaced_total';
      try {
        await waitFor(async () => (await single(replaced)) === time * proxyWorkers, 'all are replaced', 120_000);
      } finally {
        isRolling = false;
      }
      for (const calls of await Promise.all(callers)) expect(calls).toBeGreaterThan(0);
      expect(await single('tollgate_proxy_workers_draining')).toBeGreaterThan(0);
      upstream.release();
      expect(await ended).toEqual(Array<string>(rollingRestarts.streams).fill('whole'));
      await waitFor(async () => (await single('tollgate_proxy_workers_draining')) === 0, 'the old ones end', 15_000);
    }
  },
  rollingRestarts.times * 180_000,
);
