import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { GIVEN_UP_NOTE } from '../../../proxy/usage/given-up-call.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';
import { usageRecords } from '../../support/usage-records.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

test('a provider that closes without an answer is 502/2005, recorded, and not billed', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = (_request, response) => void response.destroy();
  const response = await post(`${tenant.base}/openai/chat/completions`, CHAT);
  expect(response.status).toBe(502);
  expect(await response.json()).toMatchObject({ internalCode: 2005, message: 'Failed to get response from provider' });
  expect(response.headers.get('cf-aig-log-id')).toBe(response.headers.get('cf-aig-request-id'));
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ status_code: 502, error_code: 2005, cost_status: 'NOT_BILLABLE', usage_source: 'NONE' });
  expect(row?.['attempts']).toMatchObject([
    { number: 1, step: 0, provider: 'openai', statusCode: null, errorCode: 2005 },
  ]);
});

test('a document that breaks off before anything went down is 502/2005 too', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
    response.write('{"half":', () => response.destroy());
  };
  const response = await post(`${tenant.base}/openai/chat/completions`, CHAT);
  expect(response.status).toBe(502);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ status_code: 502, error_code: 2005, interrupted: true });
});

test.each([
  ['the setting', { request_timeout_ms: 100 }, {}],
  ['the header', { request_timeout_ms: 60_000 }, { 'cf-aig-request-timeout': '100' }],
  ['the header, clamped up', {}, { 'cf-aig-request-timeout': '1' }],
])('a provider that stays silent past %s is 504/2005, and its call is cancelled', async (_what, settings, headers) => {
  const tenant = await rig.tenant(settings);
  rig.upstream.answer = () => undefined;
  const response = await post(`${tenant.base}/openai/chat/completions`, CHAT, headers);
  expect(response.status).toBe(504);
  expect(await response.json()).toMatchObject({ internalCode: 2005, description: expect.stringContaining('100 ms') });
  await rig.upstream.seen.at(-1)?.cut;
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  // The provider has it, and may bill it.
  expect(row).toMatchObject({
    status_code: 504,
    error_code: 2005,
    usage_source: 'ESTIMATED',
    usage_note: GIVEN_UP_NOTE,
  });
});

test('a time limit never cuts a stream that has begun', async () => {
  const tenant = await rig.tenant({ request_timeout_ms: 1_000 });
  rig.upstream.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    setTimeout(() => response.end('data: [DONE]\n\n'), 1_200);
  };
  const response = await post(`${tenant.base}/openai/chat/completions`, { ...CHAT, stream: true });
  expect(await response.text()).toBe('data: [DONE]\n\n');
});

test("the provider's own errors pass through untouched, are recorded, and bill nothing", async () => {
  const tenant = await rig.tenant();
  const body = '{"error":{"message":"Rate limit reached","type":"requests"}}';
  rig.upstream.answer = (_request, response) => {
    response
      .writeHead(429, { 'content-type': 'application/json', 'retry-after': '7', 'x-should-retry': 'true' })
      .end(body);
  };
  const response = await post(`${tenant.base}/openai/chat/completions`, CHAT);
  expect(response.status).toBe(429);
  expect(await response.text()).toBe(body);
  expect(response.headers.get('retry-after')).toBe('7');
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ status_code: 429, error_code: null, cost_status: 'NOT_BILLABLE' });
});
