import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { restCaller } from '../../support/rest.js';
import { createUser } from '../../support/seed.js';
import { subscribeBySse, subscribeByWs } from '../../support/subscriber.js';
import { createTenant } from '../../support/tenant.js';
import { waitFor } from '../../support/wait-for.js';

/**
 * A bucket holds the dearest of operations in any case; this one fills so slowly that a slow test sees nothing of it.
 */
const graphql = { pointsPerMinute: 600, documents: new Map<string, string>(), documentsOnlyForCookies: false };
/** 9 272 points of 10 000. */
const DEAR = '{ viewer { accounts(first: 90) { edges { node { gateways(first: 50) { edges { node { id } } } } } } } }';
const CHEAP = '{ viewer { email } }';

let api: TestApi;
let other: TestApi;

beforeAll(async () => {
  api = await startTestApi({ graphql });
  other = await startTestApi({ graphql }, undefined, undefined, api);
});
afterAll(async () => {
  await other.stop();
  await api.stop();
});

/** Sends what is dear until it is refused: twice at most. */
async function exhaust(caller: GraphqlCaller): Promise<void> {
  (await caller(DEAR)).expectData();
  (await caller(DEAR)).expectError('RATE_LIMITED');
}

test('who has spent his points is told when to come again, by every api alike', async () => {
  const { token } = await createUser(api.owner);
  await exhaust(graphqlCaller(api.url, token));
  const answer = await graphqlCaller(other.url, token)(DEAR);
  const error = answer.expectError('RATE_LIMITED');
  const seconds = Number(answer.headers.get('retry-after'));
  expect([answer.status, error.extensions]).toEqual([429, { code: 'RATE_LIMITED', retryAfterSeconds: seconds }]);
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThan(1_000);
});

test('each user and each token has points of its own, and no address counts for them', async () => {
  const tenant = await createTenant(api.owner);
  const readers = { permissions: ['AI_GATEWAY_READ'] } as const;
  const tokens = [await tenant.apiToken(readers), await tenant.apiToken(readers)];
  const { token } = await createUser(api.owner, { accountId: tenant.accountId });
  await exhaust(graphqlCaller(api.url, tokens[0] ?? ''));
  (await graphqlCaller(api.url, tokens[1] ?? '')(DEAR)).expectData();
  (await graphqlCaller(api.url, token)(DEAR)).expectData();
});

test('whoever shows no valid credential shares the points of his address, however many he makes up', async () => {
  const away = await startTestApi({ graphql });
  let answered = 0;
  for (const index of [1, 2, 3]) {
    const made = `tgs_${String(index).repeat(43)}`;
    const answer = await graphqlCaller(away.url, made)(DEAR);
    if (answer.errors[0]?.extensions.code === 'UNAUTHENTICATED') answered++;
    else answer.expectError('RATE_LIMITED');
  }
  expect(answered).toBe(1);
  expect(away.api.entrance.refused.get('RATE_LIMITED')).toBe(2);
  await away.stop();
});

test('while Redis is away each api counts by itself', async () => {
  const alone = await startTestApi({ graphql });
  const { token } = await createUser(alone.owner);
  await alone.redis.close();
  await exhaust(graphqlCaller(alone.url, token));
  await alone.stop();
});

test.each(['with Redis', 'without it'])(
  'T-GQL-8 fields named like what every object has fill no bucket again, %s',
  async (how) => {
    const alone = await startTestApi({ graphql });
    const caller = graphqlCaller(alone.url, (await createUser(alone.owner)).token);
    if (how === 'without it') await alone.redis.close();
    await exhaust(caller);
    for (const name of ['constructor', '__proto__', 'toString']) await caller(`{ ${name} }`);
    (await caller(DEAR)).expectError('RATE_LIMITED');
    await alone.stop();
  },
);

test('subscriptions are charged by either way', async () => {
  const tenant = await createTenant(api.owner);
  const id = await tenant.gateway('main');
  const token = await tenant.apiToken({ permissions: ['AI_GATEWAY_READ'] });
  await exhaust(graphqlCaller(api.url, token));
  // What is left of the points are less than these bodies cost, so that no refill in between makes it pass.
  const query = `subscription ($id: ID!) { logs(gatewayId: $id) { node { ${bodies(30)} } } }`;
  const operation = { query, variables: { id } };
  for (const subscribe of [subscribeBySse, subscribeByWs]) {
    const subscriber = await subscribe(api.url, token, operation);
    const [error] = await waitFor(() => (subscriber.errors.length > 0 ? subscriber.errors : null), 'it is refused');
    expect(error?.extensions).toEqual({ code: 'RATE_LIMITED', retryAfterSeconds: expect.any(Number) });
    await subscriber.stop();
  }
});

const bodies = (count: number): string =>
  Array.from({ length: count }, (_, index) => `b${index}: requestBody`).join(' ');

test('a document that cannot be parsed costs a point, and an invalid one what it would have cost', async () => {
  const { token } = await createUser(api.owner);
  const caller = graphqlCaller(api.url, token);
  (await caller('{ viewer {')).expectError('BAD_USER_INPUT');
  (await caller(DEAR.replace('id }', 'nope }'))).expectError('BAD_USER_INPUT');
  (await caller(DEAR)).expectError('RATE_LIMITED');
  (await caller(CHEAP)).expectData();
});

test('REST and exports are charged as GraphQL is, and say when to come again', async () => {
  const tenant = await createTenant(api.owner);
  const gatewayId = await tenant.gateway('main');
  const token = await tenant.apiToken({ permissions: ['AI_GATEWAY_READ'] });
  const rest = restCaller(api.url, tenant.tag, token);
  (await rest('GET', '/gateways/main')).expectResult();
  // What is left is less than an export costs, and then less than ten calls do.
  (await graphqlCaller(api.url, token)(DEAR)).expectData();
  const exported = await fetch(`${api.url}/logs/export`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ gatewayId }),
  });
  expect([exported.status, await exported.json()]).toMatchObject([
    429,
    { errors: [{ extensions: { code: 'RATE_LIMITED' } }] },
  ]);
  expect(Number(exported.headers.get('retry-after'))).toBeGreaterThan(0);
  const replies = [];
  for (let index = 0; index < 20; index++) replies.push(await rest('GET', '/gateways/main'));
  const refused = replies.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(5);
  refused[0]?.expectRefusal(429, 971);
  expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
});
