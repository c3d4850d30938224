/**
 * Redis goes away, falls silent, or forgets: limits hold on, by each proxy's own counts, and no request fails for it.
 */
import { Redis } from 'ioredis';
import { afterEach, expect, test } from '@jest/globals';
import { listen } from '../../../../platform/listen.js';
import { RATE_LIMITER_BOUNDS } from '../../../../proxy/rate-limits/rate-limiter.js';
import { answerJson, chatCompletion } from '../../../support/fake-upstream.js';
import { limitedBy, limitRule } from '../../../support/rate-limits.js';
import { openTestRedis, type TestRedis } from '../../../support/redis.js';
import { forwardRedis, type RedisForwarder } from '../../../support/redis-forwarder.js';
import { CHAT, post, startRig, type Rig } from '../../../support/rig.js';
import { waitFor } from '../../../support/wait-for.js';

let rig: Rig;
let server: TestRedis;
let forwarder: RedisForwarder;
let metricsUrl: string;

type Tenant = Awaited<ReturnType<Rig['tenant']>>;

async function start(): Promise<void> {
  server = await openTestRedis();
  forwarder = await forwardRedis(server.url);
  rig = await startRig(
    { REDIS_URL: forwarder.url },
    { rateLimiterBounds: { ...RATE_LIMITER_BOUNDS, rememberedMsMax: 300 } },
  );
  rig.upstream.answer = answerJson(200, chatCompletion());
  const { metricsServer } = rig.proxy.proxy;
  const port = await listen(metricsServer, { host: '127.0.0.1', port: 0, name: 'metrics', variable: 'none' });
  metricsUrl = `http://127.0.0.1:${port}/metrics`;
}
afterEach(async () => {
  await rig.stop();
  await forwarder.close();
  await server.close();
});

const call = async (tenant: Tenant): Promise<number> => {
  const response = await post(`${tenant.base}/openai/chat/completions`, CHAT);
  await response.arrayBuffer();
  return response.status;
};

async function calls(tenant: Tenant, count: number): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (let made = 0; made < count; made++) {
    const status = await call(tenant);
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(metricsUrl)).text();
  const line = text.split('\n').find((found) => found.startsWith(`tollgate_rate_limit_${name} `));
  return Number(line?.split(' ')[1]);
}

test('a Redis that was stopped is not missed: what the proxy admitted before still counts', async () => {
  await start();
  const tenant = await rig.tenant(limitedBy(limitRule({ limit: 10 })));
  expect(await calls(tenant, 6)).toEqual({ 200: 6 });
  await server.close();
  await waitFor(() => call(tenant).then((status) => status === 200), 'the policy is served without Redis');
  expect(await calls(tenant, 10)).toEqual({ 200: 3, 429: 7 });
  expect(await metric('alone')).toBe(1);
  expect(await metric('decisions_total{by="proxy"}')).toBeGreaterThanOrEqual(11);
});

test('a Redis that accepts and never answers delays a few requests and then none, and the limit holds', async () => {
  await start();
  const tenant = await rig.tenant(limitedBy(limitRule({ limit: 10 })));
  expect(await calls(tenant, 2)).toEqual({ 200: 2 });
  const before = await metric('decisions_total{by="proxy"}'); // a busy Redis may have been late already
  forwarder.fallSilent();
  expect(await calls(tenant, 50)).toEqual({ 200: 8, 429: 42 });
  expect((await metric('decisions_total{by="proxy"}')) - before).toBe(50);
  // Redis was asked five times in a row, and then about once a second.
  expect(await metric('failures_total')).toBeLessThan(40);
  forwarder.recover();
  await waitFor(async () => (await call(tenant), (await metric('alone')) === 0), 'Redis is asked again');
});

test('while Redis is away a sliding limit, and limits by a value, are each held too', async () => {
  await start();
  await server.close();
  const rules = [
    limitRule({ name: 'sliding', limit: 3, technique: 'SLIDING', key: 'HEADER', keyName: 'x-user-id' }),
    limitRule({ name: 'all', limit: 5 }),
  ];
  const tenant = await rig.tenant(limitedBy(...rules));
  const statuses: number[] = [];
  for (const user of ['a', 'a', 'a', 'a', 'b', 'b', 'b']) {
    const response = await post(`${tenant.base}/openai/chat/completions`, CHAT, { 'x-user-id': user });
    statuses.push(response.status);
  }
  expect(statuses).toEqual([200, 200, 200, 429, 200, 200, 429]);
});

test('after FLUSHALL counting begins anew, at once for who was not refused, and soon for who was', async () => {
  await start();
  const [counted, refused] = [
    await rig.tenant(limitedBy(limitRule({ limit: 4 }))),
    await rig.tenant(limitedBy(limitRule({ limit: 1 }))),
  ];
  expect(await calls(counted, 3)).toEqual({ 200: 3 });
  expect(await calls(refused, 2)).toEqual({ 200: 1, 429: 1 });
  const redis = new Redis({ path: server.url.slice('unix://'.length) });
  await redis.flushall();
  await redis.script('FLUSH');
  redis.disconnect();
  expect(await calls(counted, 5)).toEqual({ 200: 4, 429: 1 });
  await waitFor(async () => (await call(refused)) === 200, 'the remembered refusal is not believed for ever');
  expect(await call(refused)).toBe(429);
});
