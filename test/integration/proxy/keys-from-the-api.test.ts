/**
 * What the api sealed, the proxy opens: both tiers over one database and one Redis, each with its half of the key pair.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { networkListSchema } from '../../../schema/contracts/networks.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { answerJson, chatCompletion, startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { startTestProxy, type TestProxy } from '../../support/proxy.js';
import { CHAT, post } from '../../support/rig.js';
import { createUser } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { waitFor } from '../../support/wait-for.js';

const LOOPBACK = '127.0.0.0/8';

let upstream: FakeUpstream;
let api: TestApi;
let proxy: TestProxy;
let tenant: TestTenant;
let gatewayId: string;
let token: string;
let editor: GraphqlCaller;

beforeAll(async () => {
  upstream = await startFakeUpstream(answerJson(200, chatCompletion()));
  const openai = `${upstream.origin}/v1`;
  api = await startTestApi({
    providerOrigins: new Map([['openai', openai]]),
    allowedNetworks: networkListSchema.parse(LOOPBACK),
  });
  proxy = await startTestProxy(
    { openai },
    { DATABASE_URL: api.database.url, REDIS_URL: api.redis.url, ALLOW_PRIVATE_UPSTREAMS: LOOPBACK },
  );
  tenant = await createTenant(api.owner);
  gatewayId = await tenant.gateway('main');
  token = await tenant.apiToken();
  editor = graphqlCaller(api.url, (await createUser(api.owner, { accountId: tenant.accountId, role: 'EDITOR' })).token);
});
afterAll(async () => {
  await proxy.stop();
  await api.stop();
  await upstream.close();
});

/** The id of what a mutation made or changed. */
async function mutate(field: string, type: string, input: object): Promise<string> {
  const answer = await editor(`mutation ($input: ${type}!) { it: ${field}(input: $input) { id } }`, { input });
  return answer.expectData<{ it: { id: string } }>().it.id;
}

async function headersSeen(path: string): Promise<Readonly<Record<string, unknown>>> {
  const response = await post(`${proxy.url}/v1/${tenant.tag}/main/${path}`, CHAT, {
    'cf-aig-authorization': `Bearer ${token}`,
  });
  await response.text();
  return response.status === 200 ? (upstream.seen.at(-1)?.headers ?? {}) : { status: response.status };
}

const becomes = (path: string, header: string, value: string | undefined): Promise<boolean> =>
  waitFor(async () => (await headersSeen(path))[header] === value, `${header} is ${String(value)}`);

test('a key that was created, rotated and deleted through the api is sent, sent anew, and sent no more', async () => {
  const path = 'openai/chat/completions';
  await becomes(path, 'authorization', undefined);
  const id = await mutate('createProviderKey', 'CreateProviderKeyInput', {
    gatewayId,
    provider: 'openai',
    secret: 'sk-test-first-012345',
  });
  await becomes(path, 'authorization', 'Bearer sk-test-first-012345');
  await mutate('rotateProviderKey', 'RotateProviderKeyInput', { id, secret: 'sk-test-second-01234' });
  await becomes(path, 'authorization', 'Bearer sk-test-second-01234');
  (await editor('mutation ($id: ID!) { deleteProviderKey(id: $id) }', { id })).expectData();
  await becomes(path, 'authorization', undefined);
});

test('a custom provider with headers, and a key for it, work through the api too; other headers replace the first', async () => {
  const path = 'custom-mine/chat/completions';
  const id = await mutate('createCustomProvider', 'CreateCustomProviderInput', {
    accountId: tenant.accountId,
    slug: 'mine',
    name: 'Mine',
    baseUrl: `${upstream.origin}/v1`,
    headers: { 'X-Team': 'blue' },
  });
  await becomes(path, 'x-team', 'blue');
  const secret = 'sk-test-of-mine-0123';
  await mutate('createProviderKey', 'CreateProviderKeyInput', { gatewayId, provider: 'custom-mine', secret });
  await becomes(path, 'authorization', `Bearer ${secret}`);
  await mutate('updateCustomProvider', 'UpdateCustomProviderInput', { id, headers: { 'X-Team': 'green' } });
  await becomes(path, 'x-team', 'green');
  expect((await headersSeen(path))['authorization']).toBe(`Bearer ${secret}`);
});
