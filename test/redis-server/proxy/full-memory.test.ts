/** A Redis that refuses to write since its memory is full goes on with what frees some first. */
import { expect, test } from '@jest/globals';
import { SharedAnswers } from '../../../proxy/cache/shared-answers.js';
import { REDIS_OVERHEAD_BYTES } from '../../../schema/contracts/cache-log.js';
import { newUuidV7, type AccountId, type GatewayId } from '../../../schema/contracts/ids.js';
import { cachedAnswerKey, cachedAnswerName } from '../../../schema/contracts/redis-keys.js';
import { written } from '../../support/cached-answer.js';
import { openRedis } from '../../support/cached-keys.js';
import { openTestRedis } from '../../support/redis.js';

const ANSWERS = 50;

test('an account at its bound keeps new answers, in the place of its first ones', async () => {
  const server = await openTestRedis();
  const redis = await openRedis(server.url);
  const [accountId, gatewayId] = [newUuidV7() as AccountId, newUuidV7() as GatewayId]; // of nobody's
  const answer = Buffer.alloc(1_000);
  const answers = new SharedAnswers(redis, ANSWERS * (answer.length + REDIS_OVERHEAD_BYTES));
  const nameOf = (number: number) => cachedAnswerName({ accountId, gatewayId, epoch: 0, keyHash: `key-${number}` });
  const keep = (number: number): Promise<number | null> =>
    new Promise((told, failed) => {
      const { member } = nameOf(number);
      answers.keep(accountId, { member, ttlMs: 60_000, replaces: null, ...written(answer), told, failed });
    });
  for (let number = 0; number < ANSWERS; number++) await keep(number);
  await redis.config('SET', 'maxmemory-policy', 'noeviction');
  await redis.config('SET', 'maxmemory', '1000000');
  await expect(redis.set('a', 'b')).rejects.toThrow('OOM');
  expect(await keep(ANSWERS)).toBe(1);
  expect(await Promise.all([0, ANSWERS].map((number) => redis.exists(cachedAnswerKey(nameOf(number)))))).toEqual([
    0, 1,
  ]);
  redis.disconnect();
  await server.close();
});
