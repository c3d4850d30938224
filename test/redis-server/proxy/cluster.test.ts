/** Proxies over a Redis Cluster keep what they keep over one Redis. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
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

test('the keys are on several nodes', async () => {
  const keys = await cluster.keysOfEach();
  expect(keys.filter((count) => count > 0).length).toBeGreaterThan(1);
});
