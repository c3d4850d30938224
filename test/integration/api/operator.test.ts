/**
 * What the operator does to accounts, as their members, their clients and he himself see it: an api and two proxies.
 */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { LedgerUpkeep } from '../../../api/modules/ledger/index.js';
import { createLogger } from '../../../platform/logger.js';
import { releaseVersion } from '../../../platform/version.js';
import type { AccountId } from '../../../schema/contracts/ids.js';
import { monthlyRequestKeys, monthNumber } from '../../../schema/contracts/request-counts.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { decidedByRedis, limitedBy, limitRule } from '../../support/rate-limits.js';
import { createLog, createUser } from '../../support/seed.js';
import { startTiers, type Tiers, type TierTenant } from '../../support/tiers.js';
import { usageRecords } from '../../support/usage-records.js';
import { waitFor } from '../../support/wait-for.js';

const SUSPEND = `mutation ($input: SuspendAccountInput!) { suspendAccount(input: $input) { id suspendedAt suspensionReason } }`;
const RESUME = 'mutation ($id: ID!) { resumeAccount(accountId: $id) { id suspendedAt } }';
const SET_QUOTAS = `mutation ($input: SetAccountQuotasInput!) { setAccountQuotas(input: $input) {
  quotas { gateways requestsPerMonth logStorageBytes } } }`;
const ACCOUNT = `query ($tag: String!) { account(tag: $tag) { suspendedAt suspensionReason
  quotas { gateways requestsPerMonth logStorageBytes } gateways { edges { node { name configVersion } } } } }`;
const CREATE_GATEWAY = `mutation ($id: ID!, $name: String!) { createGateway(input: { accountId: $id, name: $name }) { id } }`;
const ACCOUNTS = `query ($search: String, $first: Int, $after: String) { accounts(search: $search, first: $first, after: $after) {
  edges { cursor node { id tag name suspendedAt gatewayCount requestsThisMonth storedBodyBytes quotas { gateways } } }
  pageInfo { hasNextPage } } }`;

let tiers: Tiers;

beforeAll(async () => {
  tiers = await startTiers();
}, 60_000);
afterAll(() => tiers.stop());

const statuses = async (tenant: TierTenant): Promise<string> =>
  (await Promise.all([tenant.call(0), tenant.call(1)])).map(({ status }) => status).join();

const setQuotas = async (tenant: TierTenant, quotas: object): Promise<unknown> =>
  (await tiers.operator(SET_QUOTAS, { input: { accountId: tenant.accountId, ...quotas } })).expectData<{
    setAccountQuotas: { quotas: unknown };
  }>().setAccountQuotas.quotas;

test('a suspended account is served by no proxy until it is resumed', async () => {
  const [tenant, other] = [await tiers.tenant(), await tiers.tenant()];
  const token = await tenant.apiToken();
  await tenant.gateway('second');
  expect(await statuses(tenant)).toBe('200,200');
  const seen = tiers.upstream.seen.length;
  const startedAt = performance.now();
  const input = { accountId: tenant.accountId, reason: 'unpaid' };
  (await tiers.operator(SUSPEND, { input })).expectData();
  await waitFor(async () => (await statuses(tenant)) === '403,403', 'both proxies refuse it');
  process.stderr.write(`suspended at both proxies after ${(performance.now() - startedAt).toFixed(0)} ms\n`);
  for (const options of [{}, { token }, { gateway: 'second' }]) {
    const response = await tenant.call(0, options);
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ internalCode: 9003, message: 'The account is suspended' });
    expect(response.headers.has('cf-aig-log-id')).toBe(false);
  }
  expect(tiers.upstream.seen.length - seen).toBeLessThanOrEqual(2); // those before the proxies knew
  expect(await statuses(other)).toBe('200,200');
  (await tiers.operator(RESUME, { id: tenant.accountId })).expectData();
  await waitFor(async () => (await statuses(tenant)) === '200,200', 'it is served again');
});

test('members of a suspended account, and its tokens, read everything and change nothing but revoke tokens', async () => {
  const tenant = await tiers.tenant();
  const token = graphqlCaller(
    tiers.api.url,
    await tenant.apiToken({ permissions: ['AI_GATEWAY_READ', 'AI_GATEWAY_EDIT'] }),
  );
  const input = { accountId: tenant.accountId, reason: 'unpaid' };
  (await tiers.operator(SUSPEND, { input })).expectData();
  for (const caller of [tenant.admin, token]) {
    const { account } = (await caller(ACCOUNT, { tag: tenant.tag })).expectData<{ account: object }>();
    expect(account).toMatchObject({
      suspensionReason: 'unpaid',
      gateways: { edges: [{ node: { name: 'main', configVersion: 1 } }] },
    });
    const refused = (await caller(CREATE_GATEWAY, { id: tenant.accountId, name: 'new' })).expectError('FORBIDDEN');
    expect(refused.message).toContain('suspended');
    const purge = 'mutation ($id: ID!) { purgeCache(input: { gatewayId: $id }) { id } }';
    (await caller(purge, { id: tenant.gatewayId })).expectError('FORBIDDEN');
  }
  const { rows: tokens } = await tiers.api.owner.query<{ id: string }>(
    'SELECT id FROM api_token WHERE account_id = $1',
    [tenant.accountId],
  );
  (await tenant.admin('mutation ($id: ID!) { revokeApiToken(id: $id) { id } }', { id: tokens[0]?.id })).expectData();
  (await token(ACCOUNT, { tag: tenant.tag })).expectError('UNAUTHENTICATED');
  (await tiers.operator(RESUME, { id: tenant.accountId })).expectData();
  (await tenant.admin(CREATE_GATEWAY, { id: tenant.accountId, name: 'new' })).expectData();
  const { rows } = await tiers.api.owner.query<{ action: string; actor: string }>(
    'SELECT action, actor FROM audit_event WHERE account_id = $1 ORDER BY id',
    [tenant.accountId],
  );
  expect(rows.map(({ action }) => action)).toEqual([
    'account.suspend',
    'apiToken.revoke',
    'account.resume',
    'gateway.create',
  ]);
});

test('nobody but the operator suspends, resumes, sets quotas or lists', async () => {
  const tenant = await tiers.tenant();
  const token = graphqlCaller(tiers.api.url, await tenant.apiToken({ permissions: ['ACCOUNT_EDIT'] }));
  for (const caller of [tenant.admin, token]) {
    (await caller(SUSPEND, { input: { accountId: tenant.accountId } })).expectError('FORBIDDEN');
    (await caller(RESUME, { id: tenant.accountId })).expectError('FORBIDDEN');
    (await caller(SET_QUOTAS, { input: { accountId: tenant.accountId, gateways: null } })).expectError('FORBIDDEN');
    (await caller(ACCOUNTS)).expectError('FORBIDDEN');
  }
  (await tiers.operator(SUSPEND, { input: { accountId: tenant.gatewayId } })).expectError('NOT_FOUND');
});

test('an account has no more gateways than its quota allows, however many are asked for at once', async () => {
  const tenant = await tiers.tenant();
  expect(await setQuotas(tenant, { gateways: 3 })).toEqual({
    gateways: 3,
    requestsPerMonth: null,
    logStorageBytes: null,
  });
  const make = (name: string) => tenant.admin(CREATE_GATEWAY, { id: tenant.accountId, name });
  const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => make(`made-${index}`)));
  expect(answers.filter(({ errors }) => errors.length === 0)).toHaveLength(2);
  for (const answer of answers.filter(({ errors }) => errors.length > 0)) answer.expectError('CONFLICT');
  await setQuotas(tenant, { gateways: null });
  (await make('one-more')).expectData();
});

test.each([
  ['input.gateways', { gateways: -1 }],
  ['input.requestsPerMonth', { requestsPerMonth: '0' }],
  ['input.logStorageBytes', { logStorageBytes: '-1' }],
])('a quota that is none is refused: %s', async (field, quotas) => {
  const tenant = await tiers.tenant();
  (await tiers.operator(SET_QUOTAS, { input: { accountId: tenant.accountId, ...quotas } })).expectError(
    'BAD_USER_INPUT',
    field,
  );
});

/** With a tenant of its own at each try; again also when a month has ended meanwhile, with what was counted in it. */
async function countedByRedis<T>(act: (tenant: TierTenant) => Promise<T>): Promise<T> {
  const registries = tiers.proxies.map(({ proxy }) => proxy.metrics);
  for (;;) {
    const month = monthNumber(Date.now());
    const result = await decidedByRedis(registries, async () => act(await tiers.tenant()));
    if (monthNumber(Date.now()) === month) return result;
  }
}

test('T-XFF-4 all tokens and gateways of an account share its quota of requests, at any number of proxies', async () => {
  const seen = await countedByRedis(async (tenant) => {
    await tenant.gateway('second', limitedBy(limitRule({ limit: 1_000 })));
    await setQuotas(tenant, { requestsPerMonth: '7' });
    const tokens = [await tenant.apiToken(), await tenant.apiToken(), await tenant.apiToken()];
    const responses = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        tenant.call(index % 2 === 0 ? 0 : 1, {
          token: tokens[index % 3] ?? '',
          gateway: index % 4 < 2 ? 'main' : 'second',
        }),
      ),
    );
    await setQuotas(tenant, { requestsPerMonth: '9' });
    await waitFor(async () => (await tenant.call(0)).status === 200, 'there are two more');
    const late = [(await tenant.call(1)).status, (await tenant.call(0)).status];
    return { statuses: responses.map(({ status }) => status).toSorted((a, b) => a - b), late };
  });
  expect(seen.statuses).toEqual([...Array<number>(7).fill(200), ...Array<number>(33).fill(429)]);
  expect(seen.late).toEqual([200, 429]);
});

test('a request over the quota is told until when, and leaves a row that costs nothing', async () => {
  const { tenant, first, response, askedAt } = await countedByRedis(async (tenant) => {
    await setQuotas(tenant, { requestsPerMonth: '1' });
    const first = (await tenant.call(0)).status;
    const askedAt = new Date();
    return { tenant, first, askedAt, response: await tenant.call(1) };
  });
  const monthEndsMs = Date.UTC(askedAt.getUTCFullYear(), askedAt.getUTCMonth() + 1);
  expect([first, response.status]).toEqual([200, 429]);
  expect(await response.json()).toMatchObject({
    internalCode: 9005,
    message: 'The monthly quota is used up',
    description: "the account's quota (1 requests a month) is used up",
  });
  const waitSeconds = Number(response.headers.get('retry-after'));
  expect(Math.abs(waitSeconds - (monthEndsMs - askedAt.getTime()) / 1_000)).toBeLessThan(60);
  expect(response.headers.get('ratelimit-policy')).toBe('requests a month');
  const rows = await usageRecords(tiers.api.owner, tenant.accountId, 2);
  expect(rows.find((row) => row['status_code'] === 429)).toMatchObject({
    id: response.headers.get('cf-aig-log-id'),
    error_code: 9005,
    cost_pico: '0',
    cost_status: 'NOT_BILLABLE',
    is_log: true,
  });
});

const withRedis = async <T>(work: (redis: Redis) => Promise<T>): Promise<T> => {
  const redis = new Redis({ path: tiers.api.redis.url.replace('unix://', '') });
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
};

test('what the account had this month before it had a quota counts, also after Redis has lost it', async () => {
  const seen = await countedByRedis(async (tenant) => {
    for (let made = 0; made < 3; made++) await createLog(tiers.api.owner, tenant);
    await createLog(tiers.api.owner, tenant, { columns: { status_code: 429, error_code: 2003 } });
    await createLog(tiers.api.owner, tenant, { atMs: Date.now() - 40 * 86_400_000 });
    await setQuotas(tenant, { requestsPerMonth: '4' });
    const before = [(await tenant.call(0)).status, (await tenant.call(1)).status];
    await usageRecords(tiers.api.owner, tenant.accountId, 6);
    await withRedis((redis) => redis.del(...monthlyRequestKeys(tenant.accountId as AccountId))); // the test's own
    await tiers.api.api.services.requestCounts.raise(null);
    return [...before, (await tenant.call(1)).status];
  });
  expect(seen).toEqual([200, 429, 429]);
});

test('a new month begins with nothing counted', async () => {
  const seen = await countedByRedis(async (tenant) => {
    await setQuotas(tenant, { requestsPerMonth: '2' });
    const before = await statuses(tenant);
    // As it will be next month: what stands there is of another one.
    const month = monthNumber(Date.now());
    const key = monthlyRequestKeys(tenant.accountId as AccountId)[month % 2] ?? ''; // the test's own
    await withRedis((redis) => redis.hset(key, '#', String(month - 2)));
    return [before, await statuses(tenant), await statuses(tenant)];
  });
  expect(seen).toEqual(['200,200', '200,200', '429,429']);
});

test('beyond its quota of bytes an account loses its oldest bodies, and the logs say so', async () => {
  const tenant = await tiers.tenant();
  const other = await tiers.tenant();
  const bodies = { request_body: Buffer.alloc(400, 'q'), response_body: Buffer.alloc(600, 'a') };
  const now = Date.now();
  const ids: string[] = [];
  for (const [index, days] of [2, 1, 1, 0].entries()) {
    ids.push(await createLog(tiers.api.owner, tenant, { atMs: now - days * 86_400_000 + index, bodies }));
  }
  const kept = await createLog(tiers.api.owner, other, { atMs: now - 3 * 86_400_000, bodies });
  const upkeep = new LedgerUpkeep({ pool: tiers.api.owner, logger: createLogger('t', 'fatal'), retentionDays: 400 });
  expect((await upkeep.run()).expired).toBe(0);
  await setQuotas(tenant, { logStorageBytes: '2500' });
  expect(await storedBytes(tenant)).toBe('4000');
  expect((await upkeep.run()).expired).toBe(2);
  expect((await upkeep.run()).expired).toBe(0);
  expect(await storedBytes(tenant)).toBe('2000');
  const state = async (of: TierTenant, id: string): Promise<unknown> => {
    const document =
      'query ($tag: String!, $id: ID!) { account(tag: $tag) { log(id: $id) { bodyState requestBody } } }';
    const { account } = (await of.admin(document, { tag: of.tag, id })).expectData<{ account: { log: object } }>();
    return Object.values(account.log);
  };
  const states = await Promise.all(ids.map((id) => state(tenant, id)));
  expect(states).toEqual([
    ['EXPIRED', null],
    ['EXPIRED', null],
    ['STORED', 'q'.repeat(400)],
    ['STORED', 'q'.repeat(400)],
  ]);
  expect(await state(other, kept)).toEqual(['STORED', 'q'.repeat(400)]);
  const DELETE = `mutation ($id: ID!) { deleteLogs(input: { gatewayId: $id, filter: { eventId: "${ids[3]}" } }) { count } }`;
  (await tenant.admin(DELETE, { id: tenant.gatewayId })).expectData();
  expect(await storedBytes(tenant)).toBe('1000');
}, 60_000);

async function storedBytes(tenant: TierTenant): Promise<unknown> {
  return (await overviews(tiers.operator, { search: tenant.tag }))[0]?.['storedBodyBytes'];
}

async function overviews(caller: GraphqlCaller, variables: object): Promise<Record<string, unknown>[]> {
  type Listed = { accounts: { edges: { node: Record<string, unknown> }[] } };
  const answer = await caller(ACCOUNTS, { ...variables });
  return answer.expectData<Listed>().accounts.edges.map((edge) => edge.node);
}

test('the operator finds accounts by a part of their name or their tag, page by page, with what they use', async () => {
  const tenant = await tiers.tenant();
  await tenant.gateway('second');
  for (let made = 0; made < 3; made++) await createLog(tiers.api.owner, tenant);
  await createLog(tiers.api.owner, tenant, { columns: { status_code: 429, error_code: 9005 } });
  await createLog(tiers.api.owner, tenant, { atMs: Date.now() - 40 * 86_400_000 });
  const expected = {
    id: tenant.accountId,
    tag: tenant.tag,
    name: tenant.name,
    suspendedAt: null,
    gatewayCount: 2,
    requestsThisMonth: '3',
    storedBodyBytes: '0',
    quotas: { gateways: null },
  };
  for (const search of [tenant.tag, tenant.name, tenant.name.slice(1)]) {
    expect(await overviews(tiers.operator, { search })).toEqual([expected]);
  }
  for (const search of ['%', tenant.tag.slice(1), 'nobody-has-this-name']) {
    expect(await overviews(tiers.operator, { search })).toEqual([]);
  }
  (await tiers.operator(ACCOUNTS, { search: 'a\0b' })).expectError('BAD_USER_INPUT', 'search');
  await Promise.all([tiers.tenant(), tiers.tenant()]);
  type Page = { accounts: { edges: { cursor: string; node: { id: string } }[]; pageInfo: { hasNextPage: boolean } } };
  const found: string[] = [];
  for (let after: string | null = null, goesOn = true; goesOn;) {
    const page: Page = (await tiers.operator(ACCOUNTS, { first: 2, after })).expectData<Page>();
    found.push(...page.accounts.edges.map((edge) => edge.node.id));
    after = page.accounts.edges.at(-1)?.cursor ?? null;
    goesOn = page.accounts.pageInfo.hasNextPage;
  }
  const { rows } = await tiers.api.owner.query<{ id: string }>('SELECT id FROM account ORDER BY id DESC');
  expect(found).toEqual(rows.map(({ id }) => id));
});

test('the operator sees how the instance is: its proxies, what waits, and when its jobs ran', async () => {
  await new LedgerUpkeep({ pool: tiers.api.owner, logger: createLogger('t', 'fatal'), retentionDays: 400 }).run();
  const HEALTH = `query { instanceHealth { version postgresVersion isRedisReachable ledgerLagSeconds unshippedRecords
    quarantinedRecords proxies { host version isLive isGated lastSeenAt } jobs { job lastRunAt problem }
    ledgerGaps { lost duplicated } } }`;
  interface Health {
    readonly proxies: readonly {
      readonly version: string | null;
      readonly isLive: boolean;
      readonly isGated: boolean;
    }[];
    readonly jobs: readonly { readonly job: string; readonly problem: string | null }[];
  }
  const version = releaseVersion();
  const health = await waitFor(
    async () => {
      const answer = await tiers.operator(HEALTH);
      const { instanceHealth } = answer.expectData<{ instanceHealth: Health }>();
      return instanceHealth.proxies.filter((proxy) => proxy.version === version).length === 2 ? instanceHealth : null;
    },
    'both proxies have said how they are',
    25_000,
  );
  expect(health).toMatchObject({
    version,
    isRedisReachable: true,
    quarantinedRecords: '0',
    ledgerGaps: { lost: '0', duplicated: '0' },
  });
  expect(health.proxies.every((proxy) => proxy.isLive && !proxy.isGated)).toBe(true);
  expect(health.jobs).toMatchObject([{ job: 'ledger-upkeep', problem: null }]);
}, 60_000);

test('an operator sees no log, key or setting of an account in which he is no member', async () => {
  const tenant = await tiers.tenant();
  const logId = await createLog(tiers.api.owner, tenant);
  const inside = [
    'gateways { edges { node { id } } }',
    'gateway(name: "main") { settings { authentication } }',
    `log(id: "${logId}") { id }`,
    'apiTokens { edges { node { id } } }',
    'customProviders { edges { node { id } } }',
    'analytics(filter: { from: "2026-01-01T00:00:00Z", to: "2027-01-01T00:00:00Z" }) { totals { requests } }',
  ];
  for (const selection of inside) {
    const answer = await tiers.operator(`query ($tag: String!) { account(tag: $tag) { name ${selection} } }`, {
      tag: tenant.tag,
    });
    answer.expectError('FORBIDDEN');
  }
  const client = await tiers.api.owner.connect();
  try {
    for (const sql of [
      'SELECT * FROM log_body',
      'SELECT * FROM usage_record',
      'SELECT sealed FROM provider_key',
      'SELECT * FROM gateway_settings',
      'SELECT token_hash FROM api_token',
      'SELECT name FROM gateway',
      'SELECT * FROM app_user',
    ]) {
      await client.query('BEGIN; SET LOCAL ROLE tollgate_operator');
      await expect(client.query(sql)).rejects.toThrow(/permission denied/);
      await client.query('ROLLBACK');
    }
  } finally {
    client.release();
  }
  const member = await createUser(tiers.api.owner, { accountId: tenant.accountId, role: 'VIEWER', isOperator: true });
  (await graphqlCaller(tiers.api.url, member.token)(ACCOUNT, { tag: tenant.tag })).expectData();
});
