import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerJson, chatCompletion, startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { startTestProxy, type TestProxy } from '../../support/proxy.js';
import { createTenant } from '../../support/tenant.js';
import { usageRecords } from '../../support/usage-records.js';

let upstream: FakeUpstream;
let proxy: TestProxy;

beforeAll(async () => {
  upstream = await startFakeUpstream();
  proxy = await startTestProxy({ openai: `${upstream.origin}/v1` });
});

afterAll(async () => {
  await proxy.stop();
  await upstream.close();
});

const QUESTION =
  '{ "model":"gpt-4o-mini",\n "messages":[{"role":"system","content":"Be kind"},{"role":"user","content":"Hi \\u00e9"}] }';

test('a call by the account name reaches the provider byte for byte and comes back unchanged', async () => {
  const tenant = await createTenant(proxy.owner);
  await tenant.gateway('main');
  upstream.answer = answerJson(200, chatCompletion(), {
    'x-request-id': 'req_1',
    'set-cookie': 'a=b',
    server: 'cloudflare',
  });

  const response = await fetch(`${proxy.url}/v1/${tenant.name}/main/openai/chat/completions?trace=1`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sk-test', 'x-custom': 'kept' },
    body: QUESTION,
  });

  expect(response.status).toBe(200);
  expect(await response.json()).toEqual(chatCompletion());
  const seen = upstream.seen.at(-1);
  expect(seen?.url).toBe('/v1/chat/completions?trace=1');
  expect(seen?.body.toString()).toBe(QUESTION);
  expect(seen?.headers).toMatchObject({
    authorization: 'Bearer sk-test',
    'x-custom': 'kept',
    'content-length': String(seen?.body.length),
  });
  expect(response.headers.get('x-request-id')).toBe('req_1');
  expect(response.headers.get('set-cookie')).toBeNull();
  expect(response.headers.get('server')).toBeNull();
});

test('the answer names its request, event and log, and the record bears the same id', async () => {
  const tenant = await createTenant(proxy.owner);
  const gatewayId = await tenant.gateway('main');
  upstream.answer = answerJson(200, chatCompletion());

  const response = await fetch(`${proxy.url}/v1/${tenant.tag}/main/openai/v1/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'cf-aig-event-id': 'order-7',
      'cf-aig-metadata': '{"user":"ann","n":3,"nested":{"no":1}}',
      'cf-aig-custom-cost': '{"total_cost":0.25}',
      'user-agent': 'tests/1',
    },
    body: QUESTION,
  });
  await response.arrayBuffer();

  const id = response.headers.get('cf-aig-request-id');
  expect(response.headers.get('cf-aig-log-id')).toBe(id);
  expect(response.headers.get('cf-aig-event-id')).toBe('order-7');
  const [row] = await usageRecords(proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({
    id,
    gateway_id: gatewayId,
    event_id: 'order-7',
    provider: 'openai',
    model: 'gpt-4o-mini-2024-07-18',
    path: '/v1/chat/completions',
    method: 'POST',
    status_code: 200,
    error_code: null,
    input_tokens: '1000',
    output_tokens: '100',
    usage_source: 'PROVIDER',
    cost_pico: '250000000000',
    cost_status: 'CUSTOM',
    is_log: true,
    log_retention_days: 30,
    metadata: { user: 'ann', n: 3 },
    usage_note: 'metadata dropped: nested',
    streamed: false,
    user_agent: 'tests/1',
    client_ip: '127.0.0.1',
    request_content_type: 'application/json',
    response_content_type: 'application/json',
  });
  expect(row?.['cache_key_hash']).toHaveLength(32);
  expect(row?.['system_message_hash']).toHaveLength(32);
  expect(upstream.seen.at(-1)?.headers).not.toHaveProperty('cf-aig-metadata');
});
