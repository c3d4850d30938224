import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { createUser } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';

const CREATE = `mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) {
  secret token { id name prefix permissions gateways { name } cidrs expiresAt revokedAt lastUsedAt } } }`;
const GATEWAYS = 'query ($tag: String!) { account(tag: $tag) { gateways { edges { node { name } } } } }';

interface Created {
  readonly secret: string;
  readonly token: {
    readonly id: string;
    readonly prefix: string;
    readonly gateways: { readonly name: string }[] | null;
  };
}

let api: TestApi;
let tenant: TestTenant;
let admin: GraphqlCaller;

beforeAll(async () => {
  api = await startTestApi({ trustedProxies: 1 });
});
beforeEach(async () => {
  tenant = await createTenant(api.owner);
  const user = await createUser(api.owner, { accountId: tenant.accountId, role: 'ADMIN' });
  admin = graphqlCaller(api.url, user.token);
});
afterAll(() => api.stop());

const input = (more: object = {}) => ({
  input: { accountId: tenant.accountId, name: 'key', permissions: ['AI_GATEWAY_READ'], ...more },
});

async function create(caller: GraphqlCaller, more: object = {}): Promise<Created> {
  return (await caller(CREATE, input(more))).expectData<{ createApiToken: Created }>().createApiToken;
}

const byToken = (secret: string, ip = '192.0.2.1'): GraphqlCaller =>
  graphqlCaller(api.url, secret, { 'x-forwarded-for': ip });

test('a token works until it is revoked, and only its hash is kept', async () => {
  const { secret, token } = await create(admin);
  expect(secret).toMatch(/^tgt_[0-9A-Za-z]{40}$/);
  expect(secret.startsWith(token.prefix)).toBe(true);
  (await byToken(secret)(GATEWAYS, { tag: tenant.tag })).expectData();
  const { rows } = await api.owner.query('SELECT * FROM api_token t, audit_event a WHERE t.id = $1', [token.id]);
  expect(JSON.stringify(rows)).not.toContain(secret);
  const REVOKE = 'mutation ($id: ID!) { revokeApiToken(id: $id) { id revokedAt } }';
  const first = (await admin(REVOKE, { id: token.id })).expectData();
  (await byToken(secret)(GATEWAYS, { tag: tenant.tag })).expectError('UNAUTHENTICATED');
  expect((await admin(REVOKE, { id: token.id })).expectData()).toEqual(first);
});

test('a list shows tokens newest first, revoked ones too, and when each was last used', async () => {
  const { secret } = await create(admin, { name: 'older' });
  await byToken(secret)(GATEWAYS, { tag: tenant.tag });
  await create(admin, { name: 'newer' });
  const LIST = 'query ($tag: String!) { account(tag: $tag) { apiTokens { edges { node { name lastUsedAt } } } } }';
  type Listed = { account: { apiTokens: { edges: { node: { name: string; lastUsedAt: string | null } }[] } } };
  const { account } = (await admin(LIST, { tag: tenant.tag })).expectData<Listed>();
  const nodes = account.apiTokens.edges.map((edge) => edge.node);
  expect(nodes.map((node) => [node.name, node.lastUsedAt !== null])).toEqual([
    ['newer', false],
    ['older', true],
  ]);
});

test('a token limited to gateways sees and grants those alone', async () => {
  const [red, blue] = [await tenant.gateway('red'), await tenant.gateway('blue')];
  const permissions = ['AI_GATEWAY_READ', 'AI_GATEWAY_EDIT', 'ACCOUNT_EDIT'];
  const { secret, token } = await create(admin, { permissions, gatewayIds: [red] });
  expect(token.gateways).toEqual([{ name: 'red' }]);
  const limited = byToken(secret);
  expect((await limited(GATEWAYS, { tag: tenant.tag })).expectData()).toEqual({
    account: { gateways: { edges: [{ node: { name: 'red' } }] } },
  });
  const UPDATE = 'mutation ($id: ID!) { updateGateway(input: { id: $id, description: "x" }) { id } }';
  (await limited(UPDATE, { id: blue })).expectError('NOT_FOUND');
  (await limited(UPDATE, { id: red })).expectData();
  const MAKE = 'mutation ($id: ID!) { createGateway(input: { accountId: $id, name: "new" }) { id } }';
  (await limited(MAKE, { id: tenant.accountId })).expectError('FORBIDDEN');
  for (const gatewayIds of [null, [blue], [red, blue]]) {
    (await limited(CREATE, input({ gatewayIds }))).expectError('FORBIDDEN');
  }
  expect((await create(limited, { gatewayIds: [red] })).token.gateways).toEqual([{ name: 'red' }]);
});

test('nobody grants what he does not hold; a user may grant RUN, a token only if it holds it', async () => {
  const withoutRun = byToken((await create(admin, { permissions: ['ACCOUNT_EDIT'] })).secret);
  const withRun = byToken((await create(admin, { permissions: ['ACCOUNT_EDIT', 'AI_GATEWAY_RUN'] })).secret);
  (await withoutRun(CREATE, input({ permissions: ['AI_GATEWAY_RUN'] }))).expectError('FORBIDDEN');
  (await withoutRun(CREATE, input({ permissions: ['AI_GATEWAY_READ'] }))).expectError('FORBIDDEN');
  await create(withRun, { permissions: ['AI_GATEWAY_RUN'] });
});

test('what a token grants comes from no wider network and lasts no longer', async () => {
  const soon = new Date(Date.now() + 60_000).toISOString();
  const later = new Date(Date.now() + 120_000).toISOString();
  const cidrs = ['192.0.2.0/24'];
  const maker = byToken((await create(admin, { permissions: ['ACCOUNT_EDIT'], cidrs, expiresAt: soon })).secret);
  const child = (more: object) =>
    maker(CREATE, input({ permissions: ['ACCOUNT_EDIT'], cidrs, expiresAt: soon, ...more }));
  (await child({ cidrs: ['192.0.2.8/29'] })).expectData();
  for (const wider of [
    { cidrs: null },
    { cidrs: ['192.0.0.0/16'] },
    { cidrs: ['198.51.100.1'] },
    { expiresAt: null },
    { expiresAt: later },
  ]) {
    (await child(wider)).expectError('FORBIDDEN');
  }
});

test('a token acts from its networks only, and the address is what trusted proxies say', async () => {
  const { secret } = await create(admin, { cidrs: ['192.0.2.0/24', '2001:db8::/32'] });
  for (const ip of ['192.0.2.77', '::ffff:192.0.2.77', '2001:db8::1', '203.0.113.9, 192.0.2.1']) {
    (await byToken(secret, ip)(GATEWAYS, { tag: tenant.tag })).expectData();
  }
  for (const ip of ['192.0.3.1', '2001:db9::1', '192.0.2.1, 203.0.113.9', 'nonsense']) {
    (await byToken(secret, ip)(GATEWAYS, { tag: tenant.tag })).expectError('UNAUTHENTICATED');
  }
});

test('a client address that is none is no reason to fail', async () => {
  const { secret } = await create(admin, { permissions: ['AI_GATEWAY_EDIT'] });
  const MAKE = 'mutation ($id: ID!, $name: String!) { createGateway(input: { accountId: $id, name: $name }) { name } }';
  for (const [index, ip] of ['nonsense', '192.0.2.1:80', 'fe80::1%eth0', ''].entries()) {
    (await byToken(secret, ip)(MAKE, { id: tenant.accountId, name: `made-${index}` })).expectData();
  }
});

test('T-TOK-1 a token whose checksum is wrong is refused without a look-up', async () => {
  const { secret } = await create(admin);
  api.takeQueries();
  for (let at = 4; at < secret.length; at++) {
    const other = secret[at] === 'x' ? 'y' : 'x';
    (await byToken(secret.slice(0, at) + other + secret.slice(at + 1))(GATEWAYS, { tag: tenant.tag })).expectError(
      'UNAUTHENTICATED',
    );
  }
  expect(api.takeQueries()).toEqual([]);
});

test('an expired token is anonymous', async () => {
  const secret = await tenant.apiToken({ permissions: ['AI_GATEWAY_READ'], expiresAt: new Date(Date.now() - 1) });
  (await byToken(secret)(GATEWAYS, { tag: tenant.tag })).expectError('UNAUTHENTICATED');
});

test.each([
  ['input.name', { name: ' ' }],
  ['input.name', { name: 'x'.repeat(129) }],
  ['input.permissions', { permissions: [] }],
  ['input.gatewayIds', { gatewayIds: [] }],
  ['input.gatewayIds.0', { gatewayIds: ['nonsense'] }],
  ['input.gatewayIds.0', { gatewayIds: ['01912345-6789-7abc-8def-0123456789ab'] }],
  ['input.cidrs', { cidrs: [] }],
  ['input.cidrs.1', { cidrs: ['10.0.0.1', '10.0.0.0/33'] }],
  ['input.expiresAt', { expiresAt: '2020-01-01T00:00:00Z' }],
])('a token with a bad %s is refused by name', async (field, more) => {
  (await admin(CREATE, input(more))).expectError('BAD_USER_INPUT', field);
});

test("another account's gateway cannot be named in a token", async () => {
  const other = await createTenant(api.owner);
  const gatewayIds = [await tenant.gateway('mine'), await other.gateway('theirs')];
  (await admin(CREATE, input({ gatewayIds }))).expectError('BAD_USER_INPUT', 'input.gatewayIds.1');
});
