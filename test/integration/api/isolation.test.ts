/**
 * What the tenant matrix cannot ask: what is in lists and sums, what an input may set, what one request leaves to the
 * next.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  getNamedType,
  isInputObjectType,
  isNonNullType,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLNamedType,
} from 'graphql';
import { buildApiSchema } from '../../../api/graphql/schema.js';
import { newUuidV7 } from '../../../schema/contracts/ids.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { createLog, createUser } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';

const schema = buildApiSchema();
let api: TestApi;
let a: Tenant;
let b: Tenant;

/** An account with one of everything, and its owner. */
interface Tenant {
  readonly of: TestTenant;
  readonly owner: GraphqlCaller;
  readonly gatewayId: string;
  readonly ids: Readonly<Record<Kind, string>>;
}
type Kind = 'gateway' | 'apiToken' | 'providerKey' | 'customProvider' | 'priceOverride' | 'log';

beforeAll(async () => {
  api = await startTestApi();
  [a, b] = [await makeTenant(), await makeTenant()];
});
afterAll(() => api.stop());

async function makeTenant(): Promise<Tenant> {
  const of = await createTenant(api.owner);
  const gateway = await of.gateway('main', {});
  await of.apiToken();
  const token = await api.owner.query<{ id: string }>('SELECT id FROM api_token WHERE account_id = $1', [of.accountId]);
  const key = {
    gatewayId: gateway,
    provider: 'openai',
    alias: 'default',
    origin: 'https://api.openai.com',
    secret: 'sk-0',
  };
  const ids = {
    gateway,
    apiToken: token.rows[0]?.id ?? '',
    providerKey: await of.providerKey(key),
    customProvider: await of.customProvider({ slug: 'house', baseUrl: 'https://api.example.com' }),
    priceOverride: await of.priceOverride({ provider: 'openai', model: 'gpt-house' }),
    log: await createLog(api.owner, { accountId: of.accountId, gatewayId: gateway }, { bodies: { feedback: null } }),
  };
  const owner = graphqlCaller(api.url, (await createUser(api.owner, { accountId: of.accountId })).token);
  return { of, owner, gatewayId: gateway, ids };
}

const range = {
  from: new Date(Date.now() - 86_400_000).toISOString(),
  to: new Date(Date.now() + 86_400_000).toISOString(),
};

test('T-ISO-4 the account of a credential and the one that an input names must agree: the input never wins', async () => {
  const token = graphqlCaller(
    api.url,
    await b.of.apiToken({ permissions: ['AI_GATEWAY_READ', 'AI_GATEWAY_EDIT', 'ACCOUNT_EDIT'] }),
  );
  for (const caller of [token, b.owner]) {
    const input = { accountId: a.of.accountId, name: 'mine' };
    const create = 'mutation ($input: CreateGatewayInput!) { createGateway(input: $input) { id } }';
    (await caller(create, { input })).expectError('NOT_FOUND');
    const tokens = 'mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret } }';
    (await caller(tokens, { input: { ...input, permissions: ['AI_GATEWAY_READ'] } })).expectError('NOT_FOUND');
    // of the account that one may act in, with a gateway of another one
    const mixed = {
      accountId: b.of.accountId,
      name: 'mine',
      permissions: ['AI_GATEWAY_READ'],
      gatewayIds: [a.gatewayId],
    };
    (await caller(tokens, { input: mixed })).expectError('BAD_USER_INPUT', 'input.gatewayIds.0');
    const rate = 'mutation ($input: RateLogInput!) { rateLog(input: $input) { id } }';
    (await caller(rate, { input: { gatewayId: b.gatewayId, logId: a.ids.log, feedback: 1 } })).expectError('NOT_FOUND');
  }
  const made = await api.owner.query("SELECT 1 FROM gateway WHERE name = 'mine'");
  expect(made.rows).toEqual([]);
});

const HOSTILE_FIELDS = [
  'role',
  'accountId',
  'scopes',
  'allowedRoutes',
  'isOperator',
  'userId',
  'tokenHash',
  '__proto__',
];

/** A value that the type takes, as far as types say. */
function anyValue(type: GraphQLInputType): unknown {
  if (!isNonNullType(type)) return null;
  const inner = type.ofType;
  if ('ofType' in inner) return [];
  if (isInputObjectType(inner)) return requiredFields(inner);
  return valueOf(inner);
}
const requiredFields = (type: GraphQLInputObjectType): Record<string, unknown> =>
  Object.fromEntries(
    Object.values(type.getFields())
      .filter((field) => isNonNullType(field.type) && field.defaultValue === undefined)
      .map((field) => [field.name, anyValue(field.type)]),
  );
function valueOf(type: GraphQLNamedType): unknown {
  if ('getValues' in type) return type.getValues()[0]?.name;
  const values: Readonly<Record<string, unknown>> = {
    Int: 1,
    Boolean: true,
    DateTime: range.from,
    BigInt: '1',
    Decimal: '1',
  };
  return values[type.name] ?? 'text';
}

const inputs = Object.values(schema.getMutationType()?.getFields() ?? {}).flatMap((field) =>
  field.args.flatMap((argument) => {
    const type = getNamedType(argument.type);
    return isInputObjectType(type) ? [{ mutation: field.name, argument: argument.name, type }] : [];
  }),
);

test.each(inputs)('T-ISO-5 $mutation takes no field that it does not declare', async ({ mutation, argument, type }) => {
  const selection =
    'getFields' in getNamedType(schema.getMutationType()?.getFields()[mutation]?.type ?? type) ? '{ __typename }' : '';
  const document = `mutation ($x: ${type.name}!) { ${mutation}(${argument}: $x) ${selection} }`;
  for (const name of HOSTILE_FIELDS.filter((each) => !(each in type.getFields()))) {
    const value: unknown = JSON.parse(
      JSON.stringify(requiredFields(type)).replace(/^\{/, `{"${name}":"OWNER",`).replace(',}', '}'),
    );
    const [error] = (await a.owner(document, { x: value })).errors;
    expect([error?.extensions.code, error?.message]).toEqual([
      'BAD_USER_INPUT',
      expect.stringContaining(`"${name}" is not defined`),
    ]);
  }
});

test("T-ISO-6 sums and groups count what is of one's own, whatever ids the filter names", async () => {
  const query = `query ($tag: String!, $filter: AnalyticsFilter!) { account(tag: $tag) { analytics(filter: $filter) {
    totals { requests } groups { key totals { requests } } } } }`;
  const sums = async (caller: GraphqlCaller, tag: string, filter: object) =>
    (await caller(query, { tag, filter: { ...range, ...filter } })).expectData<{
      account: { analytics: object } | null;
    }>().account;
  const groupBy = ['GATEWAY', 'MODEL'];
  const own = { totals: { requests: '1' }, groups: [{ key: [a.gatewayId, 'gpt-test'], totals: { requests: '1' } }] };
  expect(await sums(a.owner, a.of.tag, { groupBy })).toEqual({ analytics: own });
  expect(await sums(a.owner, a.of.tag, { groupBy, gatewayIds: [a.gatewayId, b.gatewayId] })).toEqual({
    analytics: own,
  });
  for (const filter of [{ gatewayIds: [b.gatewayId] }, { apiTokenIds: [b.ids.apiToken] }]) {
    expect(await sums(a.owner, a.of.tag, { groupBy, ...filter })).toEqual({
      analytics: { totals: { requests: '0' }, groups: [] },
    });
  }
  expect(await sums(a.owner, b.of.tag, { groupBy })).toBeNull();
});

test('T-ISO-6 a cursor of the list of one account is none of another', async () => {
  const query =
    'query ($tag: String!, $after: String) { account(tag: $tag) { gateways(first: 1, after: $after) { pageInfo { endCursor } } } }';
  type Page = { account: { gateways: { pageInfo: { endCursor: string } } } };
  const { endCursor } = (await a.owner(query, { tag: a.of.tag })).expectData<Page>().account.gateways.pageInfo;
  (await a.owner(query, { tag: a.of.tag, after: endCursor })).expectData();
  (await b.owner(query, { tag: b.of.tag, after: endCursor })).expectError('BAD_USER_INPUT', 'after');
});

test('T-ISO-7 what one request loaded is not there for the next one', async () => {
  const query =
    'query ($tag: String!, $id: ID!) { account(tag: $tag) { log(id: $id) { gateway { id description } } } }';
  const described = async (caller: GraphqlCaller, tag: string) =>
    (await caller(query, { tag, id: a.ids.log })).expectData();
  for (const description of ['first', 'second']) {
    await api.owner.query('UPDATE gateway SET description = $2 WHERE id = $1', [a.gatewayId, description]);
    const [own, foreign] = await Promise.all([described(a.owner, a.of.tag), described(b.owner, b.of.tag)]);
    expect(own).toEqual({ account: { log: { gateway: { id: a.gatewayId, description } } } });
    expect(foreign).toEqual({ account: { log: null } });
  }
});

/** By kind: how it is listed, read, changed and deleted; null where there is no such way. */
const WAYS: Readonly<Record<Kind, { list: string; read: string | null; change: string | null; remove: string }>> = {
  gateway: {
    list: 'gateways { edges { node { id } } }',
    read: 'gateway(name: "main") { id }',
    change: 'updateGateway(input: { id: $id, description: "changed" }) { id }',
    remove: 'deleteGateway(id: $id)',
  },
  apiToken: {
    list: 'apiTokens { edges { node { id revokedAt } } }',
    read: null,
    change: null,
    remove: 'revokeApiToken(id: $id) { id }',
  },
  providerKey: {
    list: 'gateway(name: "main") { providerKeys { edges { node { id } } } }',
    read: null,
    change: 'rotateProviderKey(input: { id: $id, secret: "sk-another-0123" }) { id }',
    remove: 'deleteProviderKey(id: $id)',
  },
  customProvider: {
    list: 'customProviders { edges { node { id } } }',
    read: null,
    change: 'updateCustomProvider(input: { id: $id, name: "changed" }) { id }',
    remove: 'deleteCustomProvider(id: $id)',
  },
  priceOverride: {
    list: 'priceOverrides { edges { node { id } } }',
    read: null,
    change: null,
    remove: 'removePriceOverride(id: $id)',
  },
  log: {
    list: 'gateway(name: "main") { logs { edges { node { id } } } }',
    read: 'log(id: $id) { id }',
    change: 'rateLog(input: { gatewayId: $gatewayId, logId: $id, feedback: 1 }) { id }',
    remove: 'deleteLogs(input: { gatewayId: $gatewayId, filter: { models: ["gpt-test"] } }) { count }',
  },
};
const kinds = Object.keys(WAYS) as Kind[]; // they are

const mutation = (text: string): string =>
  `mutation ($id: ID!${text.includes('$gatewayId') ? ', $gatewayId: ID!' : ''}) { ${text} }`.replace(
    /^mutation \(\$id: ID!, (?=.*deleteLogs)/,
    'mutation (',
  );

/** Whether the account's answer has the thing in it. */
async function isSeen(caller: GraphqlCaller, tenant: Tenant, kind: Kind, selection: string): Promise<boolean> {
  const declared = selection.includes('$id') ? ', $id: ID!' : '';
  const variables = { tag: tenant.of.tag, ...(declared === '' ? {} : { id: tenant.ids[kind] }) };
  const answer = await caller(`query ($tag: String!${declared}) { account(tag: $tag) { ${selection} } }`, variables);
  return answer.text.includes(tenant.ids[kind]);
}

test.each(kinds)('T-ISO-9 a %s of another account can be neither listed, read, changed nor deleted', async (kind) => {
  const ways = WAYS[kind];
  for (const selection of [ways.list, ways.read]) {
    if (selection !== null) expect(await isSeen(b.owner, a, kind, selection)).toBe(false);
  }
  const variables = (text: string) => ({
    ...(text.includes('$id') ? { id: a.ids[kind] } : {}),
    ...(text.includes('$gatewayId') ? { gatewayId: a.gatewayId } : {}),
  });
  for (const text of [ways.change, ways.remove]) {
    if (text !== null) (await b.owner(mutation(text), variables(text))).expectError('NOT_FOUND');
  }
});

test.each(kinds)(
  'T-ISO-9 a %s that is owned is listed, read and changed, and by none of these ways once it is deleted',
  async (kind) => {
    const own = await makeTenant();
    const ways = WAYS[kind];
    const variables = (text: string) => ({
      ...(text.includes('$id') ? { id: own.ids[kind] } : {}),
      ...(text.includes('$gatewayId') ? { gatewayId: own.gatewayId } : {}),
    });
    for (const selection of [ways.list, ways.read]) {
      if (selection !== null) expect(await isSeen(own.owner, own, kind, selection)).toBe(true);
    }
    for (const text of [ways.change, ways.remove])
      if (text !== null) (await own.owner(mutation(text), variables(text))).expectData();
    if (kind !== 'apiToken') {
      for (const selection of [ways.list, ways.read]) {
        if (selection !== null) expect(await isSeen(own.owner, own, kind, selection)).toBe(false);
      }
    }
    if (ways.change !== null) (await own.owner(mutation(ways.change), variables(ways.change))).expectError('NOT_FOUND');
  },
);

test('T-ISO-9 a token that is limited to some gateways sees and changes no others, by any of the ways', async () => {
  const own = await makeTenant();
  const other = await own.of.gateway('other');
  const token = graphqlCaller(
    api.url,
    await own.of.apiToken({ permissions: ['AI_GATEWAY_READ', 'AI_GATEWAY_EDIT'], gatewayIds: [other] }),
  );
  for (const kind of ['gateway', 'providerKey', 'log'] as const) {
    const ways = WAYS[kind];
    for (const selection of [ways.list, ways.read]) {
      if (selection !== null) expect(await isSeen(token, own, kind, selection)).toBe(false);
    }
    for (const text of [ways.change, ways.remove]) {
      if (text === null) continue;
      const variables = {
        ...(text.includes('$id') ? { id: own.ids[kind] } : {}),
        ...(text.includes('$gatewayId') ? { gatewayId: own.gatewayId } : {}),
      };
      (await token(mutation(text), variables)).expectError('NOT_FOUND');
    }
  }
});

test('T-ISO-8 a foreign id and one that never was get the same answer after the same statements', async () => {
  const work = async (document: string, variables: object): Promise<[string, string[]]> => {
    api.takeQueries();
    const answer = await b.owner(document, { ...variables });
    return [answer.text, api.takeQueries()];
  };
  for (const kind of kinds) {
    const { change, remove, read } = WAYS[kind];
    const reading =
      read?.includes('$id') === true ? `query ($tag: String!, $id: ID!) { account(tag: $tag) { ${read} } }` : null;
    const gateway = (text: string) => (text.includes('$gatewayId') ? { gatewayId: b.gatewayId } : {});
    for (const text of [change, remove]) {
      if (text === null || !text.includes('$id')) continue;
      const foreign = await work(mutation(text), { id: a.ids[kind], ...gateway(text) });
      expect(foreign).toEqual(await work(mutation(text), { id: newUuidV7(), ...gateway(text) }));
      expect(foreign[0]).toContain('NOT_FOUND');
    }
    if (reading === null) continue;
    const foreign = await work(reading, { tag: b.of.tag, id: a.ids[kind] });
    expect(foreign).toEqual(await work(reading, { tag: b.of.tag, id: newUuidV7() }));
  }
  const account = 'query ($tag: String!) { account(tag: $tag) { id } }';
  expect(await work(account, { tag: a.of.tag })).toEqual(await work(account, { tag: '0'.repeat(32) }));
});
