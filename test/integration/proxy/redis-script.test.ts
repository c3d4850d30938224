/** Scripts as they are written to a real Redis: whatever their values are, and whether it knows them or not. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { RedisScript } from '../../../proxy/redis-script.js';
import { openRedis } from '../../support/cached-keys.js';
import { openTestRedis, type TestRedis } from '../../support/redis.js';
import { propertyRuns } from '../../support/test-size.js';

const ECHO = new RedisScript('return {KEYS, ARGV}');

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await openTestRedis();
  redis = await openRedis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.close();
});

const ascii = fc.string({ unit: 'binary-ascii' });
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));

test('a script gets the keys and values that it is given, in their order, text and bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(ascii, { minLength: 1 }), fc.array(fc.oneof(ascii, bytes)), async (keys, values) => {
      const told = await ECHO.run(redis, keys, values);
      expect(told).toEqual([keys, values].map((list) => list.map((value) => Buffer.from(value as string)))); // or bytes, which are copied
    }),
    propertyRuns,
  );
});

test('a Redis that has forgotten a script is told it again, and its next commands have their own answers', async () => {
  await redis.script('FLUSH');
  const told = await Promise.all([ECHO.run(redis, ['a'], ['1']), redis.echo('b'), ECHO.run(redis, ['c'], ['2'])]);
  expect(told).toEqual([[[Buffer.from('a')], [Buffer.from('1')]], 'b', [[Buffer.from('c')], [Buffer.from('2')]]]);
});

test('an error of the script rejects, and so does text that is not ASCII, before anything is sent', async () => {
  await expect(new RedisScript("return redis.error_reply('no')").run(redis, ['a'], [])).rejects.toThrow('no');
  await expect(ECHO.run(redis, ['a'], ['ü'])).rejects.toThrow('not ASCII');
  await expect(ECHO.run(redis, ['ü'], [])).rejects.toThrow('not ASCII');
  expect(await redis.echo('next')).toBe('next');
});

test('who waits when the connection is lost is told so, and so is who asks without one', async () => {
  const other = await openRedis(server.url);
  const asked = ECHO.run(other, ['a'], []);
  other.stream.destroy();
  await expect(asked).rejects.toThrow('max retries');
  await expect(ECHO.run(other, ['a'], [])).rejects.toThrow('writeable');
  other.disconnect();
});
