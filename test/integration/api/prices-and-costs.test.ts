/**
 * Prices from end to end: imported or set through the api, applied by the proxy, explained and recalculated by the api.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { startPricingRig, USED, type PricingRig } from '../../support/pricing-rig.js';
import { createUser } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import type { UsageRow } from '../../support/usage-records.js';
import { waitFor } from '../../support/wait-for.js';

const IMPORT = `mutation ($input: ImportPriceListInput!) { importPriceList(input: $input) {
  version models added removed changed ignored differences { kind provider model rates { condition unit from to } } } }`;
const LOG = `query ($tag: String!, $id: ID!) { account(tag: $tag) { log(id: $id) { costUsd costStatus
  costBreakdown { recordedUsd recordedStatus totalUsd lines { unit quantity rateUsd amountUsd }
    attempts { number provider model costUsd costStatus note price { version rule condition } lines { unit amountUsd } }
    adjustments { amountUsd costStatus price { version rule condition } } } } } }`;
const ANALYTICS = `query ($tag: String!, $filter: AnalyticsFilter!) { account(tag: $tag) { analytics(filter: $filter) {
  totals { requests unpriced costUsd } } } }`;
const RECALCULATE = `mutation ($input: RecalculateCostsInput!) { recalculateCosts(input: $input) {
  dryRun priceVersion records changed newlyPriced withoutPrice costBeforeUsd costAfterUsd differenceUsd
  models { provider model records differenceUsd } } }`;
const RANGE = { from: '2026-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' };

let rig: PricingRig;
let tenant: TestTenant;
let admin: GraphqlCaller;
let operator: GraphqlCaller;

beforeAll(async () => {
  rig = await startPricingRig();
  operator = graphqlCaller(rig.api.url, (await createUser(rig.api.owner, { isOperator: true })).token);
  await importPrices('1');
});
beforeEach(async () => {
  const { owner, url } = rig.api;
  tenant = await createTenant(owner);
  await tenant.gateway('main');
  admin = graphqlCaller(url, (await createUser(owner, { accountId: tenant.accountId, role: 'ADMIN' })).token);
});
afterAll(() => rig.stop());

/** A list with one model, whose input costs `usd` and whose output costs 2 USD a million. */
const documentOf = (usd: string, more: readonly object[] = []): string =>
  JSON.stringify({
    models: [
      {
        provider: 'openai',
        model: 'gpt-4o-mini',
        match: { starts_with: 'gpt-4o-mini' },
        rules: [{ usdPerMillion: { inputTokens: usd, outputTokens: '2' } }, ...more],
      },
    ],
  });

async function importPrices(usd: string, more: readonly object[] = []): Promise<number> {
  const input = { format: 'TOLLGATE', mode: 'REPLACE', document: documentOf(usd, more), dryRun: false };
  return (await operator(IMPORT, { input })).expectData<{ importPriceList: { version: number } }>().importPriceList
    .version;
}

/** The record of a call that was priced as `isPriced` says; calls until the proxy has the price. */
function priced(of: TestTenant, isPriced: (row: UsageRow) => boolean): Promise<UsageRow> {
  return waitFor(async () => {
    const row = await rig.call(of);
    return isPriced(row) ? row : null;
  }, 'the proxy prices by the new price');
}

/**
 * The record of the tenant's one call; another one calls until the proxy has the list, so that his sums hold no older
 * price.
 */
async function pricedBy(version: number): Promise<UsageRow> {
  const other = await createTenant(rig.api.owner);
  await other.gateway('main');
  await priced(other, (row) => row['price_version'] === version);
  return rig.call(tenant);
}

const logOf = async (row: UsageRow): Promise<Readonly<Record<string, unknown>>> =>
  (await admin(LOG, { tag: tenant.tag, id: row['id'] })).expectData<{
    account: { log: Readonly<Record<string, unknown>> };
  }>().account.log;
const totals = async (): Promise<unknown> =>
  (await admin(ANALYTICS, { tag: tenant.tag, filter: RANGE })).expectData<{
    account: { analytics: { totals: unknown } };
  }>().account.analytics.totals;
const recalculate = async (given: object = {}): Promise<Readonly<Record<string, unknown>>> =>
  (await admin(RECALCULATE, { input: { accountId: tenant.accountId, ...RANGE, ...given } })).expectData<{
    recalculateCosts: Readonly<Record<string, unknown>>;
  }>().recalculateCosts;
const ledgerSum = async (): Promise<bigint> => {
  const { rows } = await rig.api.owner.query<{ sum: string | null }>(
    'SELECT sum(cost_pico) AS sum FROM usage_record WHERE account_id = $1',
    [tenant.accountId],
  );
  return BigInt(rows[0]?.sum ?? 0);
};
const pico = (usdPerMillion: number): string =>
  String(BigInt(usdPerMillion) * 1_000_000n * BigInt(USED.inputTokens) + 20_000_000n);

test('a price change by import changes new records only; both are explained by the list of their time', async () => {
  const version = await importPrices('3');
  const before = await pricedBy(version);
  expect(before).toMatchObject({ cost_pico: pico(3), cost_status: 'PRICED' });
  const next = await importPrices('5');
  const after = await pricedBy(next);
  expect(after).toMatchObject({ cost_pico: pico(5) });
  expect(await logOf(before)).toEqual({
    costUsd: '0.00032',
    costStatus: 'PRICED',
    costBreakdown: {
      recordedUsd: '0.00032',
      recordedStatus: 'PRICED',
      totalUsd: '0.00032',
      lines: [
        { unit: 'inputTokens', quantity: '100', rateUsd: '0.000003', amountUsd: '0.0003' },
        { unit: 'outputTokens', quantity: '10', rateUsd: '0.000002', amountUsd: '0.00002' },
      ],
      attempts: [
        {
          number: 1,
          provider: 'openai',
          model: 'gpt-4o-mini',
          costUsd: '0.00032',
          costStatus: 'PRICED',
          note: null,
          price: { version, rule: 'openai/gpt-4o-mini', condition: null },
          lines: [
            { unit: 'inputTokens', amountUsd: '0.0003' },
            { unit: 'outputTokens', amountUsd: '0.00002' },
          ],
        },
      ],
      adjustments: [],
    },
  });
});

test('an account’s own price acts for it alone, and goes as it came', async () => {
  const other = await createTenant(rig.api.owner);
  await other.gateway('main');
  const version = await importPrices('7');
  await pricedBy(version);
  const SET = 'mutation ($input: SetPriceOverrideInput!) { setPriceOverride(input: $input) { id } }';
  const rates = [{ unit: 'inputTokens', usdPerMillion: '0.000001' }];
  const input = { accountId: tenant.accountId, provider: 'openai', model: 'gpt-4o', match: 'PREFIX', rates };
  const { id } = (
    await admin(SET, { input: { ...input, rates: [...rates, { unit: 'outputTokens', usdPerMillion: '1' }] } })
  ).expectData<{ setPriceOverride: { id: string } }>().setPriceOverride;
  const own = await priced(tenant, (row) => row['price_rule'] === `override/${id}`);
  expect(own).toMatchObject({ cost_pico: '10000100', cost_status: 'PRICED', price_version: null });
  expect(await rig.call(other)).toMatchObject({ cost_pico: pico(7), price_version: version });
  (await admin('mutation ($id: ID!) { removePriceOverride(id: $id) }', { id })).expectData();
  await priced(tenant, (row) => row['price_version'] === version);
  expect(await logOf(own)).toMatchObject({
    costBreakdown: {
      lines: [
        { unit: 'inputTokens', quantity: '100', rateUsd: '0.000000000001', amountUsd: '0.0000000001' },
        { unit: 'outputTokens', quantity: '10', rateUsd: '0.000001', amountUsd: '0.00001' },
      ],
      attempts: [{ price: { version: null, rule: `override/${id}`, condition: null } }],
    },
  });
});

test('recalculation shows the difference, writes it once, and analytics and logs follow', async () => {
  const version = await importPrices('1');
  const row = await pricedBy(version);
  const unpriced = await rig.call(tenant, { model: 'gpt-9' });
  expect(unpriced).toMatchObject({ cost_status: 'UNPRICED', cost_pico: null });
  const custom = await rig.call(tenant, { headers: { 'cf-aig-custom-cost': '{"total_cost":1}' } });
  const before = await ledgerSum();
  const ownPrice = { provider: 'openai', model: 'gpt-9', rates: { inputTokens: '1000', outputTokens: '0' } };
  await tenant.priceOverride(ownPrice);
  await importPrices('4');
  const dry = await recalculate();
  expect(dry).toMatchObject({ dryRun: true, newlyPriced: '1', withoutPrice: '0' });
  expect(await ledgerSum()).toBe(before);
  (
    await admin(RECALCULATE, {
      input: { accountId: tenant.accountId, ...RANGE, dryRun: false, expectedDifferenceUsd: '0.1' },
    })
  ).expectError('CONFLICT', 'input.expectedDifferenceUsd');
  expect(await ledgerSum()).toBe(before);

  const expected = { dryRun: false, expectedDifferenceUsd: dry['differenceUsd'] };
  const run = () => admin(RECALCULATE, { input: { accountId: tenant.accountId, ...RANGE, ...expected } });
  const runs = await Promise.all([run(), run(), run()]);
  const [winner, ...others] = runs.toSorted((one, other) => one.errors.length - other.errors.length);
  winner?.expectData();
  expect(others).toHaveLength(2);
  // They came while it ran, or after it.
  for (const late of others) expect(['RATE_LIMITED', 'CONFLICT']).toContain(late.errors[0]?.extensions.code);
  const { rows } = await rig.api.owner.query<{ sum: string; count: string; units: string; requests: string }>(
    `SELECT sum(cost_pico) AS sum, count(*) AS count, sum(input_tokens + output_tokens) AS units,
       sum(request_count) AS requests FROM usage_record WHERE account_id = $1 AND kind = 'ADJUSTMENT'`,
    [tenant.accountId],
  );
  const counted = await rig.api.owner.query<{ priced: string }>(
    `SELECT count(*) AS priced FROM usage_record WHERE account_id = $1 AND kind = 'USAGE' AND cost_status = 'PRICED'`,
    [tenant.accountId],
  );
  const records = BigInt(counted.rows[0]?.priced ?? 0);
  const difference = records * 3n * 1_000_000n * BigInt(USED.inputTokens) + 1_000n * BigInt(USED.inputTokens);
  expect(rows).toEqual([{ sum: String(difference), count: String(records + 1n), units: '0', requests: '0' }]);
  expect(dry['differenceUsd']).toBe(usd(difference));
  expect(await ledgerSum()).toBe(before + difference);
  expect(await totals()).toEqual({ requests: String(records + 2n), unpriced: '0', costUsd: usd(before + difference) });
  expect(await recalculate({ dryRun: false })).toMatchObject({ changed: '0', differenceUsd: '0' });

  expect(await logOf(row)).toMatchObject({
    costUsd: '0.00042',
    costBreakdown: { recordedUsd: '0.00012', totalUsd: '0.00042', adjustments: [{ amountUsd: '0.0003' }] },
  });
  expect(await logOf(unpriced)).toMatchObject({
    costUsd: '0.0000001',
    costStatus: 'PRICED',
    costBreakdown: {
      recordedUsd: null,
      recordedStatus: 'UNPRICED',
      attempts: [{ note: 'no price is known for this use of the model' }],
      adjustments: [{ amountUsd: '0.0000001', price: { version: null } }],
    },
  });
  expect(await logOf(custom)).toMatchObject({
    costUsd: '1',
    costStatus: 'CUSTOM',
    costBreakdown: { lines: [{ unit: 'requests', quantity: '1', rateUsd: '1', amountUsd: '1' }], adjustments: [] },
  });
});

test('prices that go down, then up again, leave one entry for each change', async () => {
  const version = await importPrices('9');
  const row = await pricedBy(version);
  const sums: bigint[] = [];
  for (const usdPerMillion of ['2', '6', '9']) {
    await importPrices(usdPerMillion);
    await recalculate({ dryRun: false });
    sums.push(await ledgerSum());
  }
  const log = await logOf(row);
  expect(log).toMatchObject({
    costUsd: '0.00092',
    costBreakdown: { adjustments: [{ amountUsd: '-0.0007' }, { amountUsd: '0.0004' }, { amountUsd: '0.0003' }] },
  });
  expect(new Set(sums).size).toBe(3);
});

test('a call of a tier without a price stays unpriced, and is recalculated at that tier’s price once there is one', async () => {
  const version = await importPrices('1');
  await pricedBy(version);
  const flex = await rig.call(tenant, { serviceTier: 'flex' });
  expect(flex).toMatchObject({ cost_status: 'UNPRICED', price_rule: '#tier flex' });
  expect(await logOf(flex)).toMatchObject({
    costBreakdown: { attempts: [{ note: 'no price is known for service tier flex' }] },
  });
  expect(await recalculate()).toMatchObject({ changed: '0', withoutPrice: '1' });
  const tier = {
    condition: { type: 'service_tier', tier: 'flex' },
    usdPerMillion: { inputTokens: '0.5', outputTokens: '1' },
  };
  const next = await importPrices('1', [tier]);
  expect(await recalculate({ dryRun: false })).toMatchObject({
    changed: '1',
    newlyPriced: '1',
    differenceUsd: '0.00006',
  });
  expect(await logOf(flex)).toMatchObject({
    costUsd: '0.00006',
    costBreakdown: {
      adjustments: [{ price: { version: next, rule: 'openai/gpt-4o-mini', condition: 'tier flex' } }],
    },
  });
});

test('a bad document names its entry and leaves the list as it is; a dry run tells and changes nothing', async () => {
  const version = await importPrices('1');
  const bad = documentOf('one');
  const input = { format: 'TOLLGATE', mode: 'REPLACE', document: bad, dryRun: false };
  (await operator(IMPORT, { input })).expectError(
    'BAD_USER_INPUT',
    'input.document.models.0.rules.0.usdPerMillion.inputTokens',
  );
  const dry = (await operator(IMPORT, { input: { ...input, document: documentOf('8'), dryRun: true } })).expectData();
  expect(dry).toEqual({
    importPriceList: {
      version,
      models: 1,
      added: 0,
      removed: 0,
      changed: 1,
      ignored: [],
      differences: [
        {
          kind: 'CHANGED',
          provider: 'openai',
          model: 'gpt-4o-mini',
          rates: [{ condition: null, unit: 'inputTokens', from: '1', to: '8' }],
        },
      ],
    },
  });
  expect(await importPrices('1')).toBe(version);
});

test('who is no operator imports nothing', async () => {
  const input = { format: 'TOLLGATE', mode: 'REPLACE', document: documentOf('1') };
  (await admin(IMPORT, { input })).expectError('FORBIDDEN');
});

function usd(value: bigint): string {
  const digits = value.toString().padStart(13, '0');
  return `${digits.slice(0, -12)}.${digits.slice(-12)}`.replace(/\.?0+$/, '');
}
