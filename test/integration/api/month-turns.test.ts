/** Which requests count for a month's quota as the ledger has them, right before and after the turns of the month. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { UsageRollup } from '../../../api/modules/analytics/index.js';
import { createLogger } from '../../../platform/logger.js';
import type { AccountId } from '../../../schema/contracts/ids.js';
import { monthlyRequestKeys, monthNumber, monthStartMs } from '../../../schema/contracts/request-counts.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { openRedis } from '../../support/cached-keys.js';
import { createLog } from '../../support/seed.js';
import { createTenant } from '../../support/tenant.js';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

/** An account with a quota and a request at each of the times. */
async function accountWith(timesMs: readonly number[]): Promise<AccountId> {
  const tenant = await createTenant(api.owner);
  await api.owner.query('UPDATE account SET requests_per_month_max = 10 WHERE id = $1', [tenant.accountId]);
  const gatewayId = await tenant.gateway('main');
  for (const atMs of timesMs) await createLog(api.owner, { accountId: tenant.accountId, gatewayId }, { atMs });
  return tenant.accountId as AccountId; // as it was made
}

test('the first and the last moment of a month are its own, those beside them are not, rolled up or waiting to be', async () => {
  const month = monthNumber(Date.now());
  const [startMs, endMs] = [monthStartMs(month), monthStartMs(month + 1)];
  const { accountOverviews } = api.api.services.queries;
  const id = await accountWith([startMs - 1, startMs, Date.now()]);
  const ahead = await accountWith([endMs - 1, endMs, endMs + 60_000]);
  expect(await accountOverviews.requestCounts(id)).toEqual([{ id, requests: '2', month }]);
  expect(await accountOverviews.requestCounts(ahead)).toEqual([{ id: ahead, requests: '1', month }]);
  // What is ahead is not rolled up: its partitions may not be there yet.
  await api.owner.query('DELETE FROM usage_delta WHERE account_id = $1', [ahead]);
  await new UsageRollup(api.owner, createLogger('test', 'fatal')).run();
  expect(await accountOverviews.requestCounts(id)).toEqual([{ id, requests: '2', month }]);
  expect((await accountOverviews.one(id))?.requestsThisMonth).toBe(2n);
});

test('the counts of one account that cannot be compared keep no other from being compared', async () => {
  const [broken, well] = [await accountWith([Date.now()]), await accountWith([Date.now(), Date.now()])];
  const redis = await openRedis(api.redis.url);
  const month = monthNumber(Date.now());
  const keyOf = (id: AccountId): string => monthlyRequestKeys(id)[month % 2] ?? '';
  await redis.set(keyOf(broken), 'no hash');
  await api.api.services.requestCounts.raise(null);
  expect(await redis.hgetall(keyOf(well))).toEqual({ '#': String(month), '-': '2' });
  redis.disconnect();
});
