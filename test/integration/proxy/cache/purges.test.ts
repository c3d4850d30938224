/** T-CACHE-5: what makes cached answers unreachable, through both tiers and as an official client sees it. */
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { networkListSchema } from '../../../../schema/contracts/networks.js';
import { startTestApi, type TestApi } from '../../../support/api.js';
import {
  answerEvents,
  chatCompletion,
  chatEvents,
  startFakeUpstream,
  type FakeUpstream,
} from '../../../support/fake-upstream.js';
import { graphqlCaller, type GraphqlCaller } from '../../../support/graphql.js';
import { startTestProxy, type TestProxy } from '../../../support/proxy.js';
import { createUser } from '../../../support/seed.js';
import { createTenant, type TestTenant } from '../../../support/tenant.js';
import { waitFor } from '../../../support/wait-for.js';

const LOOPBACK = '127.0.0.0/8';

let upstream: FakeUpstream;
let api: TestApi;
let proxy: TestProxy;
let tenant: TestTenant;
let gatewayId: string;
let token: string;
let editor: GraphqlCaller;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  const openai = `${upstream.origin}/v1`;
  const allowedNetworks = networkListSchema.parse(LOOPBACK);
  api = await startTestApi({ providerOrigins: new Map([['openai', openai]]), allowedNetworks });
  proxy = await startTestProxy(
    { openai },
    { DATABASE_URL: api.database.url, REDIS_URL: api.redis.url, ALLOW_PRIVATE_UPSTREAMS: LOOPBACK },
  );
});
beforeEach(async () => {
  tenant = await createTenant(api.owner);
  gatewayId = await tenant.gateway('main', { cache_ttl_seconds: 3_600 });
  token = await tenant.apiToken();
  editor = graphqlCaller(api.url, (await createUser(api.owner, { accountId: tenant.accountId, role: 'EDITOR' })).token);
  let answers = 0;
  upstream.seen.length = 0;
  upstream.answer = (request, response) => {
    const { model = '', stream } = JSON.parse(request.body.toString()) as { model?: string; stream?: boolean }; // the test's own
    const content = `answer ${++answers}`;
    if (stream === true) return answerEvents(chatEvents([content], true))(request, response);
    const document = chatCompletion({ model, choices: [{ index: 0, message: { role: 'assistant', content } }] });
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
    return undefined;
  };
});
afterAll(async () => {
  await proxy.stop();
  await api.stop();
  await upstream.close();
});

interface Asked {
  readonly model?: string;
  readonly headers?: Record<string, string>;
  readonly provider?: string;
  readonly isStreaming?: boolean;
  /** the client's own credential; absent: none, the gateway's stored key is used */
  readonly apiKey?: string;
}

const messages = [{ role: 'user' as const, content: 'Hello' }];

/** What the client got to read: `answer 1`, … */
async function ask({ model = 'gpt-4o-mini', headers, provider = 'openai', isStreaming, apiKey }: Asked = {}) {
  const client = new OpenAI({
    baseURL: `${proxy.url}/v1/${tenant.tag}/main/${provider}`,
    apiKey: apiKey ?? token,
    maxRetries: 0,
    defaultHeaders: { ...headers, 'cf-aig-authorization': `Bearer ${token}` },
  });
  if (isStreaming !== true) {
    const answer = await client.chat.completions.create({ model, messages });
    return answer.choices[0]?.message.content ?? '';
  }
  let text = '';
  const stream = await client.chat.completions.create({ model, messages, stream: true });
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  return text;
}

/** Asks until the answer is another one; the change is on its way from one tier to the other. */
const isForgotten = (asked: Asked, before: string): Promise<string> =>
  waitFor(async () => {
    const now = await ask(asked);
    return now === before ? null : now;
  }, `${before} is forgotten`);

async function mutate(field: string, type: string, input: object): Promise<{ id: string }> {
  const answer = await editor(`mutation ($input: ${type}!) { it: ${field}(input: $input) { id } }`, { input });
  return answer.expectData<{ it: { id: string } }>().it;
}

const purge = (input: object): Promise<unknown> => mutate('purgeCache', 'PurgeCacheInput', { gatewayId, ...input });
const own = { apiKey: 'sk-own-0123456789' };

test('T-CACHE-5: a purge of the gateway forgets documents and streams', async () => {
  const streaming = { ...own, isStreaming: true };
  const [document, stream] = [await ask(own), await ask(streaming)];
  expect([await ask(own), await ask(streaming)]).toEqual([document, stream]);
  await purge({});
  const after = await isForgotten(own, document);
  await isForgotten(streaming, stream);
  expect(await ask(own)).toBe(after);
});

test('T-CACHE-5: a purge of a model, or of a key, or of both, forgets these answers and no other', async () => {
  const keyed = (key: string, model: string): Asked => ({ ...own, model, headers: { 'cf-aig-cache-key': key } });
  const asked = {
    mini: { ...own, model: 'gpt-4o-mini' },
    large: { ...own, model: 'gpt-4o' },
    first: keyed('first', 'gpt-4o'),
    second: keyed('second', 'gpt-4o'),
    third: keyed('third', 'gpt-4o-mini'),
  };
  const answers = async (): Promise<Record<string, string>> =>
    Object.fromEntries(
      await Promise.all(Object.entries(asked).map(async ([name, one]) => [name, await ask(one)] as const)),
    );
  const before = await answers();
  expect(await answers()).toEqual(before);
  await purge({ model: 'gpt-4o-mini' });
  await isForgotten(asked.mini, before['mini'] ?? '');
  const second = await answers();
  expect(second).toMatchObject({ large: before['large'], first: before['first'], second: before['second'] });
  expect(second['third']).not.toBe(before['third']);
  await purge({ key: 'first' });
  await isForgotten(asked.first, second['first'] ?? '');
  const third = await answers();
  expect(third).toEqual({ ...second, first: third['first'] });
  await purge({ key: 'second', model: 'gpt-4o-mini' }); // there is none of both
  await purge({ key: 'third', model: 'gpt-4o-mini' });
  await isForgotten(asked.third, third['third'] ?? '');
  expect(await answers()).toMatchObject({ large: third['large'], second: third['second'] });
});

test('T-CACHE-5: an answer that was on its way when its gateway was purged is not kept', async () => {
  const other = { ...own, model: 'gpt-4o' };
  const before = await ask(other);
  let answer = (): void => undefined;
  const plain = upstream.answer;
  upstream.answer = (request, response) => void (answer = () => void plain(request, response));
  const late = ask(own);
  await waitFor(() => upstream.seen.length === 2, 'the provider is asked');
  upstream.answer = plain;
  await purge({});
  await isForgotten(other, before); // the proxy knows of the purge
  answer();
  const got = await late;
  expect(await ask(own)).not.toBe(got);
});

test('T-CACHE-5: a call that runs is shared with nobody who asks after a change of its gateway', async () => {
  await mutate('updateGateway', 'UpdateGatewayInput', { id: gatewayId, settings: { coalesceIdentical: true } });
  const answers: (() => void)[] = [];
  const plain = upstream.answer;
  upstream.answer = (request, response) => void answers.push(() => void plain(request, response));
  const early = [ask(own)];
  await waitFor(() => answers.length === 1, 'the provider is asked');
  await mutate('updateGateway', 'UpdateGatewayInput', { id: gatewayId, description: 'another' });
  await waitFor(async () => {
    early.push(ask(own));
    await waitFor(() => answers.length === 2, 'the provider is asked again', 200);
    return true;
  }, 'the change is known');
  for (const answer of answers) answer();
  const texts = await Promise.all(early);
  // whoever once has the second one is followed by nobody who has the first
  expect(texts).toEqual(texts.toSorted());
  expect([texts[0], texts.at(-1), new Set(texts).size]).toEqual(['answer 1', 'answer 2', 2]);
});

test('T-CACHE-5: an update of the gateway evicts when its setting says so, and otherwise does not', async () => {
  const first = await ask(own);
  await mutate('updateGateway', 'UpdateGatewayInput', { id: gatewayId, settings: { cacheTtlSeconds: 7_200 } });
  expect(await ask(own)).toBe(first);
  await mutate('updateGateway', 'UpdateGatewayInput', { id: gatewayId, settings: { cacheInvalidateOnUpdate: true } });
  const second = await isForgotten(own, first);
  const streaming = { ...own, isStreaming: true };
  const stream = await ask(streaming);
  expect([await ask(own), await ask(streaming)]).toEqual([second, stream]);
  await mutate('updateGateway', 'UpdateGatewayInput', { id: gatewayId, description: 'another' });
  await isForgotten(own, second);
  await isForgotten(streaming, stream);
});

test('T-CACHE-5: another or no stored key, and another base of a custom provider, begin anew', async () => {
  const secret = 'sk-test-first-012345';
  const { id } = await mutate('createProviderKey', 'CreateProviderKeyInput', { gatewayId, provider: 'openai', secret });
  const first = await waitFor(async () => {
    const text = await ask();
    return upstream.seen.at(-1)?.headers.authorization === `Bearer ${secret}` ? text : null;
  }, 'the stored key is used');
  expect(await ask()).toBe(first);
  await mutate('rotateProviderKey', 'RotateProviderKeyInput', { id, secret: 'sk-test-second-01234' });
  const second = await isForgotten({}, first);
  expect(await ask()).toBe(second);
  (await editor('mutation ($id: ID!) { deleteProviderKey(id: $id) }', { id })).expectData();
  await isForgotten({}, second);

  const baseUrl = `${upstream.origin}/v1`;
  const input = { accountId: tenant.accountId, slug: 'mine', name: 'Mine', baseUrl, headers: { 'X-Team': 'blue' } };
  const custom = await mutate('createCustomProvider', 'CreateCustomProviderInput', input);
  const mine = { ...own, provider: 'custom-mine' };
  const third = await waitFor(() => ask(mine).catch(() => null), 'the custom provider is there');
  expect(await ask(mine)).toBe(third);
  await mutate('updateCustomProvider', 'UpdateCustomProviderInput', { id: custom.id, headers: { 'X-Team': 'red' } });
  await isForgotten(mine, third);
});

test('T-CACHE-5: a new gateway of a deleted one’s name has a cache of its own', async () => {
  const first = await ask(own);
  (await editor('mutation ($id: ID!) { deleteGateway(id: $id) }', { id: gatewayId })).expectData();
  await mutate('createGateway', 'CreateGatewayInput', {
    accountId: tenant.accountId,
    name: 'main',
    settings: { cacheTtlSeconds: 3_600 },
  });
  await waitFor(async () => {
    const text = await ask(own).catch(() => first);
    return text !== first;
  }, 'the new gateway has no old answer');
});

test('what cannot be purged is an error that names it', async () => {
  const document = 'mutation ($input: PurgeCacheInput!) { purgeCache(input: $input) { id } }';
  const sent = (input: object) => editor(document, { input: { gatewayId, ...input } });
  (await sent({ model: '' })).expectError('BAD_USER_INPUT', 'input.model');
  (await sent({ key: 'k'.repeat(8_193) })).expectError('BAD_USER_INPUT', 'input.key');
  (await sent({ gatewayId: tenant.accountId })).expectError('NOT_FOUND');
});
