/** `explainRequest`: both tiers over one database, the api asking the proxy. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { RequestExplainer } from '../../../api/modules/explain/index.js';
import { createLogger } from '../../../platform/logger.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { explainerOf } from '../../support/explain.js';
import { answerJson, chatCompletion, startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { graphqlCaller, type GraphqlAnswer } from '../../support/graphql.js';
import { startTestProxy, type TestProxy } from '../../support/proxy.js';
import { limitedBy, limitRule } from '../../support/rate-limits.js';
import { CHAT } from '../../support/rig.js';
import { createUser } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';

let upstream: FakeUpstream;
let api: TestApi;
let proxy: TestProxy;
/** stands in the place of the proxy; null: it does not */
let instead: RequestExplainer | null = null;

beforeAll(async () => {
  upstream = await startFakeUpstream(answerJson(200, chatCompletion()));
  const explainer: RequestExplainer = { explain: (described) => (instead ?? explainerOf(proxy)).explain(described) };
  api = await startTestApi({}, createLogger('api-test', 'fatal'), explainer);
  proxy = await startTestProxy(
    { openai: `${upstream.origin}/v1` },
    { DATABASE_URL: api.database.url, REDIS_URL: api.redis.url },
  );
});
afterAll(async () => {
  await proxy.stop();
  await api.stop();
  await upstream.close();
});

const EXPLAIN = `query ($input: ExplainRequestInput!) { explainRequest(input: $input) {
  gateway { name } configVersion outcome apiTokenId refusal { stage statusCode errorCode description headers { name value } }
  rateLimits { name limit remaining isRefusing }
  calls { step provider model isTried refusal { stage errorCode } plan { origin timeoutMs isLog
    credential { kind alias providerKeyId target { name } } retries { attemptsMax delaysMs backoff } cache { verdict reason keyHash ttlSeconds }
    price { costStatus version rule rates { unit rateUsd } } } } } }`;

async function ask(tenant: TestTenant, input: object, role: 'VIEWER' | 'OWNER' = 'VIEWER'): Promise<GraphqlAnswer> {
  const { token } = await createUser(api.owner, { accountId: tenant.accountId, role });
  return graphqlCaller(api.url, token)(EXPLAIN, { input });
}

const tokenIds = async ({ accountId }: TestTenant): Promise<string[]> =>
  (await api.owner.query<{ id: string }>('SELECT id FROM api_token WHERE account_id = $1', [accountId])).rows.map(
    ({ id }) => id,
  );

const chat = { provider: 'openai', path: '/chat/completions', body: JSON.stringify(CHAT) };

test('a viewer is told what a request with a token would meet: limits, key, retries, cache and price, and no secret', async () => {
  const tenant = await createTenant(api.owner);
  const settings = { retry_max_attempts: 3, retry_delay_ms: 100, cache_ttl_seconds: 60 };
  const gatewayId = await tenant.gateway('main', { ...settings, ...limitedBy(limitRule({ limit: 7 })) });
  const key = { gatewayId, provider: 'openai', origin: upstream.origin, secret: 'sk-very-secret' };
  const providerKeyId = await tenant.providerKey(key);
  const rates = { inputTokens: '150000', outputTokens: '600000' };
  const override = await tenant.priceOverride({ provider: 'openai', model: 'gpt-4o-mini', rates });
  const secret = await tenant.apiToken();
  const [apiTokenId] = await tokenIds(tenant);
  const answer = await ask(tenant, { gatewayId, ...chat, apiTokenId });
  expect(answer.text).not.toMatch(/sk-very|tgt_/);
  expect(answer.text).not.toContain(secret);
  const data = answer.expectData<{ explainRequest: { calls: [{ plan: { price: { rates: object[] } } }] } }>();
  expect(data.explainRequest).toMatchObject({
    gateway: { name: 'main' },
    configVersion: 1,
    outcome: 'FORWARDED',
    apiTokenId,
    refusal: null,
    rateLimits: [{ name: 'all', limit: 7, remaining: 7, isRefusing: false }],
    calls: [
      {
        step: null,
        provider: 'openai',
        model: 'gpt-4o-mini',
        isTried: true,
        plan: {
          origin: upstream.origin,
          timeoutMs: 120_000,
          isLog: true,
          credential: { kind: 'STORED', alias: 'default', providerKeyId },
          retries: { attemptsMax: 3, delaysMs: [100, 200], backoff: 'EXPONENTIAL' },
          cache: { verdict: 'MISS', reason: null, ttlSeconds: 60 },
          price: { costStatus: 'PRICED', version: null, rule: `override/${override}` },
        },
      },
    ],
  });
  expect(data.explainRequest.calls[0].plan.price.rates).toEqual(
    expect.arrayContaining([
      { unit: 'inputTokens', rateUsd: '0.00000015' },
      { unit: 'outputTokens', rateUsd: '0.0000006' },
    ]),
  );
  expect(upstream.seen).toEqual([]);
});

test("a refusal is told with its stage, in the words of the answer, and so is each step's", async () => {
  const tenant = await createTenant(api.owner);
  const gatewayId = await tenant.gateway('main', { authentication: true });
  const refused = await ask(tenant, { gatewayId, ...chat });
  expect(refused.expectData()).toMatchObject({
    explainRequest: {
      outcome: 'REFUSED',
      refusal: { stage: 'AUTHENTICATE', statusCode: 401, errorCode: 2009 },
      calls: [],
    },
  });
  await tenant.apiToken({ cidrs: ['203.0.113.0/24'] });
  const [apiTokenId] = await tokenIds(tenant);
  const elsewhere = await ask(tenant, { gatewayId, ...chat, apiTokenId, clientIp: '192.0.2.1' });
  expect(elsewhere.expectData()).toMatchObject({ explainRequest: { refusal: { statusCode: 403, errorCode: 9003 } } });
  const steps = [{ provider: 'compat' }, { provider: 'openai', endpoint: 'chat/completions', query: CHAT }];
  const universal = { gatewayId, body: JSON.stringify(steps), apiTokenId, clientIp: '203.0.113.9' };
  expect((await ask(tenant, universal)).expectData()).toMatchObject({
    explainRequest: {
      outcome: 'FORWARDED',
      calls: [
        { step: 0, isTried: false, plan: null, refusal: { stage: 'RESOLVE', errorCode: 2008 } },
        { step: 1, isTried: true, refusal: null, plan: { cache: { verdict: 'OFF', reason: 'OFF' } } },
      ],
    },
  });
});

test('bad input names its field; what is of another account is not there', async () => {
  const [tenant, other] = [await createTenant(api.owner), await createTenant(api.owner)];
  const gatewayId = await tenant.gateway('main');
  const foreign = await other.gateway('main');
  await other.apiToken();
  const [foreignToken] = await tokenIds(other);
  (await ask(tenant, { gatewayId, ...chat, apiTokenId: foreignToken })).expectError(
    'BAD_USER_INPUT',
    'input.apiTokenId',
  );
  (await ask(tenant, { gatewayId, ...chat, clientIp: 'here' })).expectError('BAD_USER_INPUT', 'input.clientIp');
  (await ask(tenant, { gatewayId, ...chat, method: 'GET /' })).expectError('BAD_USER_INPUT', 'input.method');
  await tenant.apiToken();
  const [apiTokenId] = await tokenIds(tenant);
  const twice = { headers: [{ name: 'CF-AIG-Authorization', value: 'Bearer x' }], apiTokenId };
  (await ask(tenant, { gatewayId, ...chat, ...twice })).expectError('BAD_USER_INPUT', 'input.apiTokenId');
  expect((await ask(tenant, { gatewayId: foreign, ...chat }, 'OWNER')).expectData()).toEqual({ explainRequest: null });
  const runner = await tenant.apiToken({ permissions: ['AI_GATEWAY_RUN'] });
  (await graphqlCaller(api.url, runner)(EXPLAIN, { input: { gatewayId, ...chat } })).expectError('FORBIDDEN');
  const limited = await tenant.apiToken({ permissions: ['AI_GATEWAY_READ'], gatewayIds: [await tenant.gateway('b')] });
  const hidden = await graphqlCaller(api.url, limited)(EXPLAIN, { input: { gatewayId, ...chat } });
  expect(hidden.expectData()).toEqual({ explainRequest: null });
});

test('without a proxy there is no explanation, and the error tells nothing of the inside', async () => {
  const tenant = await createTenant(api.owner);
  const gatewayId = await tenant.gateway('main');
  instead = explainerOf({ url: 'http://127.0.0.1:9' });
  try {
    expect((await ask(tenant, { gatewayId, ...chat })).expectError('INTERNAL').message).not.toContain('127.0.0.1');
  } finally {
    instead = null;
  }
});
