/** A client of a test's own on the Redis that a proxy caches in. */
import { once } from 'node:events';
import type { Redis } from 'ioredis';
import { createRedis } from '../../platform/redis.js';

export async function openRedis(url: string): Promise<Redis> {
  const redis = createRedis({ url, connectionName: 'test-reader', commandTimeoutMs: 2_000 }, () => undefined);
  if (redis.status !== 'ready') await once(redis, 'ready');
  return redis;
}
