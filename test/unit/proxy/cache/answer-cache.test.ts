import type { Redis } from 'ioredis';
import { expect, jest, test } from '@jest/globals';
import { AnswerCache, type FoundAnswer } from '../../../../proxy/cache/answer-cache.js';
import type { CachedAnswer } from '../../../../proxy/cache/cached-answer.js';
import { storable, writtenAnswer } from '../../../../proxy/cache/stored-answer.js';
import { RedisTimeout } from '../../../../proxy/redis-script.js';
import { newUuidV7, type AccountId, type GatewayId } from '../../../../schema/contracts/ids.js';
import { cachedAnswerName } from '../../../../schema/contracts/redis-keys.js';
import { DISTINCT_KEYS, FULL_SIZE_TIMEOUT_MS } from '../../../support/cache-sizes.js';
import { cachedAnswer } from '../../../support/cached-answer.js';
import { redisOfScripts, type ScriptCall } from '../../../support/fake-scripts.js';
import { waitFor } from '../../../support/wait-for.js';

const [accountId, gatewayId] = [newUuidV7() as AccountId, newUuidV7() as GatewayId]; // of nobody's
const nameOf = (keyHash: string) => cachedAnswerName({ accountId, gatewayId, epoch: 0, keyHash });
const any = (): boolean => true;
const find = (cache: AnswerCache, keyHash: string, suits = any): FoundAnswer | Promise<FoundAnswer> =>
  cache.find(nameOf(keyHash), suits, (found) => found);

/** What else is asked of one that answers. */
const READY = { status: 'ready', stream: {} };
/** Of what the script that says so is told: a member, and how many bytes it has. */
const isUse = ({ values }: ScriptCall): boolean => values.length === 2;

/** Redis as it is while nobody is there; and one that never answers. */
const AWAY = { status: 'end' } as unknown as Redis; // nothing else of it is asked then
const silent = (commands: string[]): Redis =>
  redisOfScripts(
    () => {
      commands.push('exchange');
      throw new Error('Command timed out');
    },
    { status: 'ready', stream: { bytesRead: 0 } },
  );

const KEEPING = { ttlSeconds: 60, outdated: null };

/** What a call of the script asks for: which answers are to be kept, and whom to look for. */
function exchanged({ values }: ScriptCall): { answers: readonly Buffer[]; members: readonly string[] } {
  const kept = Number(String(values.at(-4))) * 4;
  const answers = values.slice(0, kept).filter((_value, index) => index % 4 === 3);
  return { answers, members: values.slice(kept, -4).map(String) };
}

const BOUNDS = { accountBytesMax: 1e9, memoryBytesMax: 1024 * 1024, memoryAnswerBytesMax: 64 * 1024 };

test(
  'T-CACHE-6: however many keys come, memory has its bound, and the last answers are there',
  () => {
    const cache = new AnswerCache(AWAY, { ...BOUNDS, now: () => 0 });
    const answer = cachedAnswer(Buffer.alloc(100));
    for (let i = 0; i < DISTINCT_KEYS; i++) {
      cache.put(nameOf(`key ${i}`), answer, KEEPING);
      if (cache.heldBytes > BOUNDS.memoryBytesMax) throw new Error(`${cache.heldBytes} bytes are held`);
    }
    expect(find(cache, `key ${DISTINCT_KEYS - 1}`)).toEqual(answer);
    expect(find(cache, 'key 0')).toBeNull();
    expect(cache.counts.stored).toBe(DISTINCT_KEYS);
    expect(cache.counts.memoryEvictions).toBeGreaterThan(DISTINCT_KEYS - 1_000);
    cache.put(nameOf('large'), cachedAnswer(Buffer.alloc(65_000)), KEEPING);
    expect(find(cache, 'large')).toBeNull();
  },
  FULL_SIZE_TIMEOUT_MS,
);

test('an answer is there until its time has passed, and not for whom it does not suit', () => {
  let nowMs = 0;
  const cache = new AnswerCache(AWAY, { ...BOUNDS, now: () => nowMs });
  const answer = cachedAnswer(Buffer.from('x'));
  cache.put(nameOf('key'), answer, KEEPING);
  expect(find(cache, 'key', () => false)).toBeNull();
  nowMs = 59_999;
  expect(find(cache, 'key')).toEqual(answer);
  nowMs = 60_000;
  expect(find(cache, 'key')).toBeNull();
});

test('a Redis that does not answer is a miss, and is not waited for again at once', async () => {
  let nowMs = 0;
  const commands: string[] = [];
  const cache = new AnswerCache(silent(commands), { ...BOUNDS, now: () => nowMs });
  expect(await find(cache, 'key')).toBeNull();
  expect(find(cache, 'key')).toBeNull(); // no promise
  cache.put(nameOf('key'), cachedAnswer(Buffer.from('x')), KEEPING);
  expect(cache.counts.notShared).toBe(1);
  nowMs = 1_000;
  await find(cache, 'other');
  expect(commands).toEqual(['exchange', 'exchange']);
  expect(cache.counts.failures).toBe(2);
});

test('a connection that answers nothing is given up, with all that was sent on it, at most every five seconds', async () => {
  let nowMs = 0;
  const disconnect = jest.fn<(isReconnecting: boolean) => void>();
  const late = (): never => {
    throw new RedisTimeout();
  };
  const redis = redisOfScripts(late, { status: 'ready', stream: { bytesRead: 0 }, disconnect });
  const cache = new AnswerCache(redis, { ...BOUNDS, now: () => nowMs });
  cache.put(nameOf('kept'), cachedAnswer(Buffer.from('x')), KEEPING);
  await find(cache, 'key');
  expect(disconnect.mock.calls).toEqual([[true]]);
  nowMs = 4_999;
  await find(cache, 'key');
  expect(disconnect).toHaveBeenCalledTimes(1);
  nowMs = 6_000;
  await find(cache, 'key');
  expect(disconnect).toHaveBeenCalledTimes(2);
});

test('a large answer that does not come in time is a miss of its own, and no outage', async () => {
  const stream = { bytesRead: 0 };
  let sent = 0;
  const answering = (): never => {
    stream.bytesRead += sent; // as much of the answer as came by then
    throw new Error('Command timed out');
  };
  const redis = redisOfScripts(answering, { status: 'ready', stream });
  const cache = new AnswerCache(redis, { ...BOUNDS, now: () => 0 });
  sent = 64 * 1024;
  expect(await find(cache, 'large')).toBeNull();
  const next = find(cache, 'next');
  expect(next).toBeInstanceOf(Promise); // Redis is asked again
  await next;
  expect(cache.counts).toMatchObject({ tooSlow: 2, failures: 0, misses: 2 });
  sent = 100;
  await find(cache, 'silent');
  expect(find(cache, 'next')).toBeNull();
  expect(cache.counts).toMatchObject({ tooSlow: 2, failures: 1, misses: 4 });
});

test('look-ups of one turn are one command, and what one finds is kept without what came along with it', async () => {
  const answer = cachedAnswer(Buffer.from('found'));
  const commands: (readonly string[])[] = [];
  const found = (call: ScriptCall): (Buffer | null)[] | number => {
    if (isUse(call)) return 5_000;
    const { members } = exchanged(call);
    commands.push(members);
    const reply = Buffer.alloc(64 * 1024); // as it comes from a socket, with other answers in it
    const bytes = writtenAnswer(storable(answer)).copy(reply);
    return members.map((member) => (member.endsWith('there') ? reply.subarray(0, bytes) : null));
  };
  const cache = new AnswerCache(redisOfScripts(found, READY), { ...BOUNDS, now: () => 0 });
  const looking = ['there', 'not', 'there'].map((key) => Promise.resolve(find(cache, key)));
  expect(await Promise.all(looking)).toEqual([answer, null, answer]);
  expect(commands.map(({ length }) => length)).toEqual([2]);
  await waitFor(() => cache.heldBytes > 0, 'it is held');
  const held = find(cache, 'there'); // from memory: no promise
  expect(held).toEqual(answer);
  expect((held as CachedAnswer) /* as was just seen */.body.buffer.byteLength).toBeLessThan(1024);
});

test('an answer that Redis has is in memory once it was asked for, and one that Redis did not take at once', async () => {
  const stored: Buffer[] = [];
  let room = true;
  const exchange = (call: ScriptCall): (Buffer | number | null)[] | number => {
    if (isUse(call)) return 5_000;
    const { answers, members } = exchanged(call);
    if (room) stored.push(...answers.map((bytes) => Buffer.from(bytes)));
    return [...answers.map(() => (room ? 0 : -1)), ...members.map(() => stored.at(-1) ?? null)];
  };
  const cache = new AnswerCache(redisOfScripts(exchange, READY), { ...BOUNDS, now: () => 0 });
  const answer = cachedAnswer(Buffer.from('shared'));
  cache.put(nameOf('shared'), answer, KEEPING);
  await waitFor(() => stored.length === 1, 'Redis has it');
  expect(cache.heldBytes).toBe(0);
  expect(await find(cache, 'shared')).toEqual(answer);
  await waitFor(() => cache.heldBytes > 0, 'it is held');
  expect(cache.counts).toMatchObject({ redisHits: 1, notShared: 0 });
  // A newer answer under the same name: what memory has is the older one.
  const newer = cachedAnswer(Buffer.from('newer'));
  cache.put(nameOf('shared'), newer, KEEPING);
  await waitFor(() => stored.length === 2, 'Redis has the newer one');
  expect(await find(cache, 'shared')).toEqual(newer);
  room = false;
  const alone = cachedAnswer(Buffer.from('alone'));
  cache.put(nameOf('alone'), alone, KEEPING);
  await waitFor(() => cache.counts.notShared === 1, 'there was no room');
  expect(find(cache, 'alone')).toEqual(alone); // no promise
});

test('an answer that is kept goes along with the next look-up, which finds it, or to Redis at a stop', async () => {
  const calls: { answers: number; members: number }[] = [];
  let stored: Buffer | null = null;
  const exchange = (call: ScriptCall): (Buffer | number | null)[] | number => {
    if (isUse(call)) return 5_000;
    const { answers, members } = exchanged(call);
    calls.push({ answers: answers.length, members: members.length });
    stored = answers.at(-1) ?? stored;
    return [...answers.map(() => 0), ...members.map(() => stored)];
  };
  const cache = new AnswerCache(redisOfScripts(exchange, READY), { ...BOUNDS, now: () => 0 });
  const answer = cachedAnswer(Buffer.from('kept'));
  cache.put(nameOf('key'), answer, KEEPING);
  expect(await find(cache, 'key')).toEqual(answer);
  cache.put(nameOf('other'), answer, KEEPING);
  cache.stop();
  expect(calls).toEqual([
    { answers: 1, members: 1 },
    { answers: 1, members: 0 },
  ]);
});
