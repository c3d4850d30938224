import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { gatewayPolicySchema, type GatewayPolicy } from '../../../schema/contracts/gateway-policy.js';
import type { AccountId } from '../../../schema/contracts/ids.js';
import { policyKey, type PolicyChange } from '../../../schema/contracts/redis-keys.js';
import { customHeadersContext } from '../../../schema/contracts/seal-contexts.js';
import { openSealed } from '../../../schema/contracts/sealed-secret.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { createUser } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { vaultPair } from '../../support/vault.js';
import { waitFor } from '../../support/wait-for.js';

const FIELDS = 'id slug name baseUrl headerNames';
const CREATE = `mutation ($input: CreateCustomProviderInput!) { createCustomProvider(input: $input) { ${FIELDS} } }`;
const UPDATE = `mutation ($input: UpdateCustomProviderInput!) { updateCustomProvider(input: $input) { ${FIELDS} } }`;
const DELETE = 'mutation ($id: ID!) { deleteCustomProvider(id: $id) }';
const CREATE_KEY = `mutation ($input: CreateProviderKeyInput!) { createProviderKey(input: $input) { id origin } }`;

interface Custom {
  readonly id: string;
  readonly slug: string;
  readonly baseUrl: string;
  readonly headerNames: readonly string[];
}

let api: TestApi;
let redis: Redis;
let tenant: TestTenant;
let editor: GraphqlCaller;

beforeAll(async () => {
  api = await startTestApi();
  redis = new Redis({ path: api.redis.url.replace('unix://', '') });
});
beforeEach(async () => {
  tenant = await createTenant(api.owner);
  const user = await createUser(api.owner, { accountId: tenant.accountId, role: 'EDITOR' });
  editor = graphqlCaller(api.url, user.token);
});
afterAll(async () => {
  redis.disconnect();
  await api.stop();
});

const draft = (more: object): object => ({
  accountId: tenant.accountId,
  slug: 'acme',
  name: 'Acme',
  baseUrl: 'https://api.example.com/v1/',
  ...more,
});
const create = async (more: object = {}): Promise<Custom> =>
  (await editor(CREATE, { input: draft(more) })).expectData<{ createCustomProvider: Custom }>().createCustomProvider;
const update = async (input: object): Promise<Custom> =>
  (await editor(UPDATE, { input })).expectData<{ updateCustomProvider: Custom }>().updateCustomProvider;

async function policy(gatewayName: string): Promise<GatewayPolicy> {
  const key = policyKey(tenant.accountId as AccountId, gatewayName); // made by the test
  return gatewayPolicySchema.parse(JSON.parse((await redis.hget(key, 'document')) ?? ''));
}

/** The headers as the proxy would open them for the base URL that its policy has. */
async function openedHeaders(gatewayName: string): Promise<unknown> {
  const [custom] = (await policy(gatewayName)).customProviders;
  if (custom === undefined || custom.sealedHeaders === null) return null;
  const context = customHeadersContext({ ...custom, accountId: tenant.accountId });
  return JSON.parse(openSealed([vaultPair().privateKey], Buffer.from(custom.sealedHeaders, 'base64'), context));
}

const outbox = async (): Promise<readonly PolicyChange[]> => {
  const { rows } = await api.owner.query<{ change: PolicyChange }>(
    'SELECT change FROM policy_outbox WHERE account_id = $1 ORDER BY id',
    [tenant.accountId],
  );
  return rows.map((row) => row.change);
};

test('a custom provider is in the policy of every gateway of its account, its headers sealed', async () => {
  await tenant.gateway('one');
  await tenant.gateway('two');
  const custom = await create({ headers: { 'X-Org': 'acme', Authorization: 'Bearer sk-0123456789' } });
  expect(custom).toMatchObject({ slug: 'acme', baseUrl: 'https://api.example.com/v1' });
  expect([...custom.headerNames].sort()).toEqual(['Authorization', 'X-Org']);
  for (const name of ['one', 'two']) {
    expect((await policy(name)).customProviders).toMatchObject([{ id: custom.id, slug: 'acme', version: 1 }]);
    expect(await openedHeaders(name)).toEqual({ 'X-Org': 'acme', Authorization: 'Bearer sk-0123456789' });
  }
  const told = (await outbox()).map((change) => (change.kind === 'gateway' ? change.gatewayName : change.kind));
  expect(told.toSorted()).toEqual(['one', 'two']);
});

test('a gateway that is being made while a custom provider is stored shows it', async () => {
  const lockWaits = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  const waiting = async (count: number): Promise<boolean> => (await api.owner.query(lockWaits)).rowCount === count;
  const holder = await api.owner.connect();
  // No transaction gets past its announcement: the gateway is there, and nobody else sees it yet.
  await holder.query('BEGIN; LOCK TABLE policy_outbox IN EXCLUSIVE MODE');
  const CREATE_GATEWAY = 'mutation ($input: CreateGatewayInput!) { createGateway(input: $input) { id } }';
  const gateway = editor(CREATE_GATEWAY, { input: { accountId: tenant.accountId, name: 'new' } });
  await waitFor(() => waiting(1), 'the gateway waits to be announced');
  const custom = create();
  await waitFor(() => waiting(2), 'the custom provider waits as well');
  await holder.query('COMMIT');
  holder.release();
  (await gateway).expectData();
  const { id } = await custom;
  const revisions = (await outbox()).map((change) => change.revision);
  expect(revisions).toHaveLength(2);
  const shown = await policy('new');
  expect(shown.customProviders).toMatchObject([{ id }]);
  expect(shown.revision).toBe(Math.max(...revisions));
});

test('its endpoint URL is known in its own account alone', async () => {
  await tenant.gateway('main');
  await create();
  const URL_OF = `query ($tag: String!, $provider: String) { account(tag: $tag) { gateway(name: "main") { endpointUrl(provider: $provider) } } }`;
  const answer = await editor(URL_OF, { tag: tenant.tag, provider: 'custom-acme' });
  const endpointUrl = `http://localhost:8787/v1/${tenant.tag}/main/custom-acme`;
  expect(answer.expectData()).toEqual({ account: { gateway: { endpointUrl } } });
  const other = await createTenant(api.owner);
  await other.gateway('main');
  const { token } = await createUser(api.owner, { accountId: other.accountId });
  const asked = await graphqlCaller(api.url, token)(URL_OF, { tag: other.tag, provider: 'custom-acme' });
  asked.expectError('BAD_USER_INPUT', 'provider');
});

test('another base URL wants the headers again, because those stored are for the former one', async () => {
  await tenant.gateway('main');
  const { id } = await create({ headers: { 'x-key': 'k1' } });
  const moved = { id, baseUrl: 'https://api.example.org' };
  (await editor(UPDATE, { input: moved })).expectError('BAD_USER_INPUT', 'input.headers');
  expect(await update({ ...moved, headers: { 'x-key': 'k2' } })).toMatchObject({ baseUrl: 'https://api.example.org' });
  expect(await openedHeaders('main')).toEqual({ 'x-key': 'k2' });
  expect((await policy('main')).customProviders).toMatchObject([{ version: 2 }]);
  expect(await update({ id, headers: null })).toMatchObject({ headerNames: [] });
  expect(await openedHeaders('main')).toBeNull();
  expect(await update({ id, baseUrl: 'https://api.example.net' })).toMatchObject({
    baseUrl: 'https://api.example.net',
  });
});

test('another name is no change of a policy, and a change of nothing is none at all', async () => {
  await tenant.gateway('main');
  const { id } = await create();
  const before = (await outbox()).length;
  expect(await update({ id, name: 'Acme Inc.' })).toMatchObject({ name: 'Acme Inc.' });
  await update({ id, name: 'Acme Inc.', baseUrl: 'https://API.example.com:443/v1' });
  expect((await outbox()).length).toBe(before);
});

test('provider keys are bound to its origin, and go when it goes', async () => {
  const gatewayId = await tenant.gateway('main');
  const { id } = await create();
  const key = { gatewayId, provider: 'custom-acme', secret: 'sk-0123456789ab' };
  expect((await editor(CREATE_KEY, { input: key })).expectData()).toMatchObject({
    createProviderKey: { origin: 'https://api.example.com' },
  });
  (await editor(CREATE_KEY, { input: { ...key, provider: 'openai' } })).expectData();
  expect((await editor(DELETE, { id })).expectData()).toEqual({ deleteCustomProvider: id });
  const { customProviders, providerKeys } = await policy('main');
  expect([customProviders, providerKeys.map((stored) => stored.provider)]).toEqual([[], ['openai']]);
  (await editor(DELETE, { id })).expectError('NOT_FOUND');
});

test('a slug is taken once in an account, and by no other account', async () => {
  await create();
  (await editor(CREATE, { input: draft({}) })).expectError('CONFLICT', 'input.slug');
  const other = await createTenant(api.owner);
  const { token } = await createUser(api.owner, { accountId: other.accountId });
  const input = draft({ accountId: other.accountId });
  (await graphqlCaller(api.url, token)(CREATE, { input })).expectData();
});

test('an account has a hundred custom providers, however many are made at once, and its list is paged', async () => {
  const made = await Promise.all(
    Array.from({ length: 102 }, (_, index) => editor(CREATE, { input: draft({ slug: `p${index}` }) })),
  );
  const refused = made.filter((answer) => answer.errors.length > 0);
  expect(refused.length).toBe(2);
  refused[0]?.expectError('CONFLICT', 'input.accountId');
  const PAGE = `query ($tag: String!, $after: String) { account(tag: $tag) {
    customProviders(first: 60, after: $after) { edges { node { id } } pageInfo { endCursor } } } }`;
  type Page = { edges: { node: { id: string } }[]; pageInfo: { endCursor: string } };
  const page = async (after: string | null): Promise<Page> =>
    (await editor(PAGE, { tag: tenant.tag, after })).expectData<{ account: { customProviders: Page } }>().account
      .customProviders;
  const first = await page(null);
  const second = await page(first.pageInfo.endCursor);
  expect([first.edges.length, second.edges.length]).toEqual([60, 40]);
}, 60_000);

test("the headers of an account's custom providers have 128 KiB together", async () => {
  const headers = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [`x-${name}`, 'v'.repeat(8_000)]));
  for (const slug of ['one', 'two', 'three', 'four']) await create({ slug, headers });
  (await editor(CREATE, { input: draft({ slug: 'five', headers }) })).expectError('CONFLICT', 'input.accountId');
  const { id } = await create({ slug: 'five' });
  (await editor(UPDATE, { input: { id, headers } })).expectError('CONFLICT', 'input.headers');
});

test.each<[object, string]>([
  [{ slug: '' }, 'input.slug'],
  [{ slug: 'Acme' }, 'input.slug'],
  [{ slug: '-acme' }, 'input.slug'],
  [{ slug: 'a/b' }, 'input.slug'],
  [{ name: ' ' }, 'input.name'],
  [{ baseUrl: 'http://api.example.com' }, 'input.baseUrl'],
  [{ baseUrl: 'https://user:pass@api.example.com' }, 'input.baseUrl'],
  [{ baseUrl: 'https://api.example.com?x=1' }, 'input.baseUrl'],
  [{ baseUrl: 'https://169.254.169.254' }, 'input.baseUrl'],
  [{ baseUrl: 'https://0x7f000001' }, 'input.baseUrl'],
  [{ baseUrl: 'https://metadata.google.internal' }, 'input.baseUrl'],
  [{ baseUrl: 'https://postgres:5432' }, 'input.baseUrl'],
  [{ headers: 'x' }, 'input.headers'],
  [{ headers: [] }, 'input.headers'],
  [{ headers: { 'x y': 'v' } }, 'input.headers'],
  [{ headers: Object.fromEntries([['__proto__', 'v']]) }, 'input.headers'],
  [{ headers: { host: 'evil.example' } }, 'input.headers.host'],
  [{ headers: { Host: 'evil.example' } }, 'input.headers.Host'],
  [{ headers: { 'content-length': '1' } }, 'input.headers.content-length'],
  [{ headers: { Transfer_Encoding: 'chunked' } }, 'input.headers.Transfer_Encoding'],
  [{ headers: { 'cf-aig-metadata': '{}' } }, 'input.headers.cf-aig-metadata'],
  [{ headers: { 'x-a': 'v', 'X-A': 'w' } }, 'input.headers.X-A'],
  [{ headers: { 'x-a': 'v\r\nx-b: w' } }, 'input.headers.x-a'],
  [{ headers: { 'x-a': 7 } }, 'input.headers.x-a'],
  [{ headers: { 'x-a': '' } }, 'input.headers.x-a'],
  [{ headers: { 'x-a': 'v'.repeat(8_193) } }, 'input.headers.x-a'],
  [{ headers: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`x-${i}`, 'v'])) }, 'input.headers'],
  [
    { headers: Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`x-${i}`, 'v'.repeat(8_000)])) },
    'input.headers',
  ],
])('%# a custom provider with %j is refused and nothing is stored', async (more, field) => {
  (await editor(CREATE, { input: draft(more) })).expectError('BAD_USER_INPUT', field);
  const { rows } = await api.owner.query('SELECT 1 FROM custom_provider WHERE account_id = $1', [tenant.accountId]);
  expect(rows).toEqual([]);
});

test("one of the account's API tokens cannot be a header", async () => {
  const headers = { 'x-key': `Bearer ${await tenant.apiToken()}` };
  (await editor(CREATE, { input: draft({ headers }) })).expectError('BAD_USER_INPUT', 'input.headers.x-key');
});

test('a token limited to gateways sees custom providers, and changes none', async () => {
  const { id } = await create();
  const gatewayIds = [await tenant.gateway('main')];
  const limited = graphqlCaller(
    api.url,
    await tenant.apiToken({ permissions: ['AI_GATEWAY_EDIT', 'AI_GATEWAY_READ'], gatewayIds }),
  );
  const LIST = `{ account(tag: "${tenant.tag}") { customProviders { edges { node { id } } } } }`;
  expect((await limited(LIST)).expectData()).toEqual({ account: { customProviders: { edges: [{ node: { id } }] } } });
  (await limited(CREATE, { input: draft({ slug: 'other' }) })).expectError('FORBIDDEN');
  (await limited(UPDATE, { input: { id, name: 'x' } })).expectError('FORBIDDEN');
  (await limited(DELETE, { id })).expectError('FORBIDDEN');
});

test('every change is in the audit log, with the names of headers and none of their values', async () => {
  const { id } = await create({ headers: { 'x-key': 'canary-1' } });
  await update({ id, headers: { 'x-key': 'canary-2' } });
  (await editor(DELETE, { id })).expectData();
  const { rows } = await api.owner.query<{ action: string; text: string }>(
    'SELECT action, concat(before, after) AS text FROM audit_event WHERE account_id = $1 ORDER BY id',
    [tenant.accountId],
  );
  expect(rows.map((row) => row.action)).toEqual([
    'customProvider.create',
    'customProvider.update',
    'customProvider.delete',
  ]);
  expect(rows.every((row) => row.text.includes('x-key') && !row.text.includes('canary'))).toBe(true);
});
