import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mintApiToken } from '../../../schema/contracts/api-token.js';
import { answerJson, chatCompletion } from '../../support/fake-upstream.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';
import { usageRecordCount, usageRecords } from '../../support/usage-records.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
  rig.upstream.answer = answerJson(200, chatCompletion());
});
afterAll(() => rig.stop());

const bearing = (token: string): Record<string, string> => ({ 'cf-aig-authorization': `Bearer ${token}` });

test('an authenticated gateway refuses a call without a token: 401/2009, no row, nothing upstream', async () => {
  const tenant = await rig.tenant({ authentication: true });
  const before = rig.upstream.seen.length;
  for (const headers of [
    {},
    bearing('undefined'),
    bearing(mintApiToken()),
    bearing('tgt_short'),
    { 'cf-aig-authorization': 'x' },
  ]) {
    const response = await post(`${tenant.base}/openai/chat/completions`, CHAT, headers);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ internalCode: 2009, message: 'Unauthorized' });
  }
  expect(rig.upstream.seen.length).toBe(before);
  expect(await usageRecordCount(rig.proxy.owner, tenant.accountId)).toBe(0);
});

test('a token with RUN opens an authenticated gateway, and the record names it', async () => {
  const tenant = await rig.tenant({ authentication: true });
  const token = await tenant.apiToken();
  const response = await post(`${tenant.base}/openai/chat/completions`, CHAT, bearing(token));
  expect(response.status).toBe(200);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row?.['api_token_id']).toMatch(/^[0-9a-f-]{36}$/);
});

test.each([
  ['anthropic/v1/messages', 'authorization'],
  ['anthropic/v1/messages', 'x-api-key'],
  ['deepseek/anthropic/v1/messages', 'x-api-key'],
])("%s: a token in the provider's own %s header opens it too, and never goes upstream", async (path, header) => {
  const tenant = await rig.tenant({ authentication: true });
  const token = await tenant.apiToken();
  const value = header === 'authorization' ? `Bearer ${token}` : token;
  const response = await post(`${tenant.base}/${path}`, CHAT, { [header]: value });
  expect(response.status).toBe(200);
  const seen = rig.upstream.seen.at(-1);
  expect(JSON.stringify([seen?.url, seen?.rawHeaders])).not.toContain('tgt_');
});

test('a token is taken out of any header and out of the query on its way upstream', async () => {
  const tenant = await rig.tenant();
  const token = await tenant.apiToken();
  await post(`${tenant.base}/openai/chat/completions?key=${token}&a=1`, CHAT, {
    'x-note': `see ${token}`,
    'x-keep': 'yes',
  });
  const seen = rig.upstream.seen.at(-1);
  expect(seen?.url).toBe('/v1/chat/completions?a=1');
  expect(seen?.headers['x-keep']).toBe('yes');
  expect(JSON.stringify(seen?.rawHeaders)).not.toContain('tgt_');
});

test.each([
  ['revoked', { revokedAt: new Date(0) }],
  ['expired', { expiresAt: new Date(0) }],
])('a token that is %s is 401/2009', async (_why, options) => {
  const tenant = await rig.tenant({ authentication: true });
  const response = await post(`${tenant.base}/openai/chat/completions`, CHAT, bearing(await tenant.apiToken(options)));
  expect(response.status).toBe(401);
});

test("T-ISO-4 another account's token is 401/2009: it is not even known to exist", async () => {
  const [tenant, other] = await Promise.all([rig.tenant({ authentication: true }), rig.tenant()]);
  const response = await post(`${tenant.base}/openai/chat/completions`, CHAT, bearing(await other.apiToken()));
  expect(response.status).toBe(401);
});

test.each([
  ['without RUN', { permissions: ['AI_GATEWAY_READ', 'AI_GATEWAY_EDIT'] as const }, 'AI_GATEWAY_RUN'],
  ['of another gateway', { gatewayIds: ['01900000-0000-7000-8000-000000000000'] }, 'gateway'],
  ['from another address', { cidrs: ['203.0.113.0/24', '2001:db8::/32'] }, 'address'],
])('a valid token %s is 403/9003 and says why', async (_why, options, reason) => {
  const tenant = await rig.tenant({ authentication: true });
  const response = await post(`${tenant.base}/openai/chat/completions`, CHAT, bearing(await tenant.apiToken(options)));
  expect(response.status).toBe(403);
  expect(await response.json()).toMatchObject({ internalCode: 9003, description: expect.stringContaining(reason) });
});

test('a token limited to this gateway and this network passes', async () => {
  const tenant = await rig.tenant({ authentication: true });
  const token = await tenant.apiToken({ gatewayIds: [tenant.gatewayId], cidrs: ['127.0.0.0/8'] });
  expect((await post(`${tenant.base}/openai/chat/completions`, CHAT, bearing(token))).status).toBe(200);
});

test('an open gateway ignores a token that does not count, and records nobody', async () => {
  const tenant = await rig.tenant();
  for (const headers of [
    bearing('undefined'),
    bearing(mintApiToken()),
    bearing(await tenant.apiToken({ revokedAt: new Date(0) })),
  ]) {
    expect((await post(`${tenant.base}/openai/chat/completions`, CHAT, headers)).status).toBe(200);
  }
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 3);
  expect(rows.map((row) => row['api_token_id'])).toEqual([null, null, null]);
});
