import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { createPool } from '../../../platform/postgres.js';
import { deriveKey } from '../../../platform/keys.js';
import { hashApiToken } from '../../../schema/contracts/api-token.js';
import { gatewayPolicySchema } from '../../../schema/contracts/gateway-policy.js';
import type { AccountId } from '../../../schema/contracts/ids.js';
import {
  POLICY_CHANNEL,
  policyChangeSchema,
  policyKey,
  tokenGrantKey,
  type PolicyChange,
} from '../../../schema/contracts/redis-keys.js';
import { tokenGrantSchema } from '../../../schema/contracts/token-grant.js';
import { dropOldChanges } from '../../../api/policy-publisher/index.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { createUser } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { TEST_PEPPER } from '../../support/proxy.js';
import { waitFor } from '../../support/wait-for.js';

let api: TestApi;
let redis: Redis;
let subscriber: Redis;
let tenant: TestTenant;
let owner: GraphqlCaller;
const heard: PolicyChange[] = [];

beforeAll(async () => {
  api = await startTestApi({ isSignUpOpen: true });
  const path = api.redis.url.replace('unix://', '');
  [redis, subscriber] = [new Redis({ path }), new Redis({ path })];
  await subscriber.subscribe(POLICY_CHANNEL);
  subscriber.on('message', (_channel, text) => heard.push(policyChangeSchema.parse(JSON.parse(text))));
});
beforeEach(async () => {
  tenant = await createTenant(api.owner);
  owner = graphqlCaller(api.url, (await createUser(api.owner, { accountId: tenant.accountId })).token);
  heard.length = 0;
});
afterAll(async () => {
  redis.disconnect();
  subscriber.disconnect();
  await api.stop();
});

async function createGateway(name: string): Promise<string> {
  const CREATE = 'mutation ($input: CreateGatewayInput!) { createGateway(input: $input) { id } }';
  const answer = await owner(CREATE, { input: { accountId: tenant.accountId, name } });
  return answer.expectData<{ createGateway: { id: string } }>().createGateway.id;
}

const outbox = async (accountId: string): Promise<PolicyChange[]> => {
  const { rows } = await api.owner.query<{ change: PolicyChange }>(
    'SELECT change FROM policy_outbox WHERE account_id = $1 ORDER BY id',
    [accountId],
  );
  return rows.map((row) => row.change);
};

test('every change of a gateway reaches Redis, the channel and the outbox, each newer than the last', async () => {
  const key = policyKey(tenant.accountId as AccountId, 'told'); // made by the test
  const id = await createGateway('told');
  const first = gatewayPolicySchema.parse(JSON.parse((await redis.hget(key, 'document')) ?? ''));
  expect(first).toMatchObject({
    gatewayId: id,
    gatewayName: 'told',
    configVersion: 1,
    settings: { authentication: false },
  });
  (
    await owner(
      'mutation ($id: ID!) { updateGateway(input: { id: $id, settings: { authentication: true } }) { id } }',
      { id },
    )
  ).expectData();
  const second = gatewayPolicySchema.parse(JSON.parse((await redis.hget(key, 'document')) ?? ''));
  expect(second).toMatchObject({ configVersion: 2, settings: { authentication: true } });
  (await owner('mutation ($id: ID!) { deleteGateway(id: $id) }', { id })).expectData();
  expect(await redis.hget(key, 'document')).toBe('null');
  const changes = await outbox(tenant.accountId);
  const revisions = changes.map((change) => change.revision);
  expect(changes.map((change) => change.kind)).toEqual(['gateway', 'gateway', 'gateway']);
  expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
  expect(revisions.slice(0, 2)).toEqual([first.revision, second.revision]);
  await waitFor(() => heard.length === 3, 'three changes are heard');
  expect(heard).toEqual(changes);
});

test('a change of nothing is not announced', async () => {
  const id = await createGateway('still');
  (
    await owner('mutation ($id: ID!) { updateGateway(input: { id: $id, settings: { collectLogs: true } }) { id } }', {
      id,
    })
  ).expectData();
  expect(await outbox(tenant.accountId)).toHaveLength(1);
});

test('a token is announced when it is made and when it is revoked', async () => {
  const CREATE = `mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret token { id } } }`;
  const input = { accountId: tenant.accountId, name: 'told', permissions: ['AI_GATEWAY_RUN'] };
  type Created = { createApiToken: { secret: string; token: { id: string } } };
  const { createApiToken } = (await owner(CREATE, { input })).expectData<Created>();
  const key = tokenGrantKey(hashApiToken(deriveKey(TEST_PEPPER, 'api-token'), createApiToken.secret));
  const grant = async () => tokenGrantSchema.parse(JSON.parse((await redis.hget(key, 'document')) ?? ''));
  expect(await grant()).toMatchObject({ permissions: ['AI_GATEWAY_RUN'], revoked: false });
  (await owner('mutation ($id: ID!) { revokeApiToken(id: $id) { id } }', { id: createApiToken.token.id })).expectData();
  expect(await grant()).toMatchObject({ revoked: true });
  expect((await outbox(tenant.accountId)).map((change) => change.kind)).toEqual(['token', 'token']);
});

test('a new account is announced', async () => {
  const answer = await owner('mutation { createAccount(input: { name: "announced" }) { id } }');
  const { id } = answer.expectData<{ createAccount: { id: string } }>().createAccount;
  expect(await outbox(id)).toMatchObject([{ kind: 'account', accountId: id }]);
  await waitFor(
    () => heard.some((change) => change.kind === 'account' && change.accountId === id),
    'the account is heard of',
  );
});

test('without Redis a change is made all the same, and stands in the outbox', async () => {
  const alone = await startTestApi();
  const own = await createTenant(alone.owner);
  const user = graphqlCaller(alone.url, (await createUser(alone.owner, { accountId: own.accountId })).token);
  await alone.redis.close();
  const CREATE = 'mutation ($id: ID!) { createGateway(input: { accountId: $id, name: "alone" }) { name } }';
  expect((await user(CREATE, { id: own.accountId })).expectData()).toEqual({ createGateway: { name: 'alone' } });
  const { rows } = await alone.owner.query('SELECT 1 FROM policy_outbox WHERE account_id = $1', [own.accountId]);
  expect(rows).toHaveLength(1);
  await alone.stop();
});

test('upkeep drops changes that are over an hour old and keeps the others', async () => {
  const pool = createPool(
    { connectionString: api.database.url, applicationName: 'test', connectionsMax: 1 },
    () => undefined,
  );
  const INSERT = "INSERT INTO policy_outbox (account_id, change, created_at) VALUES ($1, '{}', now() - $2::interval)";
  for (const age of ['2 hours', '61 minutes', '59 minutes']) await pool.query(INSERT, [tenant.accountId, age]);
  await dropOldChanges(api.api.services.database);
  expect(await outbox(tenant.accountId)).toHaveLength(1);
  await pool.end();
});
