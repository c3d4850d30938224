/** Recalculation against the ledger's own rows, without a proxy: sums, bounds, rights, and all or nothing. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { instanceScope } from '../../../api/access.js';
import { RecalculationService } from '../../../api/modules/recalculation/index.js';
import type { AccountId } from '../../../schema/contracts/ids.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { createLog, createUser } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { TEST_SEED, TEST_SIZE } from '../../support/test-size.js';
import { waitFor } from '../../support/wait-for.js';

const RECALCULATE = `mutation ($input: RecalculateCostsInput!) { recalculateCosts(input: $input) {
  records changed differenceUsd costAfterUsd } }`;
const ANALYTICS = `query ($tag: String!, $filter: AnalyticsFilter!) { account(tag: $tag) { analytics(filter: $filter) {
  totals { requests costUsd unpriced tokensIn } groups { key totals { costUsd } } } } }`;
const DAY_MS = 86_400_000;
const OLD_MS = Date.now() - 3 * DAY_MS;
const RANGE = { from: new Date(OLD_MS - DAY_MS).toISOString(), to: new Date(OLD_MS + DAY_MS).toISOString() };

let api: TestApi;
let tenant: TestTenant;
let gatewayId: string;
let admin: GraphqlCaller;

beforeAll(async () => {
  api = await startTestApi();
});
beforeEach(async () => {
  tenant = await createTenant(api.owner);
  gatewayId = await tenant.gateway('main');
  admin = graphqlCaller(api.url, (await createUser(api.owner, { accountId: tenant.accountId, role: 'ADMIN' })).token);
});
afterAll(() => api.stop());

/** A usage record of 10 tokens in and 5 out on an old day; its only attempt is the row itself. */
const log = (columns: Readonly<Record<string, unknown>> = {}, of: TestTenant = tenant, gateway = gatewayId): Promise<string> =>
  createLog(
    api.owner,
    { accountId: of.accountId, gatewayId: gateway },
    { atMs: OLD_MS, columns: { attempts: null, attempt_started_after_ms: 0, ...columns } },
  ); // prettier-ignore
const run = (given: object = {}) =>
  admin(RECALCULATE, { input: { accountId: tenant.accountId, ...RANGE, dryRun: false, ...given } });

interface Sums {
  readonly totals: { readonly requests: string; readonly costUsd: string; readonly unpriced: string; readonly tokensIn: string };
  readonly groups: readonly { readonly key: readonly (string | null)[]; readonly totals: { readonly costUsd: string } }[];
} // prettier-ignore
async function analytics(asked: object = { groupBy: ['MODEL'] }): Promise<Sums> {
  const filter = { ...RANGE, top: 100, ...asked };
  const answer = await admin(ANALYTICS, { tag: tenant.tag, filter });
  return answer.expectData<{ account: { analytics: Sums } }>().account.analytics;
}

const models = ['gpt-test', 'gpt-other', 'gpt-unknown'];
const record = fc.record({
  model: fc.constantFrom(...models),
  status: fc.constantFrom('PRICED', 'ESTIMATED', 'UNPRICED', 'CUSTOM', 'NOT_BILLABLE'),
  costPico: fc.bigInt({ min: 0n, max: 10n ** 16n }),
});

test('whatever was recorded and however often prices change, analytics are the sum of the ledger’s rows', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { minLength: 1, maxLength: 12 }),
      fc.array(fc.nat({ max: 1_000 }), { minLength: 1, maxLength: 3 }),
      async (records, prices) => {
        tenant = await createTenant(api.owner);
        gatewayId = await tenant.gateway('main');
        const user = await createUser(api.owner, { accountId: tenant.accountId, role: 'ADMIN' });
        admin = graphqlCaller(api.url, user.token);
        for (const { model, status, costPico } of records) {
          const cost = status === 'UNPRICED' ? null : status === 'NOT_BILLABLE' ? '0' : costPico.toString();
          await log({ model, cost_status: status, cost_pico: cost });
        }
        for (const price of prices) {
          const rates = { inputTokens: String(price), outputTokens: '1' };
          await api.owner.query('UPDATE price_override SET ended_at = now() WHERE account_id = $1', [tenant.accountId]);
          for (const model of models.slice(0, 2)) await tenant.priceOverride({ provider: 'openai', model, rates });
          (await run()).expectData();
        }
        const { rows } = await api.owner.query<{ model: string; sum: string }>(
          'SELECT model, coalesce(sum(cost_pico), 0) AS sum FROM usage_record WHERE account_id = $1 GROUP BY 1',
          [tenant.accountId],
        );
        const { totals, groups } = await analytics();
        const whole = rows.reduce((sum, row) => sum + BigInt(row.sum), 0n);
        expect(pico(totals.costUsd)).toBe(whole);
        expect(new Map(groups.map(({ key, totals: { costUsd } }) => [key[0], pico(costUsd)]))).toEqual(
          new Map(rows.map(({ model, sum }) => [model, BigInt(sum)])),
        );
        const stillUnpriced = records.filter(({ status, model }) => status === 'UNPRICED' && model === 'gpt-unknown');
        expect(totals).toMatchObject({
          requests: String(records.length),
          tokensIn: String(records.length * 10),
          unpriced: String(stillUnpriced.length),
        });
        // What a list or the account prices costs what the last price says; the rest costs what it did.
        const expected = records.reduce((sum, { model, status, costPico }) => {
          const isRepriced = model !== 'gpt-unknown' && ['PRICED', 'ESTIMATED', 'UNPRICED'].includes(status);
          if (isRepriced) return sum + BigInt(prices.at(-1) ?? 0) * 10n + 5n;
          return status === 'UNPRICED' || status === 'NOT_BILLABLE' ? sum : sum + costPico;
        }, 0n);
        expect(whole).toBe(expected);
      },
    ),
    { numRuns: TEST_SIZE === 'full' ? 200 : 12, seed: TEST_SEED },
  );
});

test('a correction is found by the metadata of its record, as the record is', async () => {
  await log({ metadata: { team: 'red' }, cost_status: 'UNPRICED', cost_pico: null });
  await log({ metadata: { team: 'blue' } });
  await log();
  await tenant.priceOverride({
    provider: 'openai',
    model: 'gpt-test',
    rates: { inputTokens: '1000', outputTokens: '1' },
  });
  (await run()).expectData();
  const costUsd = '0.000000010005';
  const { groups } = await analytics({ groupBy: ['METADATA'], metadataKey: 'team' });
  expect(new Map(groups.map(({ key, totals }) => [key[0], totals.costUsd]))).toEqual(
    new Map([null, 'blue', 'red'].map((team) => [team, costUsd])),
  );
  const { totals } = await analytics({ metadata: [{ key: 'team', value: 'red' }] });
  expect(totals).toEqual({ requests: '1', costUsd, unpriced: '0', tokensIn: '10' });
});

test('a record whose model has no price now keeps its cost', async () => {
  await log();
  expect((await run()).expectData()).toEqual({
    recalculateCosts: { records: '1', changed: '0', differenceUsd: '0', costAfterUsd: '0.000001' },
  });
});

test('only the range, the gateways and the account that were asked for are recalculated', async () => {
  const other = await tenant.gateway('other');
  const stranger = await createTenant(api.owner);
  const theirs = await stranger.gateway('main');
  await log();
  await log({}, tenant, other);
  await log({}, stranger, theirs);
  await createLog(api.owner, { accountId: tenant.accountId, gatewayId }, { atMs: OLD_MS + DAY_MS });
  const rates = { inputTokens: '1', outputTokens: '1' };
  for (const each of [tenant, stranger]) await each.priceOverride({ provider: 'openai', model: 'gpt-test', rates });
  const changed = async (given: object): Promise<unknown> =>
    (await run(given)).expectData<{ recalculateCosts: { changed: string } }>().recalculateCosts.changed;
  expect(await changed({ gatewayIds: [theirs, 'nonsense'] })).toBe('0');
  expect(await changed({ gatewayIds: [other] })).toBe('1');
  expect(await changed({})).toBe('1');
  const { rows } = await api.owner.query(
    `SELECT count(*)::int AS count FROM usage_record WHERE kind = 'ADJUSTMENT' AND account_id = $1`,
    [stranger.accountId],
  );
  expect(rows).toEqual([{ count: 0 }]);
});

test('more records than one recalculation may hold up are refused, and what it had written is gone', async () => {
  for (let index = 0; index < 4; index++) await log();
  await tenant.priceOverride({ provider: 'openai', model: 'gpt-test' });
  const scope = instanceScope('cost.recalculate', tenant.accountId as AccountId); // made by the test
  const { database } = api.api.services;
  const input = { accountId: tenant.accountId, from: new Date(RANGE.from), to: new Date(RANGE.to), dryRun: false };
  await expect(new RecalculationService(database, 3).recalculate(scope, input)).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    field: 'input.to',
  });
  expect(await new RecalculationService(database, 4).recalculate(scope, input)).toMatchObject({ changed: 4n });
});

test('one run of an account and two of an api go on at a time; nobody else waits for a connection', async () => {
  const others = await Promise.all([createTenant(api.owner), createTenant(api.owner)]);
  const [second, third] = await Promise.all(others.map(adminOf));
  const before = api.api.services.recalculations.room.refused;
  const held = await api.owner.connect();
  await held.query('BEGIN');
  await held.query('LOCK TABLE price_override IN ACCESS EXCLUSIVE MODE'); // what every run reads first
  try {
    const first = run({ dryRun: true });
    await waitFor(() => isLockAwaited(1), 'the first run waits for the prices');
    const more = await Promise.all(Array.from({ length: 10 }, () => run({ dryRun: true })));
    for (const answer of more) answer.expectError('RATE_LIMITED');
    const next = second?.();
    await waitFor(() => isLockAwaited(2), 'another account’s run waits for the prices');
    (await third?.())?.expectError('RATE_LIMITED');
    expect(api.api.services.recalculations.room.refused - before).toBe(11);
    (await admin('{ viewer { isOperator } }')).expectData();
    await held.query('ROLLBACK');
    (await first).expectData();
    (await next)?.expectData();
  } finally {
    await held.query('ROLLBACK');
    held.release();
  }
  (await third?.())?.expectData();
});

test('a run while another api writes the account’s entries is refused at once', async () => {
  const held = await api.owner.connect();
  await held.query('BEGIN');
  await held.query(`SELECT pg_advisory_xact_lock(hashtextextended('recalculate/' || $1::text, 0))`, [tenant.accountId]);
  try {
    (await run()).expectError('RATE_LIMITED');
    (await run({ dryRun: true })).expectData();
  } finally {
    await held.query('ROLLBACK');
    held.release();
  }
  (await run()).expectData();
});

/** Runs of another account, by an ADMIN of it. */
async function adminOf({ accountId }: TestTenant) {
  const { token } = await createUser(api.owner, { accountId, role: 'ADMIN' });
  const caller = graphqlCaller(api.url, token);
  return () => caller(RECALCULATE, { input: { accountId, ...RANGE } });
}

async function isLockAwaited(by: number): Promise<boolean> {
  const { rows } = await api.owner.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_locks
     WHERE NOT granted AND relation = 'price_override'::regclass
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return rows[0]?.count === by;
}

test('the api may add adjustments to the account that it acts in, and no other row, and change none', async () => {
  const id = await log();
  const stranger = await createTenant(api.owner);
  const { database } = api.api.services;
  const insert = (accountId: string, kind: string): Promise<unknown> =>
    database.inLookup({ 'app.account': tenant.accountId }, (tx) =>
      tx.query(
        `INSERT INTO usage_record SELECT (jsonb_populate_record(u, jsonb_build_object('id', gen_random_uuid(),
           'account_id', $2::uuid, 'kind', $3::text, 'adjusts', CASE WHEN $3 = 'ADJUSTMENT' THEN u.id END))).*
         FROM usage_record u WHERE u.id = $1`,
        [id, accountId, kind],
      ),
    );
  await insert(tenant.accountId, 'ADJUSTMENT');
  await expect(insert(tenant.accountId, 'USAGE')).rejects.toThrow('row-level security');
  await expect(insert(stranger.accountId, 'ADJUSTMENT')).rejects.toThrow('row-level security');
  await expect(
    database.inLookup({ 'app.account': tenant.accountId }, (tx) =>
      tx.query('UPDATE usage_record SET cost_pico = 0', []),
    ),
  ).rejects.toThrow('permission denied');
});

test('a range that ends before it begins is refused, as is whoever may not edit the account', async () => {
  (await run({ to: RANGE.from })).expectError('BAD_USER_INPUT', 'input.to');
  const { token } = await createUser(api.owner, { accountId: tenant.accountId, role: 'EDITOR' });
  const editor = graphqlCaller(api.url, token);
  (await editor(RECALCULATE, { input: { accountId: tenant.accountId, ...RANGE } })).expectError('FORBIDDEN');
});

const pico = (usd: string): bigint => {
  const [whole = '', fraction = ''] = usd.split('.');
  return BigInt(whole + fraction.padEnd(12, '0'));
};
