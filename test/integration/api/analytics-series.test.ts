/** Series of groups: whichever way Postgres gives them, and whichever sums are asked for. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { UsageRollup } from '../../../api/modules/analytics/index.js';
import { createLogger } from '../../../platform/logger.js';
import { newUuidV7 } from '../../../schema/contracts/ids.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { createLog, createUser } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';

const HOUR_MS = 3_600_000;
const SUMS =
  'requests errors cached rateLimited unpriced successRate tokensIn tokensOut tokensCachedIn costUsd savedUsd';
const MIDNIGHT_MS = Math.floor(Date.now() / (24 * HOUR_MS)) * 24 * HOUR_MS;
/** Its ends lie within minutes: there the ledger is read. */
const RANGE = { from: new Date(MIDNIGHT_MS - 30.4 * HOUR_MS), to: new Date(MIDNIGHT_MS - 20.3 * HOUR_MS) };

interface Group {
  readonly key: readonly (string | null)[];
  readonly totals: Readonly<Record<string, string>>;
  readonly series: readonly { readonly at: string; readonly totals: Readonly<Record<string, string>> }[];
}

let api: TestApi;
let tenant: TestTenant;
let viewer: GraphqlCaller;
let gatewayId: string;
const token = newUuidV7();

beforeAll(async () => {
  api = await startTestApi();
  tenant = await createTenant(api.owner);
  gatewayId = await tenant.gateway('main');
  viewer = graphqlCaller(api.url, (await createUser(api.owner, { accountId: tenant.accountId, role: 'VIEWER' })).token);
  const rollup = new UsageRollup(api.owner, createLogger('rollup-test', 'fatal'));
  for (let index = 0; index < 60; index++) {
    if (index === 40) await rollup.run();
    const columns = {
      provider: ['openai', 'azure-openai', 'anthropic'][index % 3],
      model: ['a', 'b', null][index % 4 === 3 ? 2 : index % 2],
      status_code: index % 5 === 0 ? 502 : 200,
      error_code: index % 5 === 0 ? 2005 : null,
      cached: index % 7 === 0,
      api_token_id: index % 2 === 0 ? token : null,
      cost_pico: String(10n ** 15n * BigInt(index) + 1n),
      duration_ms: 10 + index,
    };
    const atMs = RANGE.from.getTime() - HOUR_MS + index * 0.21 * HOUR_MS;
    await createLog(api.owner, { accountId: tenant.accountId, gatewayId }, { atMs, columns });
  }
});
afterAll(() => api.stop());

async function groups(filter: object, selection: string): Promise<readonly Group[]> {
  const answer = await viewer(
    `query ($tag: String!, $filter: AnalyticsFilter!) { account(tag: $tag) { analytics(filter: $filter) {
       groups { key ${selection} } } } }`,
    { tag: tenant.tag, filter: { ...RANGE, ...filter } },
  );
  return answer.expectData<{ account: { analytics: { groups: readonly Group[] } } }>().account.analytics.groups;
}

test.each([
  { groupBy: ['MODEL'], interval: 'HOUR' },
  { groupBy: ['MODEL'], interval: 'DAY', top: 2 },
  { groupBy: ['STATUS_CODE', 'CACHED'], interval: 'HOUR' },
  // with so many groups that not all are wanted
  { groupBy: ['STATUS_CODE', 'CACHED'], interval: 'HOUR', top: 2 },
  { groupBy: ['PROVIDER', 'MODEL'], interval: 'HOUR', top: 5 },
  { groupBy: ['PROVIDER', 'MODEL'], interval: 'FIVE_MINUTES' },
  { groupBy: ['API_TOKEN'], apiTokenIds: [token], interval: 'HOUR' },
])('read as they are or summed first, the points of $groupBy add up to their group', async (filter) => {
  const all = `totals { ${SUMS} } series { at totals { ${SUMS} durationP50Ms } }`;
  const asTheyAre = await groups({ ...filter, gatewayIds: [gatewayId] }, all);
  // one more that has nothing: as of several gateways, they are summed
  expect(await groups({ ...filter, gatewayIds: [gatewayId, newUuidV7()] }, all)).toEqual(asTheyAre);
  expect(asTheyAre.length).toBeGreaterThan(0);
  for (const { totals, series } of asTheyAre) {
    for (const name of ['requests', 'errors', 'cached', 'tokensIn']) {
      const sum = series.reduce((before, point) => before + BigInt(point.totals[name] ?? 0), 0n);
      expect({ name, sum: String(sum) }).toEqual({ name, sum: totals[name] });
    }
    const pico = series.reduce((before, point) => before + picoOf(point.totals['costUsd']), 0n);
    expect(pico).toBe(picoOf(totals['costUsd']));
  }
});

test('what came in the last half second of a step is of that step', async () => {
  const own = await createTenant(api.owner);
  const target = { accountId: own.accountId, gatewayId: await own.gateway('main') };
  const endMs = MIDNIGHT_MS - 40 * HOUR_MS;
  await createLog(api.owner, target, { atMs: endMs - 300, columns: { model: 'a' } });
  const asker = graphqlCaller(
    api.url,
    (await createUser(api.owner, { accountId: own.accountId, role: 'VIEWER' })).token,
  );
  const answer = await asker(
    `query ($tag: String!, $filter: AnalyticsFilter!) { account(tag: $tag) { analytics(filter: $filter) {
       groups { key series { totals { requests } } } } } }`,
    {
      tag: own.tag,
      filter: {
        from: new Date(endMs - 2 * HOUR_MS),
        to: new Date(endMs - 1),
        gatewayIds: [target.gatewayId],
        groupBy: ['MODEL'],
        interval: 'HOUR',
      },
    },
  );
  const { groups: found } = answer.expectData<{ account: { analytics: { groups: readonly Group[] } } }>().account
    .analytics;
  const requests = found.find(({ key }) => key[0] === 'a')?.series.map(({ totals }) => totals['requests']);
  expect(requests).toEqual(['0', '1']);
});

function picoOf(usd = '0'): bigint {
  const [whole = '0', fraction = ''] = usd.split('.');
  return BigInt(whole) * 10n ** 12n + BigInt(fraction.padEnd(12, '0'));
}

test('of each point those sums are read that are asked for, also when they are asked for apart', async () => {
  for (const filter of [{ gatewayIds: [gatewayId] }, {}]) {
    const asked = { ...filter, groupBy: ['MODEL'], interval: 'DAY' };
    const all = await groups(asked, `series { at totals { ${SUMS} } }`);
    const times = await groups(asked, 'series { at }');
    expect(times).toEqual(all.map(({ key, series }) => ({ key, series: series.map(({ at }) => ({ at })) })));
    const apart = await groups(
      asked,
      'series { totals { costUsd } } rates: series { at totals { successRate tokensOut } }',
    );
    expect(apart).toEqual(
      all.map(({ key, series }) => ({
        key,
        series: series.map(({ totals: { costUsd } }) => ({ totals: { costUsd } })),
        rates: series.map(({ at, totals: { successRate, tokensOut } }) => ({ at, totals: { successRate, tokensOut } })),
      })),
    );
  }
});
