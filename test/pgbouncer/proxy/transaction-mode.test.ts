/** Proxies behind a pgbouncer in transaction mode keep what they keep over Postgres itself. */
import { afterAll, beforeAll } from '@jest/globals';
import type pg from 'pg';
import { createPool } from '../../../platform/postgres.js';
import { startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { declareKeptPromises } from '../../support/kept-promises.js';
import { startPgbouncer, type TestBouncer } from '../../support/pgbouncer.js';
import { openTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { startTestProxy, type TestProxy } from '../../support/proxy.js';
import { openTestRedis, type TestRedis } from '../../support/redis.js';

let database: TestDatabase;
let bouncer: TestBouncer;
let redis: TestRedis;
let owner: pg.Pool;
let upstream: FakeUpstream;
let proxies: readonly TestProxy[] = [];

beforeAll(async () => {
  [database, redis, upstream] = await Promise.all([openTestDatabase(), openTestRedis(), startFakeUpstream()]);
  bouncer = await startPgbouncer(database.url);
  owner = createPool(
    { connectionString: database.url, applicationName: 'owner', connectionsMax: 2 },
    () => undefined, // its database is dropped under it
  );
  const env = { DATABASE_URL: bouncer.url, REDIS_URL: redis.url };
  const start = (): Promise<TestProxy> => startTestProxy({ openai: `${upstream.origin}/v1` }, env);
  proxies = [await start(), await start()];
}, 60_000);
afterAll(async () => {
  for (const proxy of proxies) await proxy.stop();
  await owner.end();
  await bouncer.close();
  await Promise.all([database.close(), redis.close(), upstream.close()]);
}, 60_000);

declareKeptPromises(() => ({ proxies, upstream, owner }));
