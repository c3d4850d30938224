import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { gatewayPolicySchema, type GatewayPolicy } from '../../../schema/contracts/gateway-policy.js';
import type { AccountId } from '../../../schema/contracts/ids.js';
import { policyKey } from '../../../schema/contracts/redis-keys.js';
import { providerKeyContext } from '../../../schema/contracts/seal-contexts.js';
import { openSealed } from '../../../schema/contracts/sealed-secret.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { createUser } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { vaultPair } from '../../support/vault.js';

const FIELDS = 'id provider alias origin target lastFour version createdAt';
const CREATE = `mutation ($input: CreateProviderKeyInput!) { createProviderKey(input: $input) { ${FIELDS} } }`;
const ROTATE = `mutation ($input: RotateProviderKeyInput!) { rotateProviderKey(input: $input) { ${FIELDS} } }`;
const DELETE = 'mutation ($id: ID!) { deleteProviderKey(id: $id) }';

interface Key {
  readonly id: string;
  readonly provider: string;
  readonly alias: string;
  readonly origin: string;
  readonly lastFour: string;
  readonly version: number;
}

let api: TestApi;
let redis: Redis;
let tenant: TestTenant;
let gatewayId: string;
let editor: GraphqlCaller;

beforeAll(async () => {
  api = await startTestApi({ providerOrigins: new Map([['groq', 'http://10.0.0.9:8000/v1']]) });
  redis = new Redis({ path: api.redis.url.replace('unix://', '') });
});
beforeEach(async () => {
  tenant = await createTenant(api.owner);
  gatewayId = await tenant.gateway('main');
  const user = await createUser(api.owner, { accountId: tenant.accountId, role: 'EDITOR' });
  editor = graphqlCaller(api.url, user.token);
});
afterAll(async () => {
  redis.disconnect();
  await api.stop();
});

async function create(more: object = {}): Promise<Key> {
  const input = { gatewayId, provider: 'openai', secret: 'sk-test-0123456789', ...more };
  return (await editor(CREATE, { input })).expectData<{ createProviderKey: Key }>().createProviderKey;
}

async function policy(): Promise<GatewayPolicy> {
  const key = policyKey(tenant.accountId as AccountId, 'main'); // made by the test
  return gatewayPolicySchema.parse(JSON.parse((await redis.hget(key, 'document')) ?? ''));
}

/** What the proxy would make of a key in the policy that the api published. */
async function opened(id: string): Promise<string> {
  const { accountId } = tenant;
  const key = (await policy()).providerKeys.find((candidate) => candidate.id === id);
  if (key === undefined) throw new Error('the policy has no such key');
  const context = providerKeyContext({ ...key, accountId });
  return openSealed([vaultPair().privateKey], Buffer.from(key.sealed, 'base64'), context);
}

test('a key is bound to the origin of its provider, shows its last four characters, and opens in the policy', async () => {
  const key = await create();
  expect(key).toMatchObject({
    provider: 'openai',
    alias: 'default',
    origin: 'https://api.openai.com',
    target: {},
    lastFour: '6789',
    version: 1,
  });
  expect(await opened(key.id)).toBe('sk-test-0123456789');
  expect((await policy()).configVersion).toBe(2);
});

test("the operator's PROVIDER_ORIGINS decide the origin of a key", async () => {
  expect(await create({ provider: 'groq' })).toMatchObject({ origin: 'http://10.0.0.9:8000' });
});

test.each([
  ['azure-openai', { resource: 'acme-eu' }, 'https://acme-eu.openai.azure.com'],
  ['google-vertex-ai', { project: 'acme-123', region: 'global' }, 'https://aiplatform.googleapis.com'],
  ['aws-bedrock', { region: 'eu-central-1' }, 'https://bedrock-runtime.eu-central-1.amazonaws.com'],
  ['workers-ai', { account: '0123456789abcdef0123456789abcdef' }, 'https://api.cloudflare.com'],
])('a key for %s wants its target, whole and exact', async (provider, target, origin) => {
  const input = { gatewayId, provider, secret: 'sk-test-0123456789' };
  const [field = ''] = Object.keys(target);
  const refusals: [object | undefined, string][] = [
    [undefined, `input.target.${field}`],
    [{ ...target, [field]: 'evil.example#' }, `input.target.${field}`],
    [{ ...target, [field]: 7 }, `input.target.${field}`],
    [{ ...target, [field]: '' }, `input.target.${field}`],
    [{ ...target, extra: 'x' }, 'input.target'],
  ];
  for (const [sent, at] of refusals) {
    (await editor(CREATE, { input: { ...input, target: sent } })).expectError('BAD_USER_INPUT', at);
  }
  if (provider === 'google-vertex-ai') return expect(await keyCount()).toBe(0); // its secret is a service account's JSON
  expect(await create({ ...input, target })).toMatchObject({ origin, target });
});

const keyCount = async (): Promise<number> =>
  (await api.owner.query('SELECT 1 FROM provider_key WHERE account_id = $1', [tenant.accountId])).rows.length;

test.each([
  [{ provider: 'nobody' }, 'input.provider'],
  [{ provider: 'demo' }, 'input.provider'],
  [{ provider: 'custom-nobody' }, 'input.provider'],
  [{ provider: 'custom-\0' }, 'input.provider'],
  [{ provider: '__proto__' }, 'input.provider'],
  [{ target: { region: 'x' } }, 'input.target'],
  [{ target: [] }, 'input.target'],
  [{ alias: '' }, 'input.alias'],
  [{ alias: 'a b' }, 'input.alias'],
  [{ secret: '' }, 'input.secret'],
  [{ secret: 'sk-1\r\nx: y' }, 'input.secret'],
  [{ secret: 'x'.repeat(16_385) }, 'input.secret'],
  [{ provider: 'google-vertex-ai', target: { project: 'p', region: 'r' } }, 'input.secret'],
])('%# a key with %j is refused and nothing is stored', async (more, field) => {
  const input = { gatewayId, provider: 'openai', secret: 'sk-test-0123456789', ...more };
  (await editor(CREATE, { input })).expectError('BAD_USER_INPUT', field);
  expect(await keyCount()).toBe(0);
});

test("one of the account's API tokens cannot be stored as a key", async () => {
  const input = { gatewayId, provider: 'openai', secret: await tenant.apiToken() };
  (await editor(CREATE, { input })).expectError('BAD_USER_INPUT', 'input.secret');
});

test('an alias is taken once per gateway and provider, and free again after deletion', async () => {
  const key = await create({ alias: 'team' });
  const again = { gatewayId, provider: 'openai', alias: 'team', secret: 'sk-test-0123456789' };
  (await editor(CREATE, { input: again })).expectError('CONFLICT', 'input.alias');
  await create({ alias: 'team', provider: 'anthropic' });
  await create({ alias: 'team', gatewayId: await tenant.gateway('other') });
  expect((await editor(DELETE, { id: key.id })).expectData()).toEqual({ deleteProviderKey: key.id });
  (await editor(DELETE, { id: key.id })).expectError('NOT_FOUND');
  expect((await create({ alias: 'team' })).id).not.toBe(key.id);
});

test('a rotation replaces the secret under a new version, and never leaves the gateway without one', async () => {
  const key = await create();
  const input = { id: key.id, secret: 'sk-next-abcdefghij' };
  const rotated = (await editor(ROTATE, { input })).expectData<{ rotateProviderKey: Key }>().rotateProviderKey;
  expect(rotated).toMatchObject({ id: key.id, alias: key.alias, origin: key.origin, version: 2, lastFour: 'ghij' });
  expect(await opened(key.id)).toBe('sk-next-abcdefghij');
  expect((await policy()).providerKeys).toHaveLength(1);
  (await editor(ROTATE, { input: { id: key.id, secret: '' } })).expectError('BAD_USER_INPUT', 'input.secret');
  expect(await opened(key.id)).toBe('sk-next-abcdefghij');
});

test('twenty rotations at once are twenty versions', async () => {
  const key = await create();
  const rotations = Array.from({ length: 20 }, (_, index) =>
    editor(ROTATE, { input: { id: key.id, secret: `sk-parallel-${String(index).padStart(4, '0')}` } }),
  );
  const versions = (await Promise.all(rotations)).map(
    (answer) => answer.expectData<{ rotateProviderKey: Key }>().rotateProviderKey.version,
  );
  expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 2));
  expect(await opened(key.id)).toMatch(/^sk-parallel-00\d\d$/);
});

test('a gateway holds a hundred keys, however many are made at once, and its lists are paged', async () => {
  const made = await Promise.all(
    Array.from({ length: 103 }, (_, index) =>
      editor(CREATE, { input: { gatewayId, provider: 'openai', alias: `a${index}`, secret: 'sk-test-0123456789' } }),
    ),
  );
  const refused = made.filter((answer) => answer.errors.length > 0);
  expect([refused.length, await keyCount()]).toEqual([3, 100]);
  refused[0]?.expectError('CONFLICT', 'input.gatewayId');
  const PAGE = `query ($tag: String!, $after: String) { account(tag: $tag) { gateway(name: "main") {
    providerKeys(first: 60, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } } } } }`;
  type Page = { edges: { node: { id: string } }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
  type Answer = { account: { gateway: { providerKeys: Page } } };
  const page = async (after: string | null): Promise<Page> =>
    (await editor(PAGE, { tag: tenant.tag, after })).expectData<Answer>().account.gateway.providerKeys;
  const first = await page(null);
  const second = await page(first.pageInfo.endCursor);
  expect([first.edges.length, first.pageInfo.hasNextPage, second.edges.length]).toEqual([60, true, 40]);
  expect(new Set([...first.edges, ...second.edges].map((edge) => edge.node.id)).size).toBe(100);
  const other = { tag: (await createTenant(api.owner)).tag, after: first.pageInfo.endCursor };
  expect((await editor(PAGE, other)).data).toEqual({ account: null });
}, 60_000);

test('the keys of a gateway have 256 KiB together, because every proxy holds them', async () => {
  const secret = 'x'.repeat(16_384);
  for (let index = 0; index < 15; index++) await create({ alias: `a${index}`, secret });
  const input = { gatewayId, provider: 'openai', alias: 'last', secret };
  (await editor(CREATE, { input })).expectError('CONFLICT', 'input.gatewayId');
  const { id } = await create({ alias: 'small' });
  (await editor(ROTATE, { input: { id, secret } })).expectError('CONFLICT', 'input.secret');
  expect(await opened(id)).toBe('sk-test-0123456789');
});

test('deleting a gateway erases its keys and its egress proxy', async () => {
  await create();
  const SET = `mutation ($id: ID!) { updateGateway(input: { id: $id,
    settings: { egressProxyUrl: "http://u:p@proxy.example.com:3128" } }) { id } }`;
  (await editor(SET, { id: gatewayId })).expectData();
  (await editor('mutation ($id: ID!) { deleteGateway(id: $id) }', { id: gatewayId })).expectData();
  expect(await keyCount()).toBe(0);
  const { rows } = await api.owner.query(
    'SELECT egress_proxy_sealed AS sealed FROM gateway_settings WHERE gateway_id = $1',
    [gatewayId],
  );
  expect(rows).toEqual([{ sealed: null }]);
});

test('a token limited to gateways reaches the keys of those alone', async () => {
  const key = await create();
  const otherId = await tenant.gateway('other');
  const permissions = ['AI_GATEWAY_EDIT', 'AI_GATEWAY_READ'] as const;
  const limited = graphqlCaller(api.url, await tenant.apiToken({ permissions, gatewayIds: [otherId] }));
  (await limited(CREATE, { input: { gatewayId, provider: 'groq', secret: 'x' } })).expectError('NOT_FOUND');
  (await limited(ROTATE, { input: { id: key.id, secret: 'x' } })).expectError('NOT_FOUND');
  (await limited(DELETE, { id: key.id })).expectError('NOT_FOUND');
  (await limited(CREATE, { input: { gatewayId: otherId, provider: 'groq', secret: 'x' } })).expectData();
});

test('every change of a key is in the audit log, without its secret', async () => {
  const key = await create({ alias: 'told' });
  (await editor(ROTATE, { input: { id: key.id, secret: 'sk-canary-0123456789' } })).expectData();
  (await editor(DELETE, { id: key.id })).expectData();
  const { rows } = await api.owner.query<{ action: string; text: string }>(
    'SELECT action, concat(before, after) AS text FROM audit_event WHERE account_id = $1 ORDER BY id',
    [tenant.accountId],
  );
  expect(rows.map((row) => row.action)).toEqual(['providerKey.create', 'providerKey.rotate', 'providerKey.delete']);
  expect(rows.every((row) => row.text.includes(key.id) && !/canary|sk-test/.test(row.text))).toBe(true);
});

test('an error about a forgotten or mistyped field quotes nothing of the secret beside it', async () => {
  const inputs = [
    { provider: 'openai', secret: 'sk-canary' },
    { gatewayId, provider: 'openai', secret: ['sk-canary'] },
    { gatewayId, provider: 'openai', secret: 'sk-canary', alias: { x: 'sk-canary' } },
    { gatewayId, provider: 'openai', secret: 'sk-canary', unknown: 1 },
  ];
  for (const input of inputs) {
    const answer = await editor(CREATE, { input });
    expect(answer.errors.length).toBeGreaterThan(0);
    expect(answer.text).not.toContain('canary');
  }
});
