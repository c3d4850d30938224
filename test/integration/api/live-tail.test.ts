/** The live tail: each log once, in the order of appearance, whichever proxy made it and whichever api tells it. */
import { WebSocket } from 'ws';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { deriveKey } from '../../../platform/keys.js';
import { LogTail } from '../../../api/modules/log/index.js';
import { issueAccountScope } from '../../../api/tenancy/account-scope.js';
import type { AccountId, GatewayId } from '../../../schema/contracts/ids.js';
import { startTestApi, TEST_SECRET_KEY, type TestApi } from '../../support/api.js';
import { answerJson, chatCompletion, startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { graphqlCaller } from '../../support/graphql.js';
import { startTestProxy, type TestProxy } from '../../support/proxy.js';
import { CHAT, post } from '../../support/rig.js';
import { createUser } from '../../support/seed.js';
import { subscribeBySse, subscribeByWs, type Subscriber } from '../../support/subscriber.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { usageRecords } from '../../support/usage-records.js';
import { waitFor } from '../../support/wait-for.js';

const TAIL = `subscription ($gatewayId: ID!, $filter: LogFilter, $after: String) {
  logs(gatewayId: $gatewayId, filter: $filter, after: $after) { cursor node { id } } }`;

let api: TestApi;
let otherApi: TestApi;
let proxies: TestProxy[];
let upstream: FakeUpstream;
let tenant: TestTenant;
let gatewayId: string;
let token: string;
const open: Subscriber[] = [];

beforeAll(async () => {
  upstream = await startFakeUpstream();
  api = await startTestApi();
  otherApi = await startTestApi({}, undefined, undefined, api);
  const stores = { DATABASE_URL: api.database.url, REDIS_URL: api.redis.url };
  const origins = { openai: `${upstream.origin}/v1` };
  proxies = [await startTestProxy(origins, stores), await startTestProxy(origins, stores)];
});
beforeEach(async () => {
  tenant = await createTenant(api.owner);
  gatewayId = await tenant.gateway('main');
  token = (await createUser(api.owner, { accountId: tenant.accountId, role: 'VIEWER' })).token;
});
afterAll(async () => {
  await Promise.all(open.map((subscriber) => subscriber.stop()));
  for (const proxy of proxies) await proxy.stop();
  await otherApi.stop();
  await api.stop();
  await upstream.close();
});

async function call(proxy: number, model = CHAT.model): Promise<void> {
  upstream.answer = answerJson(200, { ...chatCompletion(), model });
  const answer = await post(`${proxies[proxy]?.url}/v1/${tenant.tag}/main/openai/chat/completions`, { ...CHAT, model });
  await answer.arrayBuffer();
}

async function follow(how: 'sse' | 'ws', of: TestApi, variables: object = {}, as = token): Promise<Subscriber> {
  const operation = { query: TAIL, variables: { gatewayId, ...variables } };
  const subscriber = await (how === 'sse' ? subscribeBySse : subscribeByWs)(of.url, as, operation);
  open.push(subscriber);
  return subscriber;
}

const idsOf = ({ logs }: Subscriber): string[] => logs.map(({ node }) => node.id);
const recorded = async (count: number): Promise<string[]> =>
  (await usageRecords(api.owner, tenant.accountId, count)).map((row) => String(row['id']));

test('a stream that ends after a reconnect, and fast calls around it, are each told once', async () => {
  const first = await follow('sse', api);
  let finish = (): void => undefined;
  upstream.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: {"choices":[{"delta":{"content":"slowly"}}]}\n\n');
    finish = () => void response.end('data: [DONE]\n\n');
  };
  const slow = await post(`${proxies[0]?.url}/v1/${tenant.tag}/main/openai/chat/completions`, {
    ...CHAT,
    stream: true,
  });
  for (let index = 0; index < 6; index++) await call(index % 2);
  await waitFor(() => first.logs.length >= 4, 'some of the fast calls are told');
  await first.stop();
  const seen = idsOf(first);
  await call(1);
  finish();
  await slow.arrayBuffer();
  await call(0);
  const all = await recorded(9);
  const second = await follow('ws', otherApi, { after: first.logs.at(-1)?.cursor });
  await waitFor(() => seen.length + second.logs.length >= 9, 'the rest is told');
  await call(1);
  await waitFor(() => seen.length + second.logs.length >= 10, 'what comes now is told');
  expect([...seen, ...idsOf(second)].toSorted()).toEqual((await recorded(10)).toSorted());
  const slowId = all[0]; // it began first
  expect(idsOf(second)).toContain(slowId);
  expect(seen.some((id) => slowId !== undefined && id > slowId)).toBe(true);
});

test('only what the filter keeps is told', async () => {
  const filter = { models: ['wanted'], success: true };
  const subscriber = await follow('sse', api, { filter });
  await call(0, 'other');
  await call(1, 'wanted');
  await call(0, 'other');
  await call(0, 'wanted');
  const wanted = await waitFor(() => subscriber.logs.length >= 2 && idsOf(subscriber), 'both are told');
  const rows = await usageRecords(api.owner, tenant.accountId, 4);
  const expected = rows.filter((row) => row['model'] === 'wanted').map((row) => String(row['id']));
  expect(wanted.toSorted()).toEqual(expected.toSorted());
});

test.each(['sse', 'ws'] as const)('by %s, a session that is revoked sees no more', async (how) => {
  const subscriber = await follow(how, api);
  await waitFor(async () => {
    if (subscriber.logs.length === 0) await call(0);
    return subscriber.logs.length > 0;
  }, 'the subscription stands');
  await api.owner.query(
    'UPDATE session SET revoked_at = now() WHERE user_id IN (SELECT user_id FROM membership WHERE account_id = $1)',
    [tenant.accountId],
  );
  await waitFor(() => subscriber.isEnded(), 'the subscription ends');
  expect(subscriber.errors.map(({ extensions }) => extensions.code)).toEqual(['UNAUTHENTICATED']);
});

test('a cursor is for its own gateway, and a made-up one for none', async () => {
  const subscriber = await follow('sse', api);
  await call(0);
  const { cursor } = await waitFor(() => subscriber.logs[0], 'a log is told');
  const other = await tenant.gateway('other');
  for (const variables of [{ after: 'bm9uc2Vuc2U' }, { after: cursor, gatewayId: other }]) {
    const refused = await follow('sse', otherApi, variables);
    expect(refused.errors.map(({ extensions }) => extensions)).toEqual([{ code: 'BAD_USER_INPUT', field: 'after' }]);
  }
  expect(Buffer.from(cursor, 'base64url').toString('latin1')).not.toContain('seen');
});

test('what is no subscription is refused by both ways, and what is too deep', async () => {
  for (const query of ['query { viewer { email } }', '{', 'subscription { nothing }']) {
    for (const subscribe of [subscribeBySse, subscribeByWs]) {
      const refused = await subscribe(api.url, token, { query, variables: {} });
      await waitFor(() => refused.errors.length > 0, 'it is refused');
      expect(refused.errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
    }
  }
  const caller = graphqlCaller(api.url, token);
  (await caller(TAIL, { gatewayId })).expectError('BAD_USER_INPUT', 'query');
});

/** How a connection with a browser's cookie is answered: the first message, or the code that it is closed with. */
function answerTo(origin: string, payload: object = {}): Promise<unknown> {
  const headers = { cookie: `tollgate_session=${token}`, origin };
  const socket = new WebSocket(`${api.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
  socket.once('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload })));
  return new Promise((resolve) => {
    socket.once('message', (message: Buffer) => {
      resolve(JSON.parse(message.toString()));
      socket.terminate();
    });
    socket.once('close', resolve);
  });
}

test("a browser's cookie counts from our own pages, and from no others", async () => {
  expect(await answerTo('http://localhost:4000')).toEqual({ type: 'connection_ack' });
  expect(await answerTo('https://evil.example')).toBe(4403);
});

test.each(['Basic nonsense', '', 7])(
  'the parameter authorization %p is not rescued by a cookie',
  async (authorization) => {
    expect(await answerTo('http://localhost:4000', { authorization })).toBe(4403);
  },
);

function tailOf(
  options: ConstructorParameters<typeof LogTail>[2],
  onScope: () => void = () => undefined,
): (after?: string | null) => ReturnType<LogTail['follow']> {
  const { database } = api.api.services;
  const tail = new LogTail(database, deriveKey(TEST_SECRET_KEY, 'tail-cursor'), options);
  const accountId = tenant.accountId as AccountId; // createTenant made it
  const scope = issueAccountScope<'log.read'>({ accountId, gatewayIds: null, actor: { name: 'test', ip: null } });
  const asked = async (): Promise<typeof scope> => {
    onScope();
    return scope;
  };
  const request = { gatewayId: gatewayId as GatewayId, filter: { apiTokenIds: null }, scope: asked };
  return (after = null) => tail.follow({ ...request, after });
}

test('a subscriber that is too slow is told to come again, and then misses nothing', async () => {
  const slow = await tailOf({ takeMsMax: -1 })();
  const brisk = await tailOf({})();
  for (let index = 0; index < 3; index++) await call(index % 2);
  const told = await slow.next();
  await expect(slow.next()).rejects.toThrow('too slow');
  const again = await tailOf({})(told.value.cursor);
  const ids: string[] = [told.value.node.id];
  for (let index = 0; index < 2; index++) ids.push((await again.next()).value.node.id);
  const others: string[] = [];
  for (let index = 0; index < 3; index++) others.push((await brisk.next()).value.node.id);
  expect(ids.toSorted()).toEqual((await recorded(3)).toSorted());
  expect(others.toSorted()).toEqual(ids.toSorted());
  await Promise.all([again.return?.(), brisk.return?.()]);
});

test('an account has so many subscribers at a time, and one that waits hears that it should end', async () => {
  const follower = tailOf({ subscribersOfAccountMax: 1 });
  const [one, two] = [await follower(), await follower()];
  const waiting = one.next();
  await expect(two.next()).rejects.toThrow('Too many follow logs');
  await one.return?.();
  expect(await waiting).toEqual({ done: true, value: undefined });
  const three = await follower();
  await call(0);
  expect((await three.next()).done).toBe(false);
  await three.return?.();
});

test('who may not read any more sees not even the rest of what was read for him', async () => {
  let isRevoked = false;
  const follower = tailOf({ recheckMs: -1 }, () => {
    if (isRevoked) throw new Error('revoked');
  });
  const tail = await follower();
  for (let index = 0; index < 3; index++) await call(0);
  await recorded(3);
  expect((await tail.next()).done).toBe(false);
  isRevoked = true;
  await expect(tail.next()).rejects.toThrow('revoked');
});
