/** A Redis that is demoted while its connections stay up is left for the one that took over. */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerJson, chatCompletion } from '../../support/fake-upstream.js';
import { limitedBy, limitRule } from '../../support/rate-limits.js';
import { openTestRedis, type TestRedis } from '../../support/redis.js';
import { forwardRedis, type RedisForwarder } from '../../support/redis-forwarder.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';
import { waitFor } from '../../support/wait-for.js';

let rig: Rig;
let servers: readonly [TestRedis, TestRedis];
let forwarder: RedisForwarder;

beforeAll(async () => {
  servers = await Promise.all([openTestRedis(), openTestRedis()]);
  forwarder = await forwardRedis(servers[0].url);
  rig = await startRig({ REDIS_URL: forwarder.url });
  rig.upstream.answer = answerJson(200, chatCompletion());
}, 60_000);
afterAll(async () => {
  await rig.stop();
  await forwarder.close();
  await Promise.all(servers.map((server) => server.close()));
}, 60_000);

test('what counts limits and keeps answers goes on with the new primary, once the old one refuses to write', async () => {
  const tenant = await rig.tenant({ ...limitedBy(limitRule({ limit: 1_000 })), cache_ttl_seconds: 600 });
  let asked = 0;
  const ask = async (): Promise<void> => {
    const response = await post(`${tenant.base}/openai/chat/completions`, { ...CHAT, seed: (asked += 1) });
    await response.arrayBuffer();
    expect(response.status).toBe(200);
  };
  await ask();
  const [demoted, promoted] = servers.map(({ url }) => new Redis({ path: url.slice('unix://'.length) }));
  await demoted?.replicaof('127.0.0.1', 1);
  forwarder.switchTo(servers[1].url);
  for (const part of ['limit', 'cache']) {
    const keys = async (): Promise<number | undefined> => (await promoted?.keys(`tollgate:${part}:*`))?.length;
    await waitFor(async () => (await ask(), (await keys()) !== 0), `the new primary has keys of the ${part}`);
  }
  demoted?.disconnect();
  promoted?.disconnect();
});
