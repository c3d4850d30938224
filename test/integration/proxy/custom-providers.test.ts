import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerEvents, answerJson, chatCompletion, chatEvents, type SeenRequest } from '../../support/fake-upstream.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';
import { announce } from '../../support/stored-secrets.js';
import { usageRecordCount, usageRecords } from '../../support/usage-records.js';
import { waitFor } from '../../support/wait-for.js';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ ALLOW_PRIVATE_UPSTREAMS: '127.0.0.0/8' });
  rig.upstream.answer = answerJson(200, chatCompletion());
});
afterAll(() => rig.stop());

const lastSeen = (): SeenRequest => {
  const seen = rig.upstream.seen.at(-1);
  if (seen === undefined) throw new Error('nothing went upstream');
  return seen;
};

test('the path stands behind the base URL as the client wrote it, and the answer comes back as it is', async () => {
  const tenant = await rig.tenant();
  await tenant.customProvider({ slug: 'mine', baseUrl: `${rig.upstream.origin}/api/v2` });
  for (const [path, expected] of [
    ['/chat/completions', '/api/v2/chat/completions'],
    ['/v1/chat/completions?a=1&b=%2F', '/api/v2/v1/chat/completions?a=1&b=%2F'],
    ['/some/thing%20else/', '/api/v2/some/thing%20else/'],
  ] as const) {
    const response = await post(`${tenant.base}/custom-mine${path}`, CHAT, { authorization: 'Bearer sk-client' });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(chatCompletion());
    expect({ url: lastSeen().url, key: lastSeen().headers['authorization'] }).toEqual({
      url: expected,
      key: 'Bearer sk-client',
    });
  }
});

test('its sealed headers are always sent and stand in place of the client’s own', async () => {
  const tenant = await rig.tenant();
  const headers = { 'X-Team': 'blue', Authorization: 'Bearer canary-of-the-account' };
  await tenant.customProvider({ slug: 'mine', baseUrl: rig.upstream.origin, headers });
  await post(`${tenant.base}/custom-mine/x`, CHAT, {
    'x-team': 'red',
    authorization: 'Bearer sk-client',
    'x-other': '1',
  });
  const { rawHeaders, headers: seen } = lastSeen();
  expect(seen).toMatchObject({ 'x-team': 'blue', authorization: 'Bearer canary-of-the-account', 'x-other': '1' });
  expect(rawHeaders.filter((text) => /^(?:x-team|authorization)$/i.test(text))).toHaveLength(2);
});

test('a stored key of its own goes to it as a bearer token, along with its headers', async () => {
  const tenant = await rig.tenant();
  const { gatewayId } = tenant;
  const headers = { 'x-team': 'blue', 'Api-Key': 'canary-of-the-way-there' };
  await tenant.customProvider({ slug: 'mine', baseUrl: rig.upstream.origin, headers });
  await tenant.providerKey({ gatewayId, provider: 'custom-mine', origin: rig.upstream.origin, secret: 'sk-mine' });
  const token = { 'cf-aig-authorization': `Bearer ${await tenant.apiToken()}` };
  expect((await post(`${tenant.base}/custom-mine/x`, CHAT, token)).status).toBe(200);
  expect(lastSeen().headers).toMatchObject({
    authorization: 'Bearer sk-mine',
    'x-team': 'blue',
    'api-key': 'canary-of-the-way-there',
  });
  expect((await post(`${tenant.base}/custom-mine/x`, CHAT)).status).toBe(401);
});

test.each(['custom-nobody', 'custom-', 'custom', 'mine', 'custom-MINE', 'custom-mine2'])(
  '%s is 400/2008',
  async (slug) => {
    const tenant = await rig.tenant();
    await tenant.customProvider({ slug: 'mine', baseUrl: rig.upstream.origin });
    const response = await post(`${tenant.base}/${slug}/chat/completions`, CHAT);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ internalCode: 2008, message: 'Invalid provider' });
    expect(await usageRecordCount(rig.proxy.owner, tenant.accountId)).toBe(0);
  },
);

test("another account's custom provider does not exist, though it has the same slug", async () => {
  const [mine, theirs] = await Promise.all([rig.tenant(), rig.tenant()]);
  await theirs.customProvider({ slug: 'shared', baseUrl: `${rig.upstream.origin}/theirs` });
  expect((await post(`${mine.base}/custom-shared/x`, CHAT)).status).toBe(400);
  await mine.customProvider({ slug: 'shared', baseUrl: `${rig.upstream.origin}/mine` });
  await announce(rig.proxy, { ...mine, gatewayName: 'main' });
  await waitFor(async () => (await post(`${mine.base}/custom-shared/x`, CHAT)).status === 200, 'it is there');
  expect(lastSeen().url).toBe('/mine/x');
  await post(`${theirs.base}/custom-shared/x`, CHAT);
  expect(lastSeen().url).toBe('/theirs/x');
});

test('byokOnly lets a custom provider be called that has headers of its own, and none that has nothing', async () => {
  const tenant = await rig.tenant({ byok_only: true });
  await tenant.customProvider({ slug: 'bare', baseUrl: rig.upstream.origin });
  await tenant.customProvider({ slug: 'own', baseUrl: rig.upstream.origin, headers: { 'x-key': 'sk-own' } });
  expect((await post(`${tenant.base}/custom-bare/x`, CHAT)).status).toBe(400);
  expect((await post(`${tenant.base}/custom-bare/x`, CHAT, { 'x-api-key': 'sk-client' })).status).toBe(200);
  expect((await post(`${tenant.base}/custom-own/x`, CHAT)).status).toBe(200);
});

test('an OpenAI-shaped path is metered and UNPRICED, a custom cost prices it, and no body is changed', async () => {
  const tenant = await rig.tenant();
  await tenant.customProvider({ slug: 'mine', baseUrl: rig.upstream.origin });
  const url = `${tenant.base}/custom-mine/v1/chat/completions`;
  await (await post(url, CHAT)).text();
  const cost = { 'cf-aig-custom-cost': JSON.stringify({ per_token_in: 0.000001, per_token_out: 0.000002 }) };
  await (await post(url, CHAT, cost)).text();
  rig.upstream.answer = answerEvents(chatEvents(['Hello'], true));
  const body = JSON.stringify({ ...CHAT, stream: true });
  await (await post(url, body)).text();
  rig.upstream.answer = answerJson(200, chatCompletion());
  expect(lastSeen().body.toString()).toBe(body);
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 3);
  expect(rows.map((row) => [row['provider'], row['cost_status'], row['input_tokens'], row['output_tokens']])).toEqual([
    ['custom-mine', 'UNPRICED', '1000', '100'],
    ['custom-mine', 'CUSTOM', '1000', '100'],
    ['custom-mine', 'UNPRICED', '1000', '100'],
  ]);
});

test('a cost per token of a call whose tokens nobody counts is no cost, and a total is one', async () => {
  const tenant = await rig.tenant();
  await tenant.customProvider({ slug: 'mine', baseUrl: rig.upstream.origin });
  for (const cost of [{ per_token_in: 0.001, per_token_out: 0.002 }, { total_cost: 0.5 }]) {
    const headers = { 'cf-aig-custom-cost': JSON.stringify(cost) };
    await (await post(`${tenant.base}/custom-mine/v1/classify`, CHAT, headers)).text();
  }
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 2);
  expect(rows).toMatchObject([
    { usage_source: 'NONE', cost_status: 'UNPRICED', cost_pico: null, price_rule: null },
    { usage_source: 'NONE', cost_status: 'CUSTOM', cost_pico: '500000000000', price_rule: 'custom total=0.5' },
  ]);
});
