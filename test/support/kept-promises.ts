/**
 * What holds of proxies whatever stands between them and their stores: limits are one limit, the cache is shared, no
 * record is lost.
 */
import { expect, test } from '@jest/globals';
import type pg from 'pg';
import { answerJson, chatCompletion, type FakeUpstream } from './fake-upstream.js';
import type { TestProxy } from './proxy.js';
import { decidedByRedis, limitedBy, limitRule } from './rate-limits.js';
import { CHAT, post } from './rig.js';
import { createTenant, revokeToken, type TestTenant } from './tenant.js';
import { limitedRequests } from './test-size.js';
import { usageRecords } from './usage-records.js';
import { waitFor } from './wait-for.js';

export interface KeptPromisesRig {
  /** over the same stores */
  readonly proxies: readonly TestProxy[];
  readonly upstream: FakeUpstream;
  /** sees and changes everything */
  readonly owner: pg.Pool;
}

const registriesOf = ({ proxies }: KeptPromisesRig) => proxies.map(({ proxy }) => proxy.metrics);

const LIMIT = 10;

/** Declares the tests; `rigOf` is asked when they run. */
export function declareKeptPromises(rigOf: () => KeptPromisesRig): void {
  const chatAt = async (
    { proxies }: KeptPromisesRig,
    { tag }: TestTenant,
    index: number,
    gateway = 'main',
  ): Promise<Response> => {
    const response = await post(
      `${proxies[index % proxies.length]?.url}/v1/${tag}/${gateway}/openai/chat/completions`,
      CHAT,
    );
    await response.clone().arrayBuffer();
    return response;
  };

  async function tenantOf({ owner, upstream }: KeptPromisesRig, settings: object): Promise<TestTenant> {
    upstream.seen.length = 0;
    upstream.answer = answerJson(200, chatCompletion());
    const tenant = await createTenant(owner);
    await tenant.gateway('main', { ...settings });
    return tenant;
  }

  test(`of ${limitedRequests} requests at once at all proxies ${LIMIT} are admitted, and every one is recorded`, async () => {
    const rig = rigOf();
    const { tenant, statuses } = await decidedByRedis(registriesOf(rig), async () => {
      const tenant = await tenantOf(rig, limitedBy(limitRule({ limit: LIMIT })));
      // Each proxy has spoken to the node that counts for this account: one that is connecting to it decides alone.
      await tenant.gateway('other', limitedBy(limitRule({ limit: limitedRequests })));
      await Promise.all(rig.proxies.map((_, index) => chatAt(rig, tenant, index, 'other')));
      const answers = await Promise.all(
        Array.from({ length: limitedRequests }, (_, index) => chatAt(rig, tenant, index)),
      );
      return { tenant, statuses: answers.map(({ status }) => status) };
    });
    expect(statuses.filter((status) => status === 200)).toHaveLength(LIMIT);
    expect(statuses.filter((status) => status === 429)).toHaveLength(limitedRequests - LIMIT);
    await waitFor(async () => {
      const rows = await usageRecords(rig.owner, tenant.accountId, LIMIT);
      return rows.reduce((sum, row) => sum + Number(row['request_count']), 0) === limitedRequests + rig.proxies.length;
    }, 'every request is recorded, by itself or in a count');
  });

  test('an answer that one proxy has cached is a hit at the other', async () => {
    const rig = rigOf();
    const tenant = await tenantOf(rig, { cache_ttl_seconds: 60 });
    const statusAt = async (index: number): Promise<string | null> =>
      (await chatAt(rig, tenant, index)).headers.get('cf-aig-cache-status');
    expect(await statusAt(0)).toBe('MISS');
    await waitFor(async () => (await statusAt(1)) === 'HIT', 'the answer has reached the store');
    expect(rig.upstream.seen.length).toBeLessThanOrEqual(2);
  });

  test('as many records as answers, each once', async () => {
    const rig = rigOf();
    const tenant = await tenantOf(rig, {});
    const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => chatAt(rig, tenant, index)));
    const ids = answers.map(({ headers }) => headers.get('cf-aig-log-id'));
    const rows = await usageRecords(rig.owner, tenant.accountId, 200);
    expect(rows).toHaveLength(200);
    expect(new Set(rows.map((row) => row['id']))).toEqual(new Set(ids));
  });

  test('a token that is revoked is refused by all proxies', async () => {
    const rig = rigOf();
    const tenant = await tenantOf(rig, { authentication: true });
    const token = await tenant.apiToken();
    const callAll = async (): Promise<readonly number[]> =>
      Promise.all(
        rig.proxies.map(async ({ url }) => {
          const headers = { 'cf-aig-authorization': `Bearer ${token}` };
          const response = await post(`${url}/v1/${tenant.tag}/main/openai/chat/completions`, CHAT, headers);
          await response.arrayBuffer();
          return response.status;
        }),
      );
    expect(new Set(await callAll())).toEqual(new Set([200]));
    await revokeToken(rig.owner, token);
    await waitFor(async () => (await callAll()).every((status) => status === 401), 'all of them know');
  });
}
