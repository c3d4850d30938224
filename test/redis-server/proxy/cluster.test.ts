/** Proxies over a Redis Cluster keep what they keep over one Redis. */
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Cluster } from 'ioredis';
import { createRedis } from '../../../platform/redis.js';
import { RedisScript } from '../../../proxy/redis-script.js';
import { startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { declareKeptPromises } from '../../support/kept-promises.js';
import { startTestProxy, type TestProxy } from '../../support/proxy.js';
import { startRedisCluster, type TestRedisCluster } from '../../support/redis-cluster.js';

let cluster: TestRedisCluster;
let upstream: FakeUpstream;
let proxies: readonly TestProxy[] = [];

beforeAll(async () => {
  [cluster, upstream] = await Promise.all([startRedisCluster(), startFakeUpstream()]);
  const origins = { openai: `${upstream.origin}/v1` };
  const first = await startTestProxy(origins, { REDIS_URL: cluster.url });
  proxies = [first, await startTestProxy(origins, { REDIS_URL: cluster.url, DATABASE_URL: first.database.url })];
}, 60_000);
afterAll(async () => {
  for (const proxy of proxies.toReversed()) await proxy.stop();
  await Promise.all([upstream.close(), cluster.close()]);
}, 60_000);

declareKeptPromises(() => {
  const [first] = proxies;
  if (first === undefined) throw new Error('there is no proxy');
  return { proxies, upstream, owner: first.owner };
});

test('a script that goes to a node without its key goes on to the one that has it', async () => {
  const redis = createRedis({ url: cluster.url, connectionName: 'test', commandTimeoutMs: 5_000 }, () => undefined);
  if (redis.status !== 'ready') await once(redis, 'ready');
  // One that is not connected yet is no place to go to: the client would ask any other, again and again.
  await Promise.all((redis as unknown as Cluster).nodes('master').map((node) => node.ping()));
  const { slots } = redis as unknown as { slots: string[][] }; // as a cluster's client has them
  const nodes = [...new Set(slots.map(([node]) => node ?? ''))];
  for (const [index, [node]] of slots.entries())
    slots[index] = [nodes[(nodes.indexOf(node ?? '') + 1) % nodes.length] ?? ''];
  const echo = new RedisScript('return {KEYS[1], ARGV[1]} -- of this test');
  const told = await Promise.all(['a', 'b', 'c', 'd'].map((key) => echo.run(redis, [key], ['1'])));
  expect(told.map(String)).toEqual(['a,1', 'b,1', 'c,1', 'd,1']);
  redis.disconnect();
});

test('the keys are on several nodes', async () => {
  const keys = await cluster.keysOfEach();
  expect(keys.filter((count) => count > 0).length).toBeGreaterThan(1);
});
