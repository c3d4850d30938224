import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import { createRedis } from '../../../platform/redis.js';
import { startEmbeddedRedis } from '../../../platform/embedded/redis.js';
import { SET_IF_NEWER_LUA } from '../../../schema/contracts/redis-keys.js';
import { makeDataDir } from '../../support/data-dir.js';
import { openTestRedis } from '../../support/redis.js';
import { waitFor } from '../../support/wait-for.js';

const clients: Redis[] = [];
afterEach(() => clients.splice(0).forEach((client) => client.disconnect()));

async function connect(url: string): Promise<Redis> {
  const redis = createRedis({ url, connectionName: 'test', commandTimeoutMs: 5_000 }, () => undefined);
  clients.push(redis);
  await waitFor(() => redis.status === 'ready', 'Redis is connected');
  return redis;
}

test('js-redis-server runs the scripts, expiries and channels that the tiers use', async () => {
  const server = await openTestRedis('js-redis-server');
  const redis = await connect(server.url);
  expect(await redis.eval(SET_IF_NEWER_LUA, 1, 'key', '5', 'new', '60')).toBe(1);
  expect(await redis.eval(SET_IF_NEWER_LUA, 1, 'key', '4', 'old', '60')).toBe(0);
  expect(await redis.hget('key', 'document')).toBe('new');
  await redis.set('short', 'value', 'PX', 60_000);
  expect(await redis.pttl('short')).toBeGreaterThan(50_000);
  const reader = await connect(server.url);
  const messages: string[] = [];
  reader.on('message', (_, message: string) => messages.push(message));
  await reader.subscribe('channel');
  await redis.publish('channel', 'hello');
  await waitFor(() => messages.includes('hello'), 'the message arrives');
  await server.close();
});

test('js-redis-server is reached by a unix socket, on which a pipelined pair waits for no delayed acknowledgement', async () => {
  const server = await openTestRedis('js-redis-server');
  const redis = await connect(server.url);
  expect(server.url).toMatch(/^unix:\/\//); // over TCP it has no TCP_NODELAY: 44 ms a pair
  const pair = await redis.pipeline().get('a').get('b').exec();
  expect(pair).toEqual([
    [null, null],
    [null, null],
  ]);
  await server.close();
});

test('a DATA_DIR too long for a socket path gets a short one elsewhere', async () => {
  const dataDir = makeDataDir('long-'.repeat(24));
  const server = await startEmbeddedRedis({ dataDir, log: () => undefined });
  expect(server.url.length).toBeLessThan(100);
  expect(await (await connect(server.url)).ping()).toBe('PONG');
  await server.stop();
  rmSync(path.dirname(server.url.slice('unix://'.length)), { recursive: true }); // it lies outside the run's folder
});
