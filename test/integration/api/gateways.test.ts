import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { egressProxyContext } from '../../../schema/contracts/seal-contexts.js';
import { openSealed } from '../../../schema/contracts/sealed-secret.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { createUser } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { vaultPair } from '../../support/vault.js';

const CREATE = `mutation ($input: CreateGatewayInput!) { createGateway(input: $input) {
  id name description configVersion settings { authentication collectLogs requestTimeoutMs logRetentionDays } } }`;
const UPDATE = `mutation ($input: UpdateGatewayInput!) { updateGateway(input: $input) {
  id description configVersion settings { authentication collectLogs requestTimeoutMs injectStreamUsage } } }`;

interface Gateway {
  readonly id: string;
  readonly description: string | null;
  readonly configVersion: number;
  readonly settings: Readonly<Record<string, unknown>>;
}

let api: TestApi;
let tenant: TestTenant;
let editor: GraphqlCaller;

beforeAll(async () => {
  api = await startTestApi({ isDemo: true });
});
beforeEach(async () => {
  tenant = await createTenant(api.owner);
  const user = await createUser(api.owner, { accountId: tenant.accountId, role: 'EDITOR' });
  editor = graphqlCaller(api.url, user.token);
});
afterAll(() => api.stop());

async function create(name: string, more: object = {}): Promise<Gateway> {
  const answer = await editor(CREATE, { input: { accountId: tenant.accountId, name, ...more } });
  return answer.expectData<{ createGateway: Gateway }>().createGateway;
}

async function update(input: object): Promise<Gateway> {
  return (await editor(UPDATE, { input })).expectData<{ updateGateway: Gateway }>().updateGateway;
}

test('a gateway begins with the defaults and what it was given', async () => {
  expect(await create('first', { description: 'One', settings: { authentication: true } })).toMatchObject({
    name: 'first',
    description: 'One',
    configVersion: 1,
    settings: { authentication: true, collectLogs: true, requestTimeoutMs: null, logRetentionDays: 30 },
  });
});

test('an absent field stays, null resets it, and only a change makes a new version', async () => {
  const { id } = await create('changing', { description: 'One', settings: { requestTimeoutMs: 5_000 } });
  const second = await update({ id, settings: { authentication: true } });
  expect(second).toMatchObject({
    configVersion: 2,
    description: 'One',
    settings: { authentication: true, requestTimeoutMs: 5_000 },
  });
  expect((await update({ id, settings: { authentication: true } })).configVersion).toBe(2);
  const third = await update({ id, description: null, settings: { authentication: null, requestTimeoutMs: null } });
  expect(third).toMatchObject({
    configVersion: 3,
    description: null,
    settings: { authentication: false, requestTimeoutMs: null },
  });
});

test('a change for another version is a conflict and changes nothing', async () => {
  const { id } = await create('versioned');
  (await editor(UPDATE, { input: { id, description: 'late', ifVersion: 7 } })).expectError(
    'CONFLICT',
    'input.ifVersion',
  );
  expect(await update({ id, ifVersion: 1 })).toMatchObject({ configVersion: 1, description: null });
});

test('a hundred changes at once are a hundred versions, each newer than the last', async () => {
  const { id } = await create('contended');
  const changes = Array.from({ length: 100 }, (_, index) => update({ id, description: `change ${index}` }));
  const versions = (await Promise.all(changes)).map((gateway) => gateway.configVersion);
  expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 2));
});

test('a name is taken once among the living, and free again after deletion', async () => {
  const first = await create('twice');
  (await editor(CREATE, { input: { accountId: tenant.accountId, name: 'twice' } })).expectError(
    'CONFLICT',
    'input.name',
  );
  expect((await editor('mutation ($id: ID!) { deleteGateway(id: $id) }', { id: first.id })).expectData()).toEqual({
    deleteGateway: first.id,
  });
  (await editor('mutation ($id: ID!) { deleteGateway(id: $id) }', { id: first.id })).expectError('NOT_FOUND');
  expect((await create('twice')).id).not.toBe(first.id);
});

test.each(['', '-begins', 'has space', 'a'.repeat(65), 'ünï', 'a/b'])(
  'the gateway name %j is refused',
  async (name) => {
    (await editor(CREATE, { input: { accountId: tenant.accountId, name } })).expectError(
      'BAD_USER_INPUT',
      'input.name',
    );
  },
);

test('T-ISO-5 what an input does not declare cannot be set through it', async () => {
  const { id } = await create('assigned');
  for (const more of [{ accountId: tenant.accountId }, { configVersion: 9 }, { name: 'other' }, { revision: 1 }]) {
    const field = Object.keys(more).join();
    expect((await editor(UPDATE, { input: { id, ...more } })).errors[0]?.message).toContain(
      `"${field}" is not defined`,
    );
  }
});

test('an account with a NUL in a text, or a description too long, is refused by name', async () => {
  for (const description of ['a\0b', 'x'.repeat(1_025)]) {
    const input = { accountId: tenant.accountId, name: 'described', description };
    (await editor(CREATE, { input })).expectError('BAD_USER_INPUT', 'input.description');
  }
});

test('gateways are paged newest first, and a search finds part of a name in any case', async () => {
  for (const name of ['red-one', 'RED-two', 'blue_three', 'red%four']) {
    if (name.includes('%'))
      await editor(CREATE, { input: { accountId: tenant.accountId, name: 'percent', description: name } });
    else await create(name);
  }
  const PAGE = `query ($tag: String!, $first: Int, $after: String, $search: String) { account(tag: $tag) {
    gateways(first: $first, after: $after, search: $search) {
      edges { node { name } } pageInfo { hasNextPage hasPreviousPage endCursor } } } }`;
  type Page = { edges: { node: { name: string } }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
  const page = async (variables: object): Promise<Page> =>
    (await editor(PAGE, { tag: tenant.tag, ...variables })).expectData<{ account: { gateways: Page } }>().account
      .gateways;
  const names = (found: Page): string[] => found.edges.map((edge) => edge.node.name);
  const first = await page({ first: 3 });
  expect([names(first), first.pageInfo.hasNextPage]).toEqual([['percent', 'blue_three', 'RED-two'], true]);
  const second = await page({ first: 3, after: first.pageInfo.endCursor });
  expect([names(second), second.pageInfo.hasNextPage]).toEqual([['red-one'], false]);
  expect(names(await page({ search: 'rEd-' }))).toEqual(['RED-two', 'red-one']);
  expect(names(await page({ search: '%' }))).toEqual(['percent']);
  expect(names(await page({ search: '_' }))).toEqual(['blue_three']);
  for (const count of [0, -1, 101]) {
    (await editor(PAGE, { tag: tenant.tag, first: count })).expectError('BAD_USER_INPUT', 'first');
  }
  const otherList = { tag: tenant.tag, after: first.pageInfo.endCursor, search: 'red' };
  (await editor(PAGE, otherList)).expectError('BAD_USER_INPUT', 'after');
});

test('the endpoint URL names account, gateway and provider, and refuses a provider that there is not', async () => {
  await create('reach');
  const URLS = `query ($tag: String!, $provider: String) { account(tag: $tag) { gateway(name: "reach") { endpointUrl(provider: $provider) } } }`;
  const base = `http://localhost:8787/v1/${tenant.tag}/reach`;
  for (const [provider, url] of [
    [null, base],
    ['anthropic', `${base}/anthropic`],
    ['demo', `${base}/demo`],
  ]) {
    const answer = await editor(URLS, { tag: tenant.tag, provider });
    expect(answer.expectData()).toEqual({ account: { gateway: { endpointUrl: url } } });
  }
  (await editor(URLS, { tag: tenant.tag, provider: 'nobody' })).expectError('BAD_USER_INPUT', 'provider');
});

test('every change of a gateway is in the audit log, with its author', async () => {
  const { id } = await create('audited');
  await update({ id, description: 'new' });
  await editor('mutation ($id: ID!) { deleteGateway(id: $id) }', { id });
  const { rows } = await api.owner.query<{ action: string; actor: string }>(
    'SELECT action, actor FROM audit_event WHERE account_id = $1 ORDER BY id',
    [tenant.accountId],
  );
  expect(rows.map((row) => row.action)).toEqual(['gateway.create', 'gateway.update', 'gateway.delete']);
  expect(rows.every((row) => row.actor.startsWith('user:user-'))).toBe(true);
});

test('a page of gateways with their settings takes as many statements as one gateway does', async () => {
  const PAGE = `query ($tag: String!, $first: Int) { account(tag: $tag) { gateways(first: $first) { edges { node {
    name endpointUrl settings { authentication } } } } } }`;
  for (const name of ['a', 'b', 'c', 'd']) await create(name);
  const statements = async (first: number): Promise<number> => {
    api.takeQueries();
    (await editor(PAGE, { tag: tenant.tag, first })).expectData();
    return api.takeQueries().length;
  };
  expect(await statements(4)).toBe(await statements(1));
});

test('an egress proxy is stored whole for the proxies alone, and shown with its password masked', async () => {
  const whole = 'socks5://robot:hunter2-canary@proxy.example.com:1080';
  const shown = 'socks5://robot:***@proxy.example.com:1080';
  const { id } = await create('out', { settings: { egressProxyUrl: whole } });
  const EGRESS = `mutation ($input: UpdateGatewayInput!) { updateGateway(input: $input) { configVersion settings { egressProxyUrl } } }`;
  const set = async (egressProxyUrl: string | null): Promise<unknown> =>
    (await editor(EGRESS, { input: { id, settings: { egressProxyUrl } } })).expectData();
  const opened = async (): Promise<string | null> => {
    const { rows } = await api.owner.query<{ sealed: Buffer | null; url: string }>(
      'SELECT egress_proxy_sealed AS sealed, egress_proxy_url AS url FROM gateway_settings WHERE gateway_id = $1',
      [id],
    );
    const [row] = rows;
    if (row === undefined || row.sealed === null) return null;
    const context = egressProxyContext({ accountId: tenant.accountId, gatewayId: id, maskedUrl: row.url });
    return openSealed([vaultPair().privateKey], row.sealed, context);
  };
  expect(await opened()).toBe(whole);
  expect(await set(shown)).toEqual({ updateGateway: { configVersion: 1, settings: { egressProxyUrl: shown } } });
  expect(await opened()).toBe(whole);
  const next = whole.replace('hunter2', 'hunter3');
  expect(await set(next)).toEqual({ updateGateway: { configVersion: 2, settings: { egressProxyUrl: shown } } });
  expect(await opened()).toBe(next);
  const refused = await editor(EGRESS, { input: { id, settings: { egressProxyUrl: 'http://u:p-canary@127.0.0.1' } } });
  expect(refused.expectError('BAD_USER_INPUT', 'input.settings.egressProxyUrl').message).not.toContain('canary');
  expect(await set(null)).toEqual({ updateGateway: { configVersion: 3, settings: { egressProxyUrl: null } } });
  expect(await opened()).toBeNull();
  const { rows } = await api.owner.query<{ text: string }>(
    'SELECT concat(before, after) AS text FROM audit_event WHERE account_id = $1',
    [tenant.accountId],
  );
  expect(rows.some((row) => row.text.includes('robot:***')) && !rows.some((row) => row.text.includes('canary'))).toBe(
    true,
  );
});

test('a gateway may demand provider credentials', async () => {
  const { id } = await create('strict', { settings: { byokOnly: true } });
  const READ = `query ($tag: String!) { account(tag: $tag) { gateway(name: "strict") { id settings { byokOnly } } } }`;
  expect((await editor(READ, { tag: tenant.tag })).expectData()).toEqual({
    account: { gateway: { id, settings: { byokOnly: true } } },
  });
});
