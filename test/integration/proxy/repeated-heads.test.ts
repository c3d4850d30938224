/**
 * A connection whose client says one head again and again: what was made of it may stand, and nothing that has changed
 * since.
 */
import { Agent } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerJson } from '../../support/fake-upstream.js';
import { rawCall, type RawAnswer } from '../../support/raw-call.js';
import { CHAT, startRig, type Rig } from '../../support/rig.js';
import { announce, rotateProviderKey } from '../../support/stored-secrets.js';
import { revokeToken } from '../../support/tenant.js';
import { usageRecords } from '../../support/usage-records.js';
import { waitFor } from '../../support/wait-for.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

type Headers = Readonly<Record<string, string>>;

/** Calls on one connection, one after the other. */
function connection(url: string): (text: string, headers?: Headers) => Promise<RawAnswer> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return (text, headers = {}) => {
    const body = JSON.stringify({ ...CHAT, messages: [{ role: 'user', content: text }] });
    const all = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers };
    return rawCall(url, { agent, body, headers: all });
  };
}

const CHAT_PATH = '/openai/chat/completions';
const statusOf = ({ headers }: RawAnswer): unknown => headers['cf-aig-cache-status'];
const lastSeen = () => rig.upstream.seen.at(-1);

test('each call has its own body, whose length goes with it, and a record of its own', async () => {
  const tenant = await rig.tenant();
  const say = connection(tenant.base + CHAT_PATH);
  const texts = Array.from({ length: 12 }, (_, index) => 'x'.repeat(index * 90)); // two, three and four digits of length
  for (const text of texts) {
    expect((await say(text, { 'user-agent': 'again' })).status).toBe(200);
    expect(lastSeen()?.body.toString()).toContain(`"content":"${text}"`);
    expect(lastSeen()?.headers['content-length']).toBe(String(lastSeen()?.body.length));
    expect(lastSeen()?.headers['user-agent']).toBe('again');
  }
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, texts.length);
  expect(new Set(rows.map(({ id }) => id)).size).toBe(texts.length);
  expect(new Set(rows.map(({ request_bytes: bytes }) => bytes)).size).toBe(texts.length);
});

test('answers are cached by body, and another credential finds none of them', async () => {
  const tenant = await rig.tenant({ cache_ttl_seconds: 60 });
  const say = connection(tenant.base + CHAT_PATH);
  rig.upstream.answer = (request, response) =>
    answerJson(200, { said: request.body.toString(), to: request.headers.authorization })(request, response);
  const one = { authorization: 'Bearer sk-one' };
  const two = { authorization: 'Bearer sk-two' };
  for (const text of ['a', 'b', 'c', 'd']) expect(statusOf(await say(text, one))).toBe('MISS');
  for (const text of ['d', 'a', 'c']) {
    const answer = await say(text, one);
    expect(statusOf(answer)).toBe('HIT');
    expect(JSON.parse(answer.body.toString())).toMatchObject({ to: one.authorization });
    expect(answer.body.toString()).toContain(`\\"content\\":\\"${text}\\"`);
  }
  expect(statusOf(await say('a', two))).toBe('MISS');
  expect(statusOf(await say('a', two))).toBe('HIT');
  expect(statusOf(await say('b', two))).toBe('MISS');
  expect((await say('b', two)).body.toString()).toContain(two.authorization);
});

test('what is asked of the gateway by a header is asked by that head alone', async () => {
  const tenant = await rig.tenant();
  const say = connection(tenant.base + CHAT_PATH);
  const red = { 'cf-aig-metadata': '{"team":"red"}' };
  for (const headers of [red, red, red, {}, {}, {}, red]) await say('x', headers);
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 7);
  const teams = rows.map(({ metadata }) => (metadata as { team?: string } | null)?.team ?? null);
  expect(teams).toEqual(['red', 'red', 'red', null, null, null, 'red']);
});

test('what has changed acts on the next call: a setting, a stored key, a token', async () => {
  const tenant = await rig.tenant({ authentication: true });
  const token = await tenant.apiToken();
  const say = connection(tenant.base + CHAT_PATH);
  const own = { 'cf-aig-authorization': `Bearer ${token}` };
  const told = () => announce(rig.proxy, { ...tenant, gatewayName: 'main' });
  const { gatewayId } = tenant;
  const id = await tenant.providerKey({ gatewayId, provider: 'openai', origin: rig.upstream.origin, secret: 'sk-old' });
  await told();
  await waitFor(async () => {
    await say('x', own);
    return lastSeen()?.headers.authorization === 'Bearer sk-old';
  }, 'the stored key is sent');
  await rotateProviderKey(rig.proxy.owner, id, 'sk-new');
  await rig.proxy.owner.query('UPDATE gateway_settings SET cache_ttl_seconds = 60 WHERE gateway_id = $1', [gatewayId]);
  await told();
  await waitFor(async () => statusOf(await say('x', own)) === 'HIT', 'the cache is on');
  expect(lastSeen()?.headers.authorization).toBe('Bearer sk-new');
  await revokeToken(rig.proxy.owner, token);
  await waitFor(async () => (await say('x', own)).status === 401, 'the token is refused');
});
