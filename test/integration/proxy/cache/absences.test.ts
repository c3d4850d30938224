/**
 * Look-ups that need not ask Redis, since it is known here that nothing is kept there: whatever stands in Redis is
 * found all the same.
 */
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AnswerCache, ANSWER_CACHE_OPTIONS, type FoundAnswer } from '../../../../proxy/cache/answer-cache.js';
import { storable, writtenAnswer } from '../../../../proxy/cache/stored-answer.js';
import { cacheKeys, REDIS_OVERHEAD_BYTES } from '../../../../schema/contracts/cache-log.js';
import { newUuidV7, type AccountId, type GatewayId } from '../../../../schema/contracts/ids.js';
import { cachedAnswerKey, cachedAnswerName, type CachedAnswerName } from '../../../../schema/contracts/redis-keys.js';
import { cachedAnswer } from '../../../support/cached-answer.js';
import { openRedis } from '../../../support/cached-keys.js';
import { openTestRedis, type TestRedis } from '../../../support/redis.js';
import { storedPropertyRuns } from '../../../support/test-size.js';
import { waitFor } from '../../../support/wait-for.js';

const ANSWER = cachedAnswer(Buffer.alloc(100, 1));
const KEEPING = { ttlSeconds: 600, outdated: null };
const gatewayId = newUuidV7() as GatewayId; // of nobody's

let server: TestRedis;
let connections: Redis[] = [];
let accountId: AccountId;

beforeAll(async () => {
  server = await openTestRedis();
});
afterAll(() => server.close());
beforeEach(() => {
  accountId = newUuidV7() as AccountId; // of nobody's
});
afterEach(() => {
  for (const connection of connections) connection.disconnect();
  connections = [];
});

async function connected(url = server.url): Promise<Redis> {
  const redis = await openRedis(url);
  connections.push(redis);
  return redis;
}

/** Of two proxies, of which the first is `busy`. Memory keeps nothing: what is found is found in Redis. */
async function twoCaches(accountBytesMax = 1e9, url = server.url): Promise<readonly [AnswerCache, AnswerCache]> {
  const options = { ...ANSWER_CACHE_OPTIONS, memoryAnswerBytesMax: 1, accountBytesMax };
  return [new AnswerCache(await connected(url), options), new AnswerCache(await connected(url), options)];
}

const nameOf = (keyHash: string | number): CachedAnswerName =>
  cachedAnswerName({ accountId, gatewayId, epoch: 0, keyHash: String(keyHash).padStart(64, '0') });
const find = (cache: AnswerCache, name: CachedAnswerName): FoundAnswer | Promise<FoundAnswer> =>
  cache.find(
    name,
    () => true,
    (found) => found,
  );
const put = (cache: AnswerCache, name: CachedAnswerName): void => cache.put(name, ANSWER, KEEPING);
const stands = async (name: CachedAnswerName): Promise<boolean> =>
  (await connections[0]?.exists(cachedAnswerKey(name))) === 1;

/** Makes it busy with what nobody has asked for, until it knows. */
let asked = 1e9;
async function watched(cache: AnswerCache): Promise<void> {
  const before = cache.absences.counts.absent;
  await waitFor(async () => {
    await Promise.all(Array.from({ length: 200 }, async () => find(cache, nameOf(asked++))));
    return cache.absences.counts.absent > before;
  }, 'some are known to be absent');
}

test('a busy account whose look-ups find nothing asks no more, and finds what was kept before, here, and elsewhere', async () => {
  const [busy, other] = await twoCaches();
  const before = Array.from({ length: 2_500 }, (_, index) => nameOf(`before-${index}`));
  for (const name of before) put(other, name);
  await waitFor(() => stands(before.at(-1) ?? nameOf('')), 'all are kept');
  await watched(busy);
  expect(find(busy, nameOf('nobody'))).toBeNull(); // no promise
  for (const name of before) expect(await find(busy, name)).toEqual(ANSWER);

  const own = nameOf('own');
  expect(find(busy, own)).toBeNull();
  put(busy, own);
  expect(await find(busy, own)).toEqual(ANSWER);

  const theirs = nameOf('theirs');
  expect(find(busy, theirs)).toBeNull();
  put(other, theirs);
  expect(await waitFor(async () => find(busy, theirs), 'it is found')).toEqual(ANSWER);
  // What is not busy knows nothing, and asks.
  expect(find(other, nameOf('nobody'))).toBeInstanceOf(Promise);
});

test('news that are gone are made up for: what was kept meanwhile is found', async () => {
  const [busy, other] = await twoCaches();
  await watched(busy);
  const [redis] = connections;
  const [, , , , news] = cacheKeys(accountId);
  const losses = [() => redis?.del(news), () => redis?.flushall(), () => redis?.xtrim(news, 'MAXLEN', 0)];
  for (const [index, lose] of losses.entries()) {
    await lose();
    const name = nameOf(`kept-${index}`);
    put(other, name);
    await waitFor(() => stands(name), 'it is kept');
    expect(await waitFor(async () => find(busy, name), 'it is found')).toEqual(ANSWER);
    await watched(busy);
    expect(await find(busy, name)).toEqual(ANSWER);
  }
});

test('nothing that stands is taken for absent, whatever is kept, used and evicted', async () => {
  const entryBytes = writtenAnswer(storable(ANSWER)).length + REDIS_OVERHEAD_BYTES;
  const anyKey = fc.integer({ min: 0, max: 30 });
  const anyStep = fc.record({
    at: fc.constantFrom('busy', 'other'),
    does: fc.constantFrom('put', 'find'),
    key: anyKey,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 30, maxLength: 60 }), async (steps) => {
      accountId = newUuidV7() as AccountId; // of nobody's
      const [busy, other] = await twoCaches(12 * entryBytes);
      await watched(busy);
      for (const { at, does, key } of steps) {
        const cache = at === 'busy' ? busy : other;
        if (does === 'put') put(cache, nameOf(key));
        else await find(cache, nameOf(key));
      }
      other.stop();
      await watched(busy);
      for (let key = 0; key <= 30; key++) {
        // What was put last may still evict it.
        const isFoundOrGone = async (): Promise<boolean> =>
          (await find(busy, nameOf(key))) !== null || !(await stands(nameOf(key)));
        await waitFor(isFoundOrGone, `${key} is found, or gone`);
      }
      busy.stop();
      for (const connection of connections.splice(0)) connection.disconnect();
    }),
    { ...storedPropertyRuns, numRuns: Math.ceil(storedPropertyRuns.numRuns / 4), endOnFailure: true },
  );
}, 120_000);

test('the server that `npm start` brings along tells news as well', async () => {
  const own = await openTestRedis('js-redis-server');
  const [busy, other] = await twoCaches(1e9, own.url);
  put(other, nameOf('before'));
  await waitFor(() => stands(nameOf('before')), 'it is kept');
  await watched(busy);
  put(other, nameOf('theirs'));
  for (const name of [nameOf('before'), nameOf('theirs')])
    expect(await waitFor(async () => find(busy, name), 'it is found')).toEqual(ANSWER);
  busy.stop();
  for (const connection of connections.splice(0)) connection.disconnect();
  await own.close();
});
