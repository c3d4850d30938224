/** T-CACHE-6 and T-CACHE-7: many keys, and what stands behind a hit on its connection. */
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { AnswerCache, ANSWER_CACHE_OPTIONS } from '../../../../proxy/cache/answer-cache.js';
import { SharedAnswers, type AnswerToKeep } from '../../../../proxy/cache/shared-answers.js';
import { storable, writtenAnswer } from '../../../../proxy/cache/stored-answer.js';
import { cacheKeys, REDIS_OVERHEAD_BYTES } from '../../../../schema/contracts/cache-log.js';
import { CACHE_TTL_SECONDS_MAX } from '../../../../schema/contracts/cache-purges.js';
import { newUuidV7, type AccountId, type GatewayId } from '../../../../schema/contracts/ids.js';
import { cachedAnswerKey, cachedAnswerName, type CachedAnswerName } from '../../../../schema/contracts/redis-keys.js';
import { DISTINCT_SHARED_KEYS, FULL_SIZE_TIMEOUT_MS } from '../../../support/cache-sizes.js';
import { cachedAnswer, written } from '../../../support/cached-answer.js';
import { openRedis } from '../../../support/cached-keys.js';
import { answerJson, chatCompletion } from '../../../support/fake-upstream.js';
import { rawExchange } from '../../../support/raw-exchange.js';
import { openTestRedis } from '../../../support/redis.js';
import { CHAT, post, startRig, type Rig } from '../../../support/rig.js';
import { waitFor } from '../../../support/wait-for.js';

const ANSWER = cachedAnswer(Buffer.alloc(1_000, 1));
const KEEPING = { ttlSeconds: 600, outdated: null };

let rig: Rig;

/** Entries of all of an account's logs, and what is booked of them. */
async function bookedOf(redis: Redis, accountId: AccountId): Promise<{ entries: string[]; bytes: number }> {
  const [booked, , logs] = cacheKeys(accountId);
  const bytes = (await redis.hvals(booked)).reduce((sum, value) => sum + Number(value), 0);
  const names = await redis.keys(`${logs}*`);
  return { entries: (await Promise.all(names.map((name) => redis.lrange(name, 0, -1)))).flat(), bytes };
}

const bytesOf = (entries: readonly string[]): number =>
  entries.reduce((sum, entry) => sum + Number(entry.split(' ')[2]), 0);

beforeAll(async () => {
  rig = await startRig();
  rig.upstream.answer = answerJson(200, chatCompletion());
});
afterAll(() => rig.stop());

test(
  'T-CACHE-6: however many keys come, an account has its bound in Redis, and others keep what they have',
  async () => {
    const server = await openTestRedis();
    const redis = await openRedis(server.url);
    const accountBytesMax = 200_000;
    const cache = new AnswerCache(redis, { ...ANSWER_CACHE_OPTIONS, memoryAnswerBytesMax: 1_100, accountBytesMax });
    const [greedy, modest] = [newUuidV7() as AccountId, newUuidV7() as AccountId]; // of nobody's
    const gatewayId = newUuidV7() as GatewayId; // likewise
    const nameOf = (accountId: AccountId, keyHash: string) =>
      cachedAnswerName({ accountId, gatewayId, epoch: 0, keyHash });
    const kept = nameOf(modest, 'kept');
    cache.put(kept, ANSWER, KEEPING);
    for (let i = 0; i < DISTINCT_SHARED_KEYS; i++) {
      cache.put(nameOf(greedy, `key-${i}`), ANSWER, KEEPING);
      if (i % 100 !== 99) continue;
      await waitFor(
        async () => (await redis.exists(cachedAnswerKey(nameOf(greedy, `key-${i}`)))) === 1,
        'it is written',
      );
      expect((await bookedOf(redis, greedy)).bytes).toBeLessThanOrEqual(accountBytesMax);
    }
    const keys = await redis.keys(`*{${greedy}}:answer:*`);
    expect(keys.length).toBeGreaterThan(50);
    expect(keys.length).toBeLessThan(200);
    const { entries, bytes } = await bookedOf(redis, greedy);
    expect([entries.length, bytes]).toEqual([keys.length, bytesOf(entries)]);
    expect(bytes).toBeGreaterThan(accountBytesMax / 2);
    expect(cache.counts.redisEvictions).toBe(DISTINCT_SHARED_KEYS - keys.length);
    expect(await redis.exists(cachedAnswerKey(kept))).toBe(1);
    redis.disconnect();
    await server.close();
  },
  FULL_SIZE_TIMEOUT_MS,
);

test('answers of one name that are kept in the same turn are counted once, with others evicted between them', async () => {
  const server = await openTestRedis();
  const redis = await openRedis(server.url);
  const cache = new AnswerCache(redis, { ...ANSWER_CACHE_OPTIONS, accountBytesMax: 20_000 });
  const [accountId, gatewayId] = [newUuidV7() as AccountId, newUuidV7() as GatewayId]; // of nobody's
  const nameOf = (keyHash: string) => cachedAnswerName({ accountId, gatewayId, epoch: 0, keyHash });
  for (let turn = 0; turn < 40; turn++) {
    for (const keyHash of [`twice-${turn}`, `other-${turn}`, `twice-${turn}`])
      cache.put(nameOf(keyHash), ANSWER, KEEPING);
    await waitFor(async () => (await redis.exists(cachedAnswerKey(nameOf(`twice-${turn}`)))) === 1, 'it is written');
    const { entries, bytes } = await bookedOf(redis, accountId);
    expect(bytes).toBe(bytesOf(entries));
  }
  const { entries } = await bookedOf(redis, accountId);
  expect((await redis.keys(`*{${accountId}}:answer:*`)).length).toBe(entries.length);
  expect(entries.length).toBeGreaterThan(5);
  redis.disconnect();
  await server.close();
});

test('what was used last is evicted last, whatever the clock of the proxy says, and is held as long as Redis has it', async () => {
  const server = await openTestRedis();
  const redis = await openRedis(server.url);
  const accountId = newUuidV7() as AccountId; // of nobody's
  const nameOf = (keyHash: string) =>
    cachedAnswerName({ accountId, gatewayId: newUuidV7() as GatewayId, epoch: 0, keyHash });
  const [first, second, third] = [nameOf('first'), nameOf('second'), nameOf('third')];
  const answer = writtenAnswer(storable(ANSWER));
  const answers = new SharedAnswers(redis, 2 * (answer.length + REDIS_OVERHEAD_BYTES));
  const keep = (
    { member }: CachedAnswerName,
    answer: Buffer,
    replaces: AnswerToKeep['replaces'] = null,
  ): Promise<number | null> =>
    new Promise((told, failed) => {
      answers.keep(accountId, { member, ttlMs: 600_000, replaces, ...written(answer), told, failed });
    });
  for (const name of [first, second]) await keep(name, answer);
  jest.spyOn(Date, 'now').mockReturnValue(0);
  expect(await answers.use(first, answer)).toBeGreaterThan(590_000);
  jest.restoreAllMocks();
  await keep(third, answer);
  expect(await Promise.all([first, second, third].map((name) => redis.exists(cachedAnswerKey(name))))).toEqual([
    1, 0, 1,
  ]);
  expect(await answers.use(second, answer)).toBe(-2);
  await keep(first, Buffer.alloc(10));
  expect(await answers.use(first, answer)).toBeGreaterThan(0); // it stays: nobody said that it suits no more
  await keep(first, Buffer.alloc(10), '*');
  expect(await answers.use(first, answer)).toBe(-2); // another one stands there
  redis.disconnect();
  await server.close();
});

/** Room for some answers of one account, in a Redis of their own. */
async function roomFor(answersMax: number, kind?: 'js-redis-server') {
  const server = await openTestRedis(kind);
  const redis = await openRedis(server.url);
  const [accountId, gatewayId] = [newUuidV7() as AccountId, newUuidV7() as GatewayId]; // of nobody's
  const usual = writtenAnswer(storable(ANSWER));
  const bytesMax = answersMax * (usual.length + REDIS_OVERHEAD_BYTES);
  const answers = new SharedAnswers(redis, bytesMax);
  const nameOf = (keyHash: string) => cachedAnswerName({ accountId, gatewayId, epoch: 0, keyHash });
  return {
    redis,
    accountId,
    bytesMax,
    keys: cacheKeys(accountId),
    keep: (
      keyHash: string,
      ttlMs = 60_000,
      { replaces = null, answer = usual }: Partial<Pick<AnswerToKeep, 'replaces'>> & { readonly answer?: Buffer } = {},
    ): Promise<number | null> =>
      new Promise((told, failed) => {
        const { member } = nameOf(keyHash);
        answers.keep(accountId, { member, ttlMs, replaces, ...written(answer), told, failed });
      }),
    use: (keyHash: string) => answers.use(nameOf(keyHash), usual),
    stands: async (keyHash: string) => (await redis.exists(cachedAnswerKey(nameOf(keyHash)))) === 1,
    listed: async () =>
      (await bookedOf(redis, accountId)).entries.map((entry) => entry.split(':').at(-1) ?? '').toSorted(),
    answers: async () => (await redis.keys(`*{${accountId}}:answer:*`)).length,
    close: async () => {
      redis.disconnect();
      await server.close();
    },
  };
}

test('answers of several times to live: what has ended leaves its log, what there is no room for goes by when it was kept', async () => {
  const { redis, accountId, keep, use, stands, listed, answers, close } = await roomFor(5);
  await keep('a-day', 86_400_000);
  await keep('short', 1_000);
  await keep('an-hour', 3_600_000);
  expect((await redis.keys(`*{${accountId}}:log:*`)).length).toBe(3);
  await waitFor(async () => !(await stands('short')), 'the short one has ended');
  expect(await keep('a-minute')).toBe(0);
  expect(await listed()).toEqual(['a-day', 'a-minute', 'an-hour']);
  for (const name of ['first', 'second']) expect(await keep(name)).toBe(0);
  expect(await use('a-day')).toBeGreaterThan(0);
  // The day's was used, and goes on to the end of its log; the next one is the hour's.
  expect(await keep('third')).toBe(1);
  expect(await listed()).toEqual(['a-day', 'a-minute', 'first', 'second', 'third']);
  for (const name of ['fourth', 'fifth', 'sixth']) expect(await keep(name)).toBe(1);
  expect(await listed()).toEqual(['a-day', 'fifth', 'fourth', 'sixth', 'third']);
  expect(await answers()).toBe(5);
  const { entries, bytes } = await bookedOf(redis, accountId);
  expect(bytes).toBe(bytesOf(entries));
  await close();
});

test('where one stands another is kept only in its place, and its entry takes nothing else with it', async () => {
  const { redis, keep, use, stands, listed, close } = await roomFor(3);
  await keep('hot');
  expect(await keep('hot')).toBeNull();
  // One that was found outdated, and has been replaced since, is no reason to replace what stands there now.
  expect(await keep('hot', 60_000, { replaces: Buffer.from('something else') })).toBeNull();
  expect(await listed()).toEqual(['hot']);
  await keep('hot', 3_600_000, { replaces: Buffer.from(writtenAnswer(storable(ANSWER)).subarray(0, 64)) });
  expect(await listed()).toEqual(['hot', 'hot']);
  expect(await use('hot')).toBeGreaterThan(3_500_000);
  await keep('other');
  // The older entry goes, whose answer ends otherwise; that one was used is still known, so the other one goes next.
  expect(await keep('further')).toBe(0);
  expect(await listed()).toEqual(['further', 'hot', 'other']);
  expect(await keep('last')).toBe(1);
  expect(await listed()).toEqual(['further', 'hot', 'last']);
  expect([await stands('hot'), await stands('other')]).toEqual([true, false]);
  // None of the lists is without an end, though the hour's was empty for a moment.
  for (const log of await redis.keys('*:log:*')) expect(await redis.pttl(log)).toBeGreaterThan(0);
  await close();
});

test('the Redis of the zero set-up keeps to the same bound', async () => {
  const { redis, accountId, keep, use, stands, listed, answers, close } = await roomFor(3, 'js-redis-server');
  for (const name of ['first', 'second', 'third']) expect(await keep(name)).toBe(0);
  expect(await use('first')).toBeGreaterThan(0);
  expect(await keep('third', 3_600_000, { replaces: '*' })).toBe(1);
  expect([await stands('first'), await stands('second'), await stands('third')]).toEqual([true, false, true]);
  expect(await listed()).toEqual(['first', 'third', 'third']);
  const { entries, bytes } = await bookedOf(redis, accountId);
  expect([bytes, await answers()]).toEqual([bytesOf(entries), 2]);
  await close();
});

test('what is used over and over leaves room for others all the same', async () => {
  const { keep, use, listed, close } = await roomFor(50);
  for (let i = 0; i < 50; i++) await keep(`used-${i}`);
  for (let i = 0; i < 50; i++) expect(await use(`used-${i}`)).toBeGreaterThan(0);
  expect(await keep('new')).toBe(1);
  expect(await listed()).toContain('new');
  expect((await listed()).length).toBe(50);
  await close();
});

test('of several that are kept together one takes the place of what any of them found outdated', async () => {
  const { keep, listed, redis, close } = await roomFor(5);
  await keep('key', 60_000, { answer: Buffer.from('outdated') });
  const kept = [
    keep('key', 60_000, { replaces: Buffer.from('outdated'), answer: Buffer.from('first') }),
    keep('key', 60_000, { answer: Buffer.from('last') }),
  ];
  expect(await Promise.all(kept)).toEqual([null, 0]);
  expect(await listed()).toEqual(['key', 'key']);
  expect(await redis.get((await redis.keys('*:answer:*'))[0] ?? '')).toBe('last');
  await close();
});

test('one that finds no room says how many left for it in vain', async () => {
  const { keep, listed, close } = await roomFor(1_200);
  const small = Buffer.alloc(1);
  await Promise.all(Array.from({ length: 1_100 }, (_, i) => keep(`small-${i}`, 60_000, { answer: small })));
  expect((await listed()).length).toBe(1_100);
  const large = Buffer.alloc(
    1_200 * (writtenAnswer(storable(ANSWER)).length + REDIS_OVERHEAD_BYTES) - REDIS_OVERHEAD_BYTES,
  );
  expect(await keep('large', 60_000, { answer: large })).toBe(-1_001);
  expect((await listed()).length).toBe(100);
  expect(await keep('large', 60_000, { answer: large })).toBe(100);
  expect(await keep('too-large', 60_000, { answer: Buffer.alloc(large.length + 1) })).toBe(-1);
  await close();
});

test('a log that somebody removed, or a sum that somebody did, is made up for', async () => {
  const { redis, accountId, bytesMax, keys, keep, answers, close } = await roomFor(5);
  const [booked, , logs] = keys;
  let kept = 0;
  for (const lost of [booked, booked, `${logs}*`, booked, `${logs}*`]) {
    for (let i = 0; i < 7; i++) expect(await keep(`key-${(kept += 1)}`)).toBeGreaterThanOrEqual(0);
    const { entries, bytes } = await bookedOf(redis, accountId);
    expect([bytes, bytes <= bytesMax]).toEqual([bytesOf(entries), true]);
    await redis.del(...(await redis.keys(lost)));
  }
  for (let i = 0; i < 7; i++) expect(await keep(`key-${(kept += 1)}`)).toBeGreaterThanOrEqual(0);
  const { entries, bytes } = await bookedOf(redis, accountId);
  expect([entries.length, bytes]).toEqual([5, bytesOf(entries)]);
  expect(await answers()).toBeGreaterThanOrEqual(5); // those that nothing counts any more end with their time
  await close();
});

test('what counts an account’s answers outlives each of them, and is prolonged when it would not', async () => {
  const server = await openTestRedis();
  const redis = await openRedis(server.url);
  const cache = new AnswerCache(redis);
  const [accountId, gatewayId] = [newUuidV7() as AccountId, newUuidV7() as GatewayId]; // of nobody's
  const [booked, used, logs] = cacheKeys(accountId);
  const keys = (): Promise<string[]> => redis.keys(`${logs}*`).then((names) => [booked, ...names]);
  const ttls = async (): Promise<number[]> => Promise.all((await keys()).map((key) => redis.pttl(key)));
  const keep = async (keyHash: string): Promise<void> => {
    const name = cachedAnswerName({ accountId, gatewayId, epoch: 0, keyHash });
    cache.put(name, ANSWER, { ttlSeconds: CACHE_TTL_SECONDS_MAX, outdated: null });
    await waitFor(async () => (await redis.exists(cachedAnswerKey(name))) === 1, 'it is written');
  };
  const outliving = CACHE_TTL_SECONDS_MAX * 1_000;
  await keep('first');
  expect(Math.min(...(await ttls()))).toBeGreaterThan(outliving);
  for (const key of await keys()) await redis.pexpire(key, outliving - 1);
  await keep('second');
  expect(Math.min(...(await ttls()))).toBeGreaterThan(outliving);
  for (const key of await keys()) await redis.persist(key); // as an older version, or somebody else, might leave it
  await keep('third');
  expect(Math.min(...(await ttls()))).toBeGreaterThan(outliving);
  // Once all have ended, there is no log: the next answer begins it anew.
  for (const log of await redis.keys(`${logs}*`)) {
    const entries = (await redis.lrange(log, 0, -1)).map((entry) => entry.replace(/^(\d+) \d+/, '$1 1'));
    await redis.del(log);
    await redis.rpush(log, ...entries);
    for (const entry of entries) await redis.sadd(used, entry.split(' ')[3] ?? '');
    await redis.del(...(await redis.keys(`*{${accountId}}:answer:*`)));
  }
  await keep('fourth');
  const { entries, bytes } = await bookedOf(redis, accountId);
  expect([entries.length, await redis.scard(used), bytes]).toEqual([1, 0, bytesOf(entries)]);
  expect(Math.min(...(await ttls()))).toBeGreaterThan(outliving);
  redis.disconnect();
  await server.close();
});

test('T-CACHE-7: behind a hit, its connection goes on with the next request, whatever the body was', async () => {
  const tenant = await rig.tenant();
  const path = `${new URL(tenant.base).pathname}/openai/chat/completions`;
  const head = (...lines: string[]): string =>
    [`POST ${path} HTTP/1.1`, 'Host: a', 'Content-Type: application/json', ...lines, '', ''].join('\r\n');
  const stored = head('cf-aig-cache-key: shared', 'Content-Length: 2', 'Connection: close');
  await rawExchange(rig.proxy.url, `${stored}{}`);
  // A body that is itself a request: unread, it would be the connection's next one.
  const smuggled = head('cf-aig-event-id: smuggled', 'Content-Length: 0');
  const asked = head('cf-aig-cache-key: shared', 'cf-aig-event-id: first', `Content-Length: ${smuggled.length}`);
  const chunked = head('cf-aig-cache-key: shared', 'cf-aig-event-id: second', 'Transfer-Encoding: chunked');
  const chunk = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
  const last = head('cf-aig-event-id: last', 'cf-aig-cache-key: shared', 'Content-Length: 0', 'Connection: close');
  const { text } = await rawExchange(rig.proxy.url, asked + smuggled + chunked + chunk + last);
  expect([...text.matchAll(/cf-aig-event-id: (\w+)/gi)].map(([, id]) => id)).toEqual(['first', 'second', 'last']);
  expect([...text.matchAll(/cf-aig-cache-status: (\w+)/gi)].map(([, status]) => status)).toEqual(Array(3).fill('HIT'));
});

test('T-CACHE-7: a body too large to be held goes to the provider, though its key has an answer', async () => {
  const tenant = await rig.tenant();
  const url = `${tenant.base}/openai/chat/completions`;
  const headers = { 'cf-aig-cache-key': 'shared' };
  await (await post(url, CHAT, headers)).text();
  rig.upstream.seen.length = 0;
  const body = JSON.stringify({ ...CHAT, padding: 'x'.repeat(1_100_000) });
  const answer = await post(url, body, headers);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cf-aig-cache-status')).toBeNull();
  expect(rig.upstream.seen[0]?.body.length).toBe(body.length);
});
