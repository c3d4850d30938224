/**
 * A suspended account by every field and every route of the tenant matrix: all of it can be read, next to nothing
 * changed.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller } from '../../support/graphql.js';
import { restCaller } from '../../support/rest.js';
import { ALL_ROWS } from '../../support/tenant-matrix/people-rows.js';
import { REST_ROWS } from '../../support/tenant-matrix/rest-rows.js';
import { buildWorld, type Caller, type Target, type World } from '../../support/tenant-matrix/world.js';

const REFUSED = 'FORBIDDEN: The account is suspended by the operator: it can be read, and not changed.';

let api: TestApi;
let world: World;
let own: Target;

beforeAll(async () => {
  api = await startTestApi();
  world = await buildWorld(api.owner);
  own = world.targets.own;
  await api.owner.query('UPDATE account SET suspended_at = now() WHERE id = $1', [own.accountId]);
});
afterAll(() => api.stop());

/** Those who change things, and are known by different ways: a session, and tokens. */
const changers = (): Caller[] =>
  world.callers.filter(({ name }) => ['OWNER', 'token AI_GATEWAY_EDIT', 'token ACCOUNT_EDIT'].includes(name));

/** What each field answers that the caller could use if the account were not suspended. */
async function answersOf(caller: Caller, kind: 'Mutation' | 'other'): Promise<Map<string, string>> {
  const answers = new Map<string, string>();
  for (const [coordinate, row] of Object.entries(ALL_ROWS)) {
    if (coordinate.startsWith('Mutation.') !== (kind === 'Mutation') || coordinate.startsWith('Subscription.'))
      continue;
    if (row.expected(caller, 'own') !== 'data') continue;
    const { errors } = await graphqlCaller(api.url, caller.token)(row.document, row.variables(own));
    const [error] = errors;
    answers.set(coordinate, error === undefined ? 'done' : `${error.extensions.code}: ${error.message}`);
  }
  return answers;
}

test('by GraphQL it is changed by nobody, but for tokens that are revoked and sessions that their users end', async () => {
  const refused = new Set<string>();
  const done = new Set<string>();
  for (const caller of changers()) {
    for (const [coordinate, answer] of await answersOf(caller, 'Mutation')) {
      if (answer === 'done') done.add(coordinate);
      else expect({ coordinate, answer }).toEqual({ coordinate, answer: REFUSED });
      if (answer !== 'done') refused.add(coordinate);
    }
  }
  expect([...done].filter((coordinate) => coordinate !== 'Mutation.revokeSession')).toEqual([
    'Mutation.revokeApiToken',
  ]);
  expect(refused.size).toBeGreaterThan(20);
});

test('by GraphQL all of it is read as before', async () => {
  const [owner] = changers();
  if (owner === undefined) throw new Error('there is no owner');
  const answers = await answersOf(owner, 'other');
  expect([...answers].filter(([, answer]) => answer !== 'done')).toEqual([]);
  expect(answers.size).toBeGreaterThan(40);
});

test('the same holds by the management REST: what is no GET is 403, and says why', async () => {
  for (const caller of changers()) {
    const call = restCaller(api.url, own.tag, caller.token);
    for (const [route, row] of Object.entries(REST_ROWS)) {
      if (row.expected(caller, 'own') !== 200) continue;
      const method = route.split(' ')[0] ?? '';
      const reply = await call(method.toUpperCase(), row.path(own), row.body);
      const isRead = method === 'get';
      const refusal = isRead ? '' : reply.expectRefusal(403, 10000);
      expect({ route, status: reply.status, refusal }).toEqual({
        route,
        status: isRead ? 200 : 403,
        refusal: isRead ? '' : expect.stringContaining('suspended'),
      });
    }
  }
});

test('what it keeps is exported, and changed again once it is resumed', async () => {
  const [owner] = changers();
  const headers = { authorization: `Bearer ${owner?.token}`, 'content-type': 'application/json' };
  for (const [path, body] of [
    ['/logs/export', { gatewayId: own.gatewayId, format: 'NDJSON' }],
    ['/audit/export', { accountId: own.accountId, format: 'NDJSON' }],
  ] as const) {
    const response = await fetch(api.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    expect({ path, status: response.status }).toEqual({ path, status: 200 });
    await response.text();
  }
  await api.owner.query('UPDATE account SET suspended_at = NULL WHERE id = $1', [own.accountId]);
  const call = restCaller(api.url, own.tag, owner?.token ?? null);
  (await call('DELETE', `/gateways/${own.gatewayName}`)).expectResult();
});
