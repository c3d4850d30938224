/** Large answers in Redis: looked for together, none holds up what is small, and each is read once. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import { UNREAD } from '../../../../proxy/cache/large-reads.js';
import { SharedAnswers, type AnswerToKeep } from '../../../../proxy/cache/shared-answers.js';
import { newUuidV7, type AccountId, type GatewayId } from '../../../../schema/contracts/ids.js';
import { cachedAnswerKey, cachedAnswerName } from '../../../../schema/contracts/redis-keys.js';
import { written } from '../../../support/cached-answer.js';
import { openRedis } from '../../../support/cached-keys.js';
import { openTestRedis, type TestRedis } from '../../../support/redis.js';

const MEBIBYTE = 1024 * 1024;

describe.each(['redis-server', 'js-redis-server'] as const)('with %s', (kind) => {
  let server: TestRedis;
  let redis: Redis;

  beforeAll(async () => {
    server = await openTestRedis(kind);
    redis = await openRedis(server.url);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.close();
  });

  test('what is small comes with the look-up, what is large by itself and once, and what is too much is not found', async () => {
    const [accountId, gatewayId] = [newUuidV7() as AccountId, newUuidV7() as GatewayId]; // of nobody's
    const nameOf = (keyHash: string) => cachedAnswerName({ accountId, gatewayId, epoch: 0, keyHash });
    const larges = Array.from({ length: 12 }, (_, number) => `large-${number}`);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    for (const large of larges) await redis.set(cachedAnswerKey(nameOf(large)), Buffer.alloc(MEBIBYTE + 1, large));
    await redis.set(cachedAnswerKey(nameOf('small')), bytes);
    const reads: string[] = [];
    const watched = new Proxy(redis, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]): unknown => {
          reads.push(String(name));
          return Reflect.apply(value, target, given);
        };
      },
    });
    const answers = new SharedAnswers(watched, 1e9);
    const read = (keyHash: string) =>
      new Promise<Buffer | typeof UNREAD | null>((told, failed) => answers.read(nameOf(keyHash), { told, failed }));
    const looking = ['small', larges[0] ?? '', 'none', 'small', ...larges].map(read);
    const found = await Promise.all(looking);
    expect([found[0], found[2], found[3]]).toEqual([bytes, null, bytes]);
    expect(found[1]?.length).toBe(MEBIBYTE + 1);
    expect(found[4]).toBe(found[1]);
    const large = found.slice(4);
    for (const [number, answer] of large.entries()) {
      if (answer instanceof Buffer) expect(answer.equals(Buffer.alloc(MEBIBYTE + 1, larges[number] ?? ''))).toBe(true);
    }
    expect(large.filter((answer) => answer === UNREAD)).toHaveLength(4);
    expect(reads.filter((name) => name === 'getBuffer')).toHaveLength(8);
    // those that there was no room for come the next time
    expect(await read(larges[11] ?? '')).toBeInstanceOf(Buffer);
    // A small one takes the place of one that nobody can read, and another one stays.
    const keep = (replaces: AnswerToKeep['replaces']): Promise<number | null> =>
      new Promise((told, failed) => {
        const { member } = nameOf(larges[0] ?? '');
        answers.keep(accountId, { member, ttlMs: 60_000, replaces, ...written(bytes), told, failed });
      });
    expect(await keep(null)).toBeNull();
    expect(await keep('*')).toBe(0);
    expect(await read(larges[0] ?? '')).toEqual(bytes);
  });
});
