/** An explanation leaves no trace: no count, no row, no key, no call; and only the api is given one. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { deriveKey } from '../../../../platform/keys.js';
import { EXPLAIN_PATH, explainAuthorization } from '../../../../schema/contracts/explain-call.js';
import type { DescribedRequest, Explanation } from '../../../../schema/contracts/explanation.js';
import { describedRequest, explainerOf, send } from '../../../support/explain.js';
import { answerJson, chatCompletion } from '../../../support/fake-upstream.js';
import { TEST_PEPPER } from '../../../support/proxy.js';
import { limitedBy, limitRule } from '../../../support/rate-limits.js';
import { CHAT, startRig, type Rig } from '../../../support/rig.js';
import { waitFor } from '../../../support/wait-for.js';

const FAILURES_MIN = 3;
/** One that opens stays open for all of its test: only a short time ends, and only where that is waited for. */
const openFor = (openMs: number) => ({ failuresMin: FAILURES_MIN, openMsMin: openMs, openMsMax: openMs });
let rig: Rig;
let redis: Redis;

beforeAll(async () => {
  rig = await startRig({}, { breakers: openFor(60_000) });
  redis = new Redis(rig.proxy.redis.url);
});
afterAll(async () => {
  redis.disconnect();
  await rig.stop();
});

const explain = (described: DescribedRequest): Promise<Explanation> => explainerOf(rig.proxy).explain(described);

/** Names and values of all that Redis has, but for the proxies' signs of life and what expires by itself. */
async function redisState(): Promise<string> {
  const keys = (await redis.keys('*')).filter((key) => !key.includes('prox')).toSorted();
  const dumps = await Promise.all(keys.map((key) => redis.dump(key)));
  return JSON.stringify(keys.map((key, index) => [key, dumps[index]]));
}

test('limits, cache, breakers and records are as they were', async () => {
  const tenant = await rig.tenant({ ...limitedBy(limitRule({ limit: 3 })), cache_ttl_seconds: 60 });
  rig.upstream.answer = answerJson(200, chatCompletion());
  const described = describedRequest(tenant, { body: CHAT });
  expect((await send(rig.proxy, described)).headers.get('cf-aig-cache-status')).toBe('MISS');
  await waitFor(async () => (await redis.keys('*cache*')).length > 0, 'the answer is in Redis');
  const [before, seen] = [await redisState(), rig.upstream.seen.length];
  const first = await explain(described);
  expect(first).toMatchObject({ outcome: 'CACHED', rateLimits: [{ remaining: 2, isRefusing: false }] });
  for (let i = 0; i < 5; i++) expect((await explain(described)).rateLimits).toMatchObject([{ remaining: 2 }]);
  expect(await redisState()).toBe(before);
  expect(rig.upstream.seen).toHaveLength(seen);
});

/** A new tenant and a request of his, which has just failed often enough. */
async function failingRequest({ tenant: newTenant, upstream, proxy }: Rig) {
  const tenant = await newTenant();
  upstream.answer = answerJson(500, {});
  const described = describedRequest(tenant, { body: CHAT });
  for (let i = 0; i < FAILURES_MIN; i++) expect((await send(proxy, described)).status).toBe(500);
  return { tenant, described };
}

test('what an open breaker would refuse is told', async () => {
  const { tenant, described } = await failingRequest(rig);
  const retryAfterSeconds = expect.any(Number);
  const refusal = { stage: 'BREAKER', statusCode: 503, errorCode: 9006, retryAfterSeconds };
  expect(await explain(described)).toMatchObject({ outcome: 'REFUSED', refusal, calls: [{ provider: 'openai' }] });
  const steps = describedRequest(tenant, {
    provider: null,
    path: '',
    body: [1, 2].map(() => ({ provider: 'openai', endpoint: 'chat/completions', query: CHAT })),
  });
  const calls = [
    { step: 0, isTried: false, refusal },
    { step: 1, isTried: true, refusal },
  ];
  expect(await explain(steps)).toMatchObject({ outcome: 'FORWARDED', calls });
});

test('the one call that a breaker lets through is left to a request', async () => {
  const hasty = await startRig({}, { breakers: openFor(300) });
  try {
    const { described } = await failingRequest(hasty);
    const outcome = async () => (await explainerOf(hasty.proxy).explain(described)).outcome;
    hasty.upstream.answer = answerJson(200, chatCompletion());
    await waitFor(async () => (await outcome()) === 'FORWARDED', 'the breaker lets one through');
    expect(await outcome()).toBe('FORWARDED');
    expect((await send(hasty.proxy, described)).status).toBe(200);
  } finally {
    await hasty.stop();
  }
});

test('whoever has not signed as the api does finds no such path', async () => {
  const tenant = await rig.tenant();
  const body = JSON.stringify(describedRequest(tenant, { body: CHAT }));
  const ask = async (authorization: string): Promise<readonly [number, string]> => {
    const headers = { 'content-type': 'application/json', authorization };
    const response = await fetch(rig.proxy.url + EXPLAIN_PATH, { method: 'POST', headers, body });
    return [response.status, await response.text()];
  };
  const key = deriveKey(TEST_PEPPER, 'explain');
  const sign = (by: Buffer, atMs: number): string => explainAuthorization(by, Buffer.from(body), atMs);
  const nowhere = await fetch(`${rig.proxy.url}/nowhere`, { method: 'POST' });
  const unknown = [404, await nowhere.text()];
  expect(await ask('')).toEqual(unknown);
  expect(await ask(`Bearer ${await tenant.apiToken()}`)).toEqual(unknown);
  expect(await ask(sign(deriveKey(TEST_PEPPER, 'session'), Date.now()))).toEqual(unknown);
  expect(await ask(sign(key, Date.now() - 120_000))).toEqual(unknown);
  expect((await ask(explainAuthorization(key, Buffer.from('{}'), Date.now())))[0]).toBe(400);
  expect((await ask(sign(key, Date.now())))[0]).toBe(200);
});

test("a description that leads to another account's gateway is not explained", async () => {
  const [tenant, other] = [await rig.tenant(), await rig.tenant()];
  const described = { ...describedRequest(tenant, { body: CHAT }), accountTag: other.tag };
  await expect(explain(described)).rejects.toThrow('answered 500');
});
