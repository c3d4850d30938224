import { request as httpRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, postGraphql, type GraphqlCaller } from '../../support/graphql.js';
import { createUser } from '../../support/seed.js';
import { subscribeBySse, subscribeByWs } from '../../support/subscriber.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { waitFor } from '../../support/wait-for.js';

let api: TestApi;
let production: TestApi;
let tenant: TestTenant;
let owner: GraphqlCaller;

beforeAll(async () => {
  [api, production] = [await startTestApi(), await startTestApi({ isProduction: true })];
  tenant = await createTenant(api.owner);
  owner = graphqlCaller(api.url, (await createUser(api.owner, { accountId: tenant.accountId })).token);
});
afterAll(() => Promise.all([api.stop(), production.stop()]));

const many = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');

/** Of each the problem too: a document that another limit refuses shows nothing of this one. */
test.each<[string, string, string]>([
  [
    'depth',
    'levels of depth; at most 12',
    `{ viewer { accounts { ${'edges { node { gateways { '.repeat(4)} edges { cursor } ${'} } } '.repeat(4)} } } }`,
  ],
  ['aliases', '31 aliases; at most 30', `{ viewer { ${many(31, (index) => `a${index}: email`)} } }`],
  [
    'aliases inside a fragment that is spread often',
    '33 aliases; at most 30',
    `{ viewer { ...a } b: viewer { ...a } } fragment a on Viewer { ${many(16, (index) => `a${index}: email`)} }`,
  ],
  ['root fields', '11 root fields; at most 10', `{ ${many(11, (index) => `a${index}: viewer { email }`)} }`],
  ['directives', '21 directives; at most 20', `{ viewer { email ${'@include(if: true) '.repeat(21)} } }`],
  ['tokens', 'over 2000 tokens', `{ viewer { ${'email '.repeat(2_000)} } }`],
  [
    'cost',
    'points of cost; at most 10000',
    '{ viewer { accounts(first: 100) { edges { node { gateways(first: 100) { edges { node { id } } } } } } } }',
  ],
  [
    'cost of bodies',
    'points of cost; at most 10000',
    'query { account(tag: "x") { gateway(name: "x") { logs(first: 100) { edges { node { requestBody responseBody } } } } } }',
  ],
  [
    'cost of configurations',
    'points of cost; at most 10000',
    '{ viewer { accounts(first: 60) { edges { node { configuration { revision } } } } } }',
  ],
  [
    'aliases inside introspection',
    '31 aliases; at most 30',
    `{ __schema { ${many(31, (index) => `a${index}: queryType { name }`)} } }`,
  ],
  [
    'directives inside introspection',
    '21 directives; at most 20',
    `{ __schema { queryType { name ${'@include(if: true) '.repeat(21)} } } }`,
  ],
  [
    'cost by the default of a variable',
    'points of cost; at most 10000',
    'query ($n: Int = 100) { viewer { accounts(first: $n) { edges { node { gateways(first: $n) { edges { node { id } } } } } } } }',
  ],
  ['tokens, comments included', 'over 2000 tokens', `{ viewer { email } } ${'# x\n'.repeat(2_000)}`],
  ['fields to compare', 'selects the same fields too often', `{ viewer { ${'email '.repeat(300)} } }`],
  [
    'fields to compare in inline fragments',
    'selects the same fields too often',
    `{ viewer { ${'... on Viewer { email } '.repeat(300)} } }`,
  ],
  ['operations', '6 operations; at most 5', many(6, (index) => `query q${index} { viewer { email } }`)],
  [
    'fragments',
    '31 fragments; at most 30',
    `{ viewer { ${many(31, (index) => `...f${index}`)} } } ${many(31, (index) => `fragment f${index} on Viewer { email }`)}`,
  ],
])('T-GQL-2 a document over its %s is refused: %s', async (_limit, problem, document) => {
  expect((await owner(document)).expectError('QUERY_TOO_COMPLEX').message).toContain(problem);
});

test.each<[string, string]>([
  ['aliases', `{ viewer { ${many(30, (index) => `a${index}: email`)} } }`],
  ['root fields', `{ ${many(10, (index) => `a${index}: viewer { email }`)} }`],
  ['directives', `{ viewer { ${many(20, (index) => `a${index}: email @include(if: true)`)} } }`],
  ['depth', `{ viewer { accounts { edges { node { ${'account { '.repeat(7)} id ${'} '.repeat(7)} } } } } }`],
  ['a list', '{ viewer { accounts(first: 100) { edges { cursor } } } }'],
  [
    'fragments',
    `{ viewer { ${many(30, (index) => `...f${index}`)} } } ${many(30, (index) => `fragment f${index} on Viewer { email }`)}`,
  ],
])('T-GQL-2 a document at its limit of %s is answered', async (limit, document) => {
  const answer = await owner(document);
  // No part of the schema leads back up: what is as deep as allowed is refused for its names, after it was measured.
  if (limit === 'depth') answer.expectError('BAD_USER_INPUT');
  else answer.expectData();
});

test('T-GQL-2 no list gives more than a hundred, and none is asked backwards or by nothing', async () => {
  for (const first of [101, 0, -1]) {
    const answer = await owner('query ($n: Int) { viewer { accounts(first: $n) { edges { cursor } } } }', { n: first });
    answer.expectError('BAD_USER_INPUT', 'first');
  }
});

test('a list by a variable costs what the variable says', async () => {
  const document =
    'query ($n: Int) { viewer { accounts(first: $n) { edges { node { gateways(first: $n) { edges { node { id } } } } } } } }';
  (await owner(document, { n: 100 })).expectError('QUERY_TOO_COMPLEX');
  (await owner(document, { n: 10 })).expectData();
});

const FRAGMENT_FIELDS = 'accounts(first: 1) { edges { cursor } }';

test.each<[string, string, string]>([
  ['one field over and over', 'QUERY_TOO_COMPLEX', `{ viewer { ${'email '.repeat(1_900)} } }`],
  ['one object over and over', 'QUERY_TOO_COMPLEX', `{ viewer { ${`${FRAGMENT_FIELDS} `.repeat(120)} } }`],
  ['overlapping inline fragments', 'QUERY_TOO_COMPLEX', `{ viewer { ${'... on Viewer { email } '.repeat(380)} } }`],
  ['inline fragments in each other', 'no error', `{ viewer { ${'... { '.repeat(600)} email ${'} '.repeat(600)} } }`],
  [
    'fragments that unfold',
    'QUERY_TOO_COMPLEX',
    `{ ...f0 } ${many(28, (index) => `fragment f${index} on Query { ...f${index + 1} ...f${index + 1} }`)} fragment f28 on Query { viewer { email } }`,
  ],
  [
    'overlapping fragments',
    'no error',
    `{ viewer { ${many(30, (index) => `...f${index}`)} } } ${many(30, (index) => `fragment f${index} on Viewer { ${FRAGMENT_FIELDS} }`)}`,
  ],
  [
    'fragments that spread each other',
    'QUERY_TOO_COMPLEX',
    `{ viewer { ...f0 } } ${many(150, (index) => `fragment f${index} on Viewer { email ...f${(index + 1) % 150} ...f${(index * 7) % 150} }`)}`,
  ],
  [
    'few fragments that spread each other',
    'BAD_USER_INPUT',
    `{ viewer { ...f0 } } ${many(30, (index) => `fragment f${index} on Viewer { email ...f${(index + 1) % 30} ...f${(index * 7) % 30} }`)}`,
  ],
  ['a flood of comments', 'QUERY_TOO_COMPLEX', `{ viewer { email } } ${'# x\n'.repeat(12_000)}`],
  [
    'introspection of introspection',
    'BAD_USER_INPUT',
    `{ __schema { types { ${'fields { type { '.repeat(10)} name ${'} } '.repeat(10)} } } }`,
  ],
])('T-GQL-3 a document of %s is answered with %s', async (_shape, code, document) => {
  const answer = await owner(document);
  const codes = answer.errors.map((error) => error.extensions.code);
  expect(new Set(codes)).toEqual(new Set(code === 'no error' ? [] : [code]));
  expect(answer.text.length).toBeLessThan(100_000);
});

test('T-GQL-3 a flood of comments that comes compressed is refused as any other', async () => {
  const body = JSON.stringify({ query: `{ viewer { email } } ${'# x\n'.repeat(10_000)}` });
  const response = await fetch(`${api.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    body: gzipSync(body),
  });
  expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'QUERY_TOO_COMPLEX' } }] });
});

test('T-GQL-3 a body that unfolds to more than 64 KiB is refused before it is unfolded', async () => {
  const response = await fetch(`${api.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    body: gzipSync(`{"query":"${' '.repeat(50_000_000)}"}`),
  });
  expect(response.status).toBe(413);
});

test('variables nested too deeply are refused by name, and so are too many values', async () => {
  const query = 'query ($x: ID!) { viewer { permissions(accountId: $x) } }';
  const nested = (depth: number) => `{"query":"${query}","variables":{"x":${'['.repeat(depth)}${']'.repeat(depth)}}}`;
  (await postGraphql(api.url, nested(33), {})).expectError('BAD_USER_INPUT', 'variables.x');
  (await postGraphql(api.url, nested(20_000), {})).expectError('BAD_USER_INPUT', 'variables.x');
  (await owner(query, { x: Array.from({ length: 4_000 }, () => 1) })).expectError('QUERY_TOO_COMPLEX');
});

test('T-GQL-2 the same limits hold for subscriptions, by events and by WebSocket', async () => {
  const { token } = await createUser(api.owner, { accountId: tenant.accountId });
  const hostile = [
    { query: `subscription { ${many(31, (index) => `a${index}: __typename`)} }`, variables: {} },
    { query: `subscription { logs(gatewayId: "x") { cursor } } ${'# x\n'.repeat(2_000)}`, variables: {} },
    { query: `subscription { logs(gatewayId: "x") { ${'cursor '.repeat(300)} } }`, variables: {} },
    {
      query: 'subscription { logs(gatewayId: "x") { cursor } }',
      variables: { x: Array.from({ length: 4_001 }, () => 1) },
    },
  ];
  for (const operation of hostile) {
    for (const subscribe of [subscribeBySse, subscribeByWs]) {
      const subscriber = await subscribe(api.url, token, operation);
      const [error] = await waitFor(() => (subscriber.errors.length > 0 ? subscriber.errors : null), 'it is refused');
      expect(error?.extensions.code).toBe('QUERY_TOO_COMPLEX');
      await subscriber.stop();
    }
  }
});

test('in production a misspelt subscription is told no names either', async () => {
  const { token } = await createUser(production.owner);
  const operation = { query: 'subscription { log(gatewayId: "x") { cursor } }', variables: {} };
  const subscriber = await subscribeBySse(production.url, token, operation);
  await subscriber.stop();
  expect(subscriber.errors[0]?.message).toBe('Cannot query field "log" on type "Subscription".');
});

test('T-GQL-8 variables named like object internals are only names', async () => {
  const INTERNALS = '"__proto__":{"isOperator":true},"constructor":{"prototype":{"isOperator":true}}';
  const CREATE = 'mutation ($i: CreateCustomProviderInput!) { createCustomProvider(input: $i) { id } }';
  const authorization = `Bearer ${(await createUser(api.owner, { accountId: tenant.accountId })).token}`;
  const send = (query: string, variables: string) =>
    postGraphql(api.url, `{"query":"${query}","variables":${variables}}`, { authorization });
  const before = Reflect.ownKeys(Object.prototype);
  const viewer = (await send('{ viewer { isOperator } }', `{${INTERNALS}}`)).expectData();
  expect(viewer).toEqual({ viewer: { isOperator: false } });
  // One that is declared and not sent has its default; one that is sent, its value.
  const LIST = 'query ($constructor: Int = 0) { viewer { accounts(first: $constructor) { edges { cursor } } } }';
  (await send(LIST, '{}')).expectError('BAD_USER_INPUT', 'first');
  (await send(LIST, '{"constructor":1}')).expectData();
  const input = `"accountId":"${tenant.accountId}","slug":"mine","name":"M","baseUrl":"https://a.example.com"`;
  (await send(CREATE, `{"i":{${input},${INTERNALS}}}`)).expectError('BAD_USER_INPUT');
  (await send(CREATE, `{"i":{${input},"headers":{${INTERNALS}}}}`)).expectError('BAD_USER_INPUT', 'input.headers');
  expect(Reflect.ownKeys(Object.prototype)).toEqual(before);
  expect(Reflect.get({}, 'isOperator')).toBeUndefined();
});

test('a body over 64 KiB, a batch, and what is no JSON are refused', async () => {
  const big = await postGraphql(api.url, JSON.stringify({ query: `{ viewer { email } } #${'x'.repeat(70_000)}` }), {});
  expect(big.status).toBe(413);
  big.expectError('QUERY_TOO_COMPLEX');
  (await postGraphql(api.url, '[{"query":"{ viewer { email } }"}]', {})).expectError('BAD_USER_INPUT', 'body');
  (await postGraphql(api.url, '{"query":', {})).expectError('BAD_USER_INPUT', 'body');
});

test('only POST with JSON is taken: no form, no plain text, no GET', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    expect((await postGraphql(api.url, '{"query":"{ viewer { email } }"}', { 'content-type': type })).status).toBe(415);
  }
  const got = await fetch(`${api.url}/graphql?query={viewer{email}}`);
  expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST']);
});

test('JSON callers get 200 with the errors, and callers of the new media type get 400', async () => {
  for (const query of ['{ nope }', '{ nope']) {
    const body = JSON.stringify({ query });
    expect((await postGraphql(api.url, body, { accept: 'application/json' })).status).toBe(200);
    expect((await postGraphql(api.url, body, { accept: 'application/graphql-response+json' })).status).toBe(400);
  }
});

test('a request without a document is 400 for everybody', async () => {
  for (const body of ['{}', '{"query":1}', '{"query":""}', '{"query":null,"variables":7}', 'null', '"text"']) {
    expect((await postGraphql(api.url, body, {})).status).toBe(400);
  }
});

const OVER_DEPTH = `{ viewer { ${many(31, (index) => `a${index}: email`)} } }`;

test.each<[string, object]>([
  ['documentId', { documentId: 1 }],
  ['documentId', { documentId: 'x'.repeat(81) }],
  ['extensions.persistedQuery', { extensions: { persistedQuery: false } }],
  ['extensions.persistedQuery', { extensions: { persistedQuery: null } }],
  ['extensions.persistedQuery.sha256Hash', { extensions: { persistedQuery: {} } }],
  ['extensions', { extensions: 'x' }],
  ['operationName', { operationName: 1 }],
  ['variables', { variables: '{}' }],
])('T-GQL-2 a body whose %s is unfit runs nothing, by any way: %j', async (field, unfit) => {
  const { token } = await createUser(api.owner, { accountId: tenant.accountId });
  for (const query of [OVER_DEPTH, '{ viewer { email } }']) {
    const answer = await postGraphql(api.url, JSON.stringify({ query, ...unfit }), {
      authorization: `Bearer ${token}`,
    });
    answer.expectError('BAD_USER_INPUT', field);
    expect([answer.status, answer.data]).toEqual([400, null]);
  }
  const operation = { query: 'subscription { logs(gatewayId: "x") { cursor } }', variables: {}, ...unfit };
  const subscriber = await subscribeBySse(api.url, token, operation);
  await subscriber.stop();
  expect(subscriber.errors[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field });
});

test('in production only callers with a credential may introspect, and errors suggest no names', async () => {
  const INTROSPECTION = '{ __schema { queryType { name } } }';
  (await graphqlCaller(production.url, null)(INTROSPECTION)).expectError('UNAUTHENTICATED');
  (await graphqlCaller(production.url, (await createUser(production.owner)).token)(INTROSPECTION)).expectData();
  (await graphqlCaller(api.url, null)(INTROSPECTION)).expectData();
  const answer = await graphqlCaller(production.url, null)('{ viewr { email } }');
  expect(answer.expectError('BAD_USER_INPUT').message).not.toContain('viewer');
});

test('an unexpected failure says nothing but an id', async () => {
  const broken = await startTestApi();
  const user = await createUser(broken.owner, { isOperator: true });
  await broken.owner.query('REVOKE SELECT ON account_key FROM tollgate_api');
  const answer = await graphqlCaller(broken.url, user.token)('{ account(name: "any") { id } }');
  const error = answer.expectError('INTERNAL');
  expect(error.message).toMatch(/^Something went wrong here \([0-9a-f-]{36}\)\.$/);
  expect(answer.text).not.toMatch(/account_key|permission|SELECT|stack/);
  await broken.stop();
});

test('health and readiness answer, and what is no page may load nothing', async () => {
  const nothing = await fetch(`${api.url}/none`);
  expect(nothing.status).toBe(404);
  expect(nothing.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
  expect((await fetch(`${api.url}/healthz`)).status).toBe(200);
  expect((await fetch(`${api.url}/readyz`)).status).toBe(200);
});

test('readiness says what is missing when the database is gone', async () => {
  const lost = await startTestApi();
  await lost.database.close();
  const ready = await fetch(`${lost.url}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([
    503,
    { status: 'unready', reason: 'the database does not answer' },
  ]);
  expect((await fetch(`${lost.url}/healthz`)).status).toBe(200);
  await lost.stop().catch(() => undefined); // its database is already dropped
});

test('a request whose path or headers are malformed is refused without a crash', async () => {
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const request = httpRequest(`${api.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=klingon' },
    });
    request.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
    request.end('{}');
  });
  expect(status).toBe(415);
});
