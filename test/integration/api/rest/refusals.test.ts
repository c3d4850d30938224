/** What the management REST refuses, and how it says so; what it never shows. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../../support/api.js';
import { restCaller, type RestCaller } from '../../../support/rest.js';
import { createLog, createUser, type LogOptions } from '../../../support/seed.js';
import { createTenant, type TestTenant } from '../../../support/tenant.js';

const ALL = ['AI_GATEWAY_READ', 'AI_GATEWAY_LOG_BODIES', 'AI_GATEWAY_EDIT'] as const;

let api: TestApi;
let tenant: TestTenant;
let gatewayId: string;
let token: string;
let call: RestCaller;

beforeAll(async () => {
  api = await startTestApi();
  tenant = await createTenant(api.owner);
  gatewayId = await tenant.gateway('main');
  token = await tenant.apiToken({ permissions: ALL });
  call = restCaller(api.url, tenant.tag, token);
});
afterAll(() => api.stop());

const log = (options: LogOptions = {}): Promise<string> =>
  createLog(api.owner, { accountId: tenant.accountId, gatewayId }, options);

test('a session is known as a bearer token, and not as a cookie that a browser would send by itself', async () => {
  const user = await createUser(api.owner, { accountId: tenant.accountId, role: 'OWNER' });
  (await restCaller(api.url, tenant.name, user.token)('GET', '/gateways/main')).expectResult();
  const cookie = { cookie: `tollgate_session=${user.token}` };
  for (const account of [tenant.tag, 'no-such-account']) {
    const reply = await restCaller(api.url, account, null, cookie)('GET', '/gateways');
    expect(reply.expectRefusal(401, 10000)).toContain('Authentication error');
  }
  const global = { 'x-auth-email': user.email, 'x-auth-key': user.token };
  (await restCaller(api.url, tenant.tag, null, global)('GET', '/gateways')).expectRefusal(401, 10000);
});

test('answers are kept by nobody and have an id', async () => {
  const { headers } = await call('GET', '/gateways');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});

test('what has no route is 7003, for whomever asks', async () => {
  for (const caller of [call, restCaller(api.url, tenant.tag, null)]) {
    for (const path of [
      '/gateways/main/datasets',
      '/evaluation-types',
      '/billing/credit-balance',
      '/gateways/main/routes',
    ]) {
      (await caller('GET', path)).expectRefusal(404, 7003);
    }
    (await caller('POST', '/gateways/main', {})).expectRefusal(404, 7003);
  }
  const elsewhere = await fetch(`${api.url}/client/v4/user/tokens/verify`);
  expect({ status: elsewhere.status, body: await elsewhere.json() }).toMatchObject({
    status: 404,
    body: { success: false, errors: [{ code: 7003 }] },
  });
});

test.each([
  ['body', 400, '{"id":'],
  ['body', 400, '[]'],
  ['body', 400, 'null'],
  ['body', 413, JSON.stringify({ id: 'x'.repeat(65_536) })],
])('a %s that cannot be read is refused with %i', async (field, status, text) => {
  (await call('POST', '/gateways', text)).expectRefusal(status, 7001, field);
});

test('a body of another type is refused, and one is asked for', async () => {
  const form = restCaller(api.url, tenant.tag, token, { 'content-type': 'text/plain' });
  (await form('POST', '/gateways', '{"id":"main"}')).expectRefusal(400, 7001, 'content-type');
  (await call('POST', '/gateways')).expectRefusal(400, 7001, 'content-type');
});

test('a path that cannot be decoded is refused', async () => {
  (await call('GET', '/gateways/%E0%A4%A')).expectRefusal(400, 7001, 'path');
});

test('what fails here is told by an id, and by nothing of the statement', async () => {
  await api.owner.query('REVOKE SELECT ON custom_provider FROM tollgate_api');
  try {
    const reply = await call('GET', '/custom-providers');
    expect(reply.expectRefusal(500, 7000)).toMatch(/^Something went wrong here \([0-9a-f-]{36}\)\.$/);
  } finally {
    await api.owner.query('GRANT SELECT ON custom_provider TO tollgate_api');
  }
});

test('bodies need a permission of their own', async () => {
  const id = await log({
    bodies: { request_body: Buffer.from('canary-in'), response_body: Buffer.from('canary-out') },
  });
  const reader = restCaller(api.url, tenant.tag, await tenant.apiToken({ permissions: ['AI_GATEWAY_READ'] }));
  const detail = await reader('GET', `/gateways/main/logs/${id}`);
  expect(detail.expectResult()).toMatchObject({
    request_head: null,
    response_head: null,
    request_head_complete: false,
  });
  expect(detail.text).not.toContain('canary');
  for (const side of ['request', 'response']) {
    const reply = await reader('GET', `/gateways/main/logs/${id}/${side}`);
    expect(reply.expectRefusal(403, 10000)).toContain('AI_GATEWAY_LOG_BODIES');
  }
});

test('no stored body becomes a page of this origin, and a cut one is no JSON', async () => {
  const json = { request_content_type: 'application/json', response_content_type: 'text/html' };
  const bodies = { request_body: Buffer.from('{"a":'), response_body: Buffer.from('<script>1</script>') };
  const cut = await log({ columns: json, bodies: { ...bodies, truncated: true } });
  const whole = await log({ columns: json, bodies: { ...bodies, request_body: Buffer.from('{"a":1}') } });
  const types = async (id: string): Promise<(string | null)[]> => {
    const replies = [
      await call('GET', `/gateways/main/logs/${id}/request`),
      await call('GET', `/gateways/main/logs/${id}/response`),
    ];
    for (const { headers } of replies) {
      expect(headers.get('content-disposition')).toBe('attachment');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
    return replies.map(({ headers }) => headers.get('content-type'));
  };
  expect(await types(cut)).toEqual(['text/plain; charset=utf-8', 'text/plain; charset=utf-8']);
  expect(await types(whole)).toEqual(['application/json; charset=utf-8', 'text/plain; charset=utf-8']);
});

test('a log of another gateway, and one that was deleted, is none', async () => {
  const id = await log({ bodies: { request_body: Buffer.from('x') } });
  await tenant.gateway('other');
  for (const path of [`/logs/${id}`, `/logs/${id}/request`]) {
    (await call('GET', `/gateways/other${path}`)).expectRefusal(404, 7002);
  }
  (await call('PATCH', `/gateways/other/logs/${id}`, { feedback: 1 })).expectRefusal(404, 7002);
  await api.owner.query('UPDATE log_body SET deleted_at = now(), request_body = NULL WHERE id = $1', [id]);
  (await call('GET', `/gateways/main/logs/${id}`)).expectRefusal(404, 7002);
});

test.each([
  ['feedback', { feedback: 0 }],
  ['score', { score: 'good' }],
  ['metadata', { metadata: 'team' }],
  ['metadata.team', { metadata: { team: null } }],
  ['colour', { colour: 'red' }],
])('a rating names %s when it cannot be used', async (field, rating) => {
  (await call('PATCH', `/gateways/main/logs/${await log()}`, rating)).expectRefusal(400, 7001, field);
});

const CONFIG = { provider_slug: 'openai', alias: 'default', default_config: true, secret: 'sk-0123456789abcdef' };

test.each([
  ['secret', { secret: undefined }],
  ['secret', { secret: 'line\nbreak' }],
  ['secret_id', { secret_id: 'x' }],
  ['rate_limit', { rate_limit: 5 }],
  ['rate_limit_period', { rate_limit_period: 60 }],
  ['default_config', { alias: 'second' }],
  ['default_config', { default_config: 'yes' }],
  ['alias', { alias: 'not an alias', default_config: false }],
  ['provider_slug', { provider_slug: 'nobody' }],
  ['target', { target: { resource: 'x' } }],
  ['target.resource', { provider_slug: 'azure-openai' }],
])('a provider key names %s when it cannot be stored', async (field, change) => {
  const reply = await call('POST', '/gateways/main/provider_configs', { ...CONFIG, ...change });
  expect(reply.expectRefusal(400, 7001, field)).not.toContain('sk-0123456789abcdef');
});

test('a key of a region takes it from its JSON', async () => {
  const secret = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI', region: 'us-east-1' };
  const sent = { ...CONFIG, provider_slug: 'aws-bedrock', secret };
  const stored = (await call('POST', '/gateways/main/provider_configs', sent)).expectResult();
  expect(stored).toMatchObject({ provider_slug: 'aws-bedrock', target: { region: 'us-east-1' } });
  (await call('POST', '/gateways/main/provider_configs', { ...sent, secret: JSON.stringify(secret) })).expectRefusal(409, 7001); // prettier-ignore
});

test('a key is rotated and deleted in its own gateway alone, and never becomes another', async () => {
  const { id } = (await call('POST', '/gateways/main/provider_configs', CONFIG)).expectResult<{ id: string }>();
  await tenant.gateway('keyless');
  const path = `/gateways/main/provider_configs/${id}`;
  (await call('PUT', `/gateways/keyless/provider_configs/${id}`, { secret: 'sk-9876543210' })).expectRefusal(404, 7002);
  (await call('DELETE', `/gateways/keyless/provider_configs/${id}`)).expectRefusal(404, 7002);
  (await call('PUT', path, { ...CONFIG, provider_slug: 'groq' })).expectRefusal(400, 7001, 'provider_slug');
  (await call('PUT', path, { ...CONFIG, alias: 'other' })).expectRefusal(400, 7001, 'alias');
  const rotated = (await call('PUT', path, { ...CONFIG, secret: 'sk-9876543210zyxw' })).expectResult();
  expect(rotated).toMatchObject({ id, secret_preview: '…zyxw' });
  expect((await call('DELETE', path)).expectResult()).toEqual({ id });
  (await call('DELETE', path)).expectRefusal(404, 7002);
});

const CUSTOM = { name: 'Ours', slug: 'ours', base_url: 'https://api.example.com/v1' };

test.each([
  ['base_url', 1002, { base_url: 'https://10.0.0.1' }],
  ['base_url', 1002, { base_url: 'http://api.example.com' }],
  ['slug', 7001, { slug: 'No' }],
  ['name', 7001, { name: '' }],
  ['headers', 7001, { headers: 'x: y' }],
  ['headers', 7001, { headers: '{"x-key":"***"}' }],
  ['headers.host', 7001, { headers: '{"host":"x"}' }],
  ['enable', 7001, { enable: false }],
  ['beta', 7001, { beta: true }],
  ['description', 7001, { description: 'x' }],
  ['position', 7001, { position: 3 }],
])('a custom provider names %s when it cannot be made (%i)', async (field, code, change) => {
  (await call('POST', '/custom-providers', { ...CUSTOM, ...change })).expectRefusal(400, code, field);
});

test('a custom provider is changed in part; its masked headers sent back are no change', async () => {
  const sent = { ...CUSTOM, slug: 'partly', headers: '{"x-key":"canary"}' };
  const made = (await call('POST', '/custom-providers', sent)).expectResult<{ id: string; headers: string }>();
  const path = `/custom-providers/${made.id}`;
  const sealed = async (): Promise<unknown> =>
    (await api.owner.query('SELECT sealed_headers, version FROM custom_provider WHERE id = $1', [made.id])).rows[0];
  const before = await sealed();
  expect((await call('PATCH', path, { ...made, name: 'Theirs' })).expectResult()).toMatchObject({ name: 'Theirs' });
  expect(await sealed()).toEqual(before);
  (await call('PATCH', path, { base_url: 'https://b.example.com' })).expectRefusal(400, 7001, 'headers');
  (await call('PATCH', path, { slug: 'other' })).expectRefusal(400, 7001, 'slug');
  const changed = (await call('PATCH', path, { base_url: 'https://b.example.com', headers: '' })).expectResult();
  expect(changed).toMatchObject({ base_url: 'https://b.example.com', headers: '{}' });
  (await call('PATCH', `/custom-providers/${gatewayId}`, { name: 'x' })).expectRefusal(404, 1004);
});

test('custom providers are ordered as asked for', async () => {
  const other = await createTenant(api.owner);
  for (const slug of ['b', 'c', 'a']) await other.customProvider({ slug, baseUrl: 'https://api.example.com' });
  const theirs = restCaller(api.url, other.tag, await other.apiToken({ permissions: ['AI_GATEWAY_READ'] }));
  const slugs = async (order: string): Promise<string[]> =>
    (await theirs('GET', `/custom-providers?order_by=${encodeURIComponent(order)}`))
      .expectResult<{ slug: string }[]>()
      .map(({ slug }) => slug);
  expect(await slugs('name ASC')).toEqual(['a', 'b', 'c']);
  expect(await slugs('slug DESC')).toEqual(['c', 'b', 'a']);
  expect(await slugs('created_at')).toEqual(['b', 'c', 'a']);
  for (const order of ['colour', 'name SIDEWAYS', 'constructor']) {
    (await theirs('GET', `/custom-providers?order_by=${order.replace(' ', '%20')}`)).expectRefusal(
      400,
      7001,
      'order_by',
    );
  }
});
