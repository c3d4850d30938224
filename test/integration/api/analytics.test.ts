import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { createLog, createUser, type LogOptions } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';

const TOTALS = `requests errors cached rateLimited unpriced successRate tokensIn tokensOut tokensCachedIn costUsd savedUsd
  durationP50Ms durationP95Ms durationP99Ms timeToFirstTokenP95Ms`;
const ANALYTICS = `query ($tag: String!, $filter: AnalyticsFilter!) { account(tag: $tag) { analytics(filter: $filter) {
  totals { ${TOTALS} } series { at totals { requests costUsd } }
  groups { key totals { requests costUsd } series { at totals { requests } } } } } }`;
const midnight = (): number => Math.floor(Date.now() / 86_400_000) * 86_400_000;
const HOUR_MS = 3_600_000;
/** of the test's own day */
let midnightMs = midnight();

interface Answer {
  readonly totals: Readonly<Record<string, unknown>>;
  readonly series: readonly { readonly at: string; readonly totals: { readonly requests: string } }[];
  readonly groups: readonly {
    readonly key: readonly (string | null)[];
    readonly totals: { readonly requests: string };
    readonly series: readonly { readonly totals: { readonly requests: string } }[];
  }[];
}

let api: TestApi;
let tenant: TestTenant;
let gatewayId: string;
let viewer: GraphqlCaller;

beforeAll(async () => {
  api = await startTestApi();
});
beforeEach(async () => {
  midnightMs = midnight();
  tenant = await createTenant(api.owner);
  gatewayId = await tenant.gateway('busy');
  viewer = graphqlCaller(api.url, (await createUser(api.owner, { accountId: tenant.accountId, role: 'VIEWER' })).token);
});
afterAll(() => api.stop());

const log = (options: LogOptions = {}, gateway = gatewayId): Promise<string> =>
  createLog(api.owner, { accountId: tenant.accountId, gatewayId: gateway }, options);
const iso = (ms: number): string => new Date(ms).toISOString();
const range = () => ({ from: iso(midnightMs - 24 * HOUR_MS), to: iso(midnightMs + 24 * HOUR_MS) });

/** Matches a percentile that was read off a sketch. */
const within2Percent = (expected: number) => ({
  asymmetricMatch: (value: unknown): boolean =>
    typeof value === 'number' && Math.abs(value - expected) <= expected * 0.02,
  toString: () => `${expected} ± 2 %`,
});

async function ask(filter: object): Promise<Answer> {
  const answer = await viewer(ANALYTICS, { tag: tenant.tag, filter: { ...range(), ...filter } });
  return answer.expectData<{ account: { analytics: Answer } }>().account.analytics;
}

test('totals count what each row stands for, and add tokens and cost exactly', async () => {
  await log({ columns: { cost_pico: '9007199254740993', duration_ms: 100, time_to_first_token_ms: 10 } });
  await log({ columns: { cost_pico: null, cost_status: 'UNPRICED', cached_input_tokens: 4, duration_ms: 200 } });
  await log({ columns: { status_code: 502, error_code: 2005, duration_ms: 300 } });
  await log({ columns: { interrupted: true, duration_ms: 400 } });
  await log({ columns: { cached: true, cost_pico: 0, cost_status: 'CACHED', saved_pico: 7, duration_ms: 500 } });
  const limited = {
    status_code: 429,
    error_code: 2003,
    request_count: 5,
    input_tokens: 0,
    output_tokens: 0,
    cost_pico: 0,
  };
  await log({ columns: { ...limited, cost_status: 'NOT_BILLABLE', is_log: false, duration_ms: 9_000 } });
  expect((await ask({})).totals).toEqual({
    requests: '10',
    errors: '2',
    cached: '1',
    rateLimited: '5',
    unpriced: '1',
    successRate: 0.3,
    tokensIn: '54',
    tokensOut: '25',
    tokensCachedIn: '4',
    costUsd: '9007.199256740993',
    savedUsd: '0.000000000007',
    durationP50Ms: within2Percent(300),
    durationP95Ms: within2Percent(480),
    durationP99Ms: within2Percent(496),
    timeToFirstTokenP95Ms: 10,
  });
});

test('without any request the sums are zero and the rates are unknown', async () => {
  const { totals, series, groups } = await ask({});
  expect(totals).toMatchObject({ requests: '0', costUsd: '0', successRate: null, durationP50Ms: null });
  expect([series, groups]).toEqual([[], []]);
});

test('a series has a point for every interval, by UTC, from inclusive and to exclusive', async () => {
  await log({ atMs: midnightMs - 24 * HOUR_MS });
  await log({ atMs: midnightMs - 1 });
  await log({ atMs: midnightMs });
  const day = await ask({ interval: 'DAY', to: iso(midnightMs) });
  expect(day.series.map((point) => [point.at, point.totals.requests])).toEqual([[range().from, '2']]);
  const hours = await ask({ interval: 'HOUR' });
  expect(hours.series).toHaveLength(48);
  expect(hours.series.filter((point) => point.totals.requests !== '0').map((point) => point.at)).toEqual([
    range().from,
    iso(midnightMs - HOUR_MS),
    iso(midnightMs),
  ]);
});

test('groups are the largest first, at most as many as asked for, each with its series', async () => {
  for (const [model, count] of [
    ['a', 1],
    ['b', 3],
    ['c', 2],
  ] as const) {
    for (let index = 0; index < count; index++) await log({ columns: { model } });
  }
  const { groups } = await ask({ groupBy: ['MODEL', 'CACHED'], top: 3, interval: 'DAY' });
  expect(groups.map((group) => [group.key, group.totals.requests])).toEqual([
    [['b', 'false'], '3'],
    [['c', 'false'], '2'],
    [['a', 'false'], '1'],
  ]);
  expect(
    groups.map((group) =>
      group.series
        .map((point) => point.totals.requests)
        .toSorted()
        .at(-1),
    ),
  ).toEqual(['3', '2', '1']);
  await log({ columns: { model: null, status_code: 500 } });
  const byStatus = (await ask({ groupBy: ['STATUS_CODE', 'ERROR_CODE'] })).groups.map((group) => group.key);
  expect(byStatus).toEqual([
    ['200', null],
    ['500', null],
  ]);
});

test('each filter keeps what it names, and a gateway has its own analytics', async () => {
  const other = await tenant.gateway('other');
  await log();
  await log({ columns: { provider: 'anthropic', model: 'm', status_code: 404 } });
  await log({ columns: { cached: true } }, other);
  const count = async (filter: object): Promise<unknown> => (await ask(filter)).totals['requests'];
  expect(await count({ gatewayIds: [other, 'nonsense'] })).toBe('1');
  expect(await count({ gatewayIds: ['nonsense'] })).toBe('0');
  expect(await count({ providers: ['anthropic'] })).toBe('1');
  expect(await count({ models: ['m', 'gpt-test'] })).toBe('3');
  expect(await count({ statusCodes: [404] })).toBe('1');
  expect(await count({ cached: false })).toBe('2');
  expect(await count({ apiTokenIds: [other] })).toBe('0');
  const OWN = `query ($tag: String!, $filter: AnalyticsFilter!) { account(tag: $tag) { gateway(name: "other") {
    analytics(filter: $filter) { totals { requests } } } } }`;
  expect((await viewer(OWN, { tag: tenant.tag, filter: range() })).expectData()).toEqual({
    account: { gateway: { analytics: { totals: { requests: '1' } } } },
  });
});

test.each([
  ['filter.to', { to: range().from }],
  ['filter.interval', { interval: 'MINUTE' }],
  ['filter.groupBy', { groupBy: ['MODEL', 'MODEL'] }],
  ['filter.groupBy', { groupBy: ['PATH', 'ERROR_CODE'] }],
  ['filter.apiTokenIds', { groupBy: ['PATH'], apiTokenIds: ['x'] }],
  ['filter.metadata', { groupBy: ['PATH'], metadata: [{ key: 'team' }] }],
  ['filter.metadata', { apiTokenIds: ['x'], metadata: [{ key: 'team' }] }],
  ['filter.metadata', { metadata: [{ key: 'team' }, { key: 'seat' }] }],
  ['filter.metadata', { groupBy: ['METADATA'], metadataKey: 'team', metadata: [{ key: 'seat' }] }],
  ['filter.metadataKey', { groupBy: ['METADATA'] }],
  ['filter.metadataKey', { groupBy: ['MODEL'], metadataKey: 'team' }],
  ['filter.metadataKey', { metadata: [{ key: 'team' }], metadataKey: 'team' }],
  [
    'filter.interval',
    { interval: 'HOUR', from: iso(midnightMs - 61 * 24 * HOUR_MS), to: iso(midnightMs - 60 * 24 * HOUR_MS) },
  ],
  [
    'filter.interval',
    { interval: 'MINUTE', from: iso(midnightMs - 4 * 24 * HOUR_MS), to: iso(midnightMs - 95 * HOUR_MS) },
  ],
  ['filter.top', { top: 0 }],
  ['filter.top', { top: 101 }],
])('a bad %s is refused by name', async (field, filter) => {
  (await viewer(ANALYTICS, { tag: tenant.tag, filter: { ...range(), ...filter } })).expectError(
    'BAD_USER_INPUT',
    field,
  );
});

test('more than 3000 points of groups are given, but without percentiles', async () => {
  for (const model of ['a', 'b', 'c']) await log({ columns: { model }, atMs: midnightMs });
  const asked = (top: number, wanted: string) =>
    viewer(
      `query ($tag: String!, $filter: AnalyticsFilter!) { account(tag: $tag) { analytics(filter: $filter) {
        groups { series { ...point } } } } } fragment point on UsagePoint { totals { ${wanted} } }`,
      {
        tag: tenant.tag,
        filter: {
          from: iso(midnightMs),
          to: iso(midnightMs + 1_500 * 60_000),
          interval: 'MINUTE',
          groupBy: ['MODEL'],
          top,
        },
      },
    );
  (await asked(3, 'requests')).expectData();
  (await asked(2, 'requests durationP95Ms')).expectData();
  (await asked(3, 'requests first: timeToFirstTokenP95Ms')).expectError('BAD_USER_INPUT', 'filter.top');
});

test('exactly 1500 points are given', async () => {
  const { series } = await ask({ interval: 'MINUTE', from: iso(midnightMs), to: iso(midnightMs + 1_500 * 60_000) });
  expect(series).toHaveLength(1_500);
});

test('minutes are kept for three days, hours for sixty and days for four hundred', async () => {
  const asked = async (interval: string, days: number): Promise<number> => {
    const fromMs = midnightMs - days * 24 * HOUR_MS;
    return (await ask({ interval, from: iso(fromMs), to: iso(fromMs + 24 * HOUR_MS) })).series.length;
  };
  expect(await asked('FIVE_MINUTES', 3)).toBe(288);
  expect(await asked('HOUR', 60)).toBe(24);
  expect(await asked('DAY', 400)).toBe(1);
});

test('groups by metadata have the values of one key, and null for requests without it; numbers and booleans are text', async () => {
  for (const metadata of ['{"team":"red"}', '{"team":"red","seat":7}', '{"team":true}', '{"seat":7}', null]) {
    await log({ columns: { metadata } });
  }
  const grouped = async (filter: object): Promise<unknown> =>
    (await ask({ groupBy: ['METADATA'], ...filter })).groups.map(({ key, totals }) => [key[0], totals.requests]);
  expect(await grouped({ metadataKey: 'team' })).toEqual([
    [null, '2'],
    ['red', '2'],
    ['true', '1'],
  ]);
  expect(await grouped({ metadataKey: 'team', metadata: [{ key: 'team', value: 'true' }] })).toEqual([['true', '1']]);
  const long = '😀'.repeat(300);
  await log({ columns: { metadata: JSON.stringify({ team: long }) } });
  const cut = '😀'.repeat(256);
  expect(await grouped({ metadataKey: 'team', metadata: [{ key: 'team', value: long }] })).toEqual([[cut, '1']]);
  expect(await grouped({ metadataKey: 'seat', metadata: [{ key: 'seat' }] })).toEqual([['7', '2']]);
  const both = [{ key: 'team', value: 'red' }, { key: 'team', value: 'true' }]; // prettier-ignore
  expect((await ask({ metadata: both })).totals).toMatchObject({ requests: '0' });
});
