import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { createUser } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';

const SET = `mutation ($input: SetPriceOverrideInput!) { setPriceOverride(input: $input) {
  id provider model match serviceTier from rates { unit usdPerMillion } } }`;
const REMOVE = 'mutation ($id: ID!) { removePriceOverride(id: $id) }';
const LIST = `query ($tag: String!) { account(tag: $tag) { priceOverrides(first: 100) { edges { node { id model } } } } }`;
const RATES = [
  { unit: 'inputTokens', usdPerMillion: '2.5' },
  { unit: 'outputTokens', usdPerMillion: '10.000001' },
];

interface Override {
  readonly id: string;
}

let api: TestApi;
let tenant: TestTenant;
let admin: GraphqlCaller;

beforeAll(async () => {
  api = await startTestApi();
});
beforeEach(async () => {
  tenant = await createTenant(api.owner);
  admin = graphqlCaller(api.url, (await createUser(api.owner, { accountId: tenant.accountId, role: 'ADMIN' })).token);
});
afterAll(() => api.stop());

const input = (given: object = {}) => ({
  accountId: tenant.accountId,
  provider: 'openai',
  model: 'gpt-4o',
  rates: RATES,
  ...given,
});
const set = async (given: object = {}): Promise<Override> =>
  (await admin(SET, { input: input(given) })).expectData<{ setPriceOverride: Override }>().setPriceOverride;
const listed = async (): Promise<unknown> => (await admin(LIST, { tag: tenant.tag })).expectData();

test('a price is kept exactly as it was set, and is in the policy of every gateway', async () => {
  await tenant.gateway('main');
  const from = '2026-11-01T00:00:00.000Z';
  const given = { model: 'GPT-4o', match: 'PREFIX', serviceTier: 'Flex', from };
  expect(await set(given)).toEqual({
    id: expect.any(String),
    provider: 'openai',
    model: 'gpt-4o',
    match: 'PREFIX',
    serviceTier: 'flex',
    from,
    rates: RATES,
  });
  const { rows } = await api.owner.query(
    `SELECT config_version, (SELECT rates FROM price_override WHERE account_id = g.account_id) AS rates
     FROM gateway g WHERE account_id = $1`,
    [tenant.accountId],
  );
  expect(rows).toEqual([{ config_version: 2, rates: { inputTokens: '2500000', outputTokens: '10000001' } }]);
});

test('another price for the same calls takes the place of the first, which stays to explain what it priced', async () => {
  const first = await set();
  const second = await set({ rates: [{ unit: 'inputTokens', usdPerMillion: '0' }] });
  await set({ serviceTier: 'flex' });
  await set({ from: '2030-01-01T00:00:00Z' });
  expect(second.id).not.toBe(first.id);
  const { rows } = await api.owner.query<{ id: string; ended: boolean }>(
    'SELECT id, ended_at IS NOT NULL AS ended FROM price_override WHERE account_id = $1 ORDER BY id',
    [tenant.accountId],
  );
  expect(rows.map(({ ended }) => ended)).toEqual([true, false, false, false]);
  const audit = await api.owner.query<{ action: string; replaced: string | null }>(
    `SELECT action, before->>'id' AS replaced FROM audit_event WHERE account_id = $1 ORDER BY id`,
    [tenant.accountId],
  );
  expect(audit.rows.slice(0, 2)).toEqual([
    { action: 'priceOverride.set', replaced: null },
    { action: 'priceOverride.set', replaced: first.id },
  ]);
});

test('a removed price is in no list and can be removed once', async () => {
  const { id } = await set();
  expect((await admin(REMOVE, { id })).expectData()).toEqual({ removePriceOverride: id });
  expect(await listed()).toEqual({ account: { priceOverrides: { edges: [] } } });
  (await admin(REMOVE, { id })).expectError('NOT_FOUND');
});

test.each([
  ['input.provider', { provider: 'nobody' }],
  ['input.provider', { provider: 'custom-' }],
  ['input.model', { model: ' ' }],
  ['input.serviceTier', { serviceTier: 'a#b' }],
  ['input.model', { model: 'İ'.repeat(256) }],
  ['input.serviceTier', { serviceTier: 'Default' }],
  ['input.rates', { rates: [] }],
  ['input.rates.0.unit', { rates: [{ unit: 'input_tokens', usdPerMillion: '1' }] }],
  ['input.rates.0.unit', { rates: [{ unit: 'outputToken', usdPerMillion: '1' }] }],
  ['input.rates.1.unit', { rates: [RATES[0], RATES[0]] }],
  ['input.rates.0.usdPerMillion', { rates: [{ unit: 'inputTokens', usdPerMillion: '0.0000001' }] }],
  ['input.rates.0.usdPerMillion', { rates: [{ unit: 'inputTokens', usdPerMillion: '-1' }] }],
  ['input.rates.0.usdPerMillion', { rates: [{ unit: 'inputTokens', usdPerMillion: '1000000001' }] }],
])('a bad %s is refused by name and nothing is kept: %j', async (field, given) => {
  (await admin(SET, { input: input(given) })).expectError('BAD_USER_INPUT', field);
  expect(await listed()).toEqual({ account: { priceOverrides: { edges: [] } } });
});

test('an account has at most 200 prices in force', async () => {
  for (let index = 0; index < 200; index++) await tenant.priceOverride({ provider: 'openai', model: `m-${index}` });
  (await admin(SET, { input: input() })).expectError('CONFLICT', 'input.accountId');
});

test('who may edit gateways and not the account sees prices and sets none; nor does a token of single gateways', async () => {
  const { id } = await set();
  const { token } = await createUser(api.owner, { accountId: tenant.accountId, role: 'EDITOR' });
  const editor = graphqlCaller(api.url, token);
  expect((await editor(LIST, { tag: tenant.tag })).expectData()).toEqual(await listed());
  (await editor(SET, { input: input() })).expectError('FORBIDDEN');
  (await editor(REMOVE, { id })).expectError('FORBIDDEN');
  const gatewayIds = [await tenant.gateway('main')];
  const limited = graphqlCaller(api.url, await tenant.apiToken({ permissions: ['ACCOUNT_EDIT'], gatewayIds }));
  (await limited(SET, { input: input() })).expectError('FORBIDDEN');
});
