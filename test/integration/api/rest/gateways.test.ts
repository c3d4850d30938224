/** Gateways over REST, beside what GraphQL says of them. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { startTestApi, type TestApi } from '../../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../../support/graphql.js';
import { restCaller, type RestCaller } from '../../../support/rest.js';
import { createUser } from '../../../support/seed.js';
import { createTenant, type TestTenant } from '../../../support/tenant.js';
import { requestPropertyRuns } from '../../../support/test-size.js';

const GATEWAY = `id name createdAt updatedAt settings { authentication collectLogs cacheTtlSeconds cacheInvalidateOnUpdate
  rateLimits { name limit intervalSeconds technique key keyName } retryMaxAttempts retryDelayMs retryBackoff byokOnly
  requestTimeoutMs logRetentionDays coalesceIdentical }`;
const READ = `query ($tag: String!, $name: String!) { account(tag: $tag) { gateway(name: $name) { ${GATEWAY} } } }`;
const UPDATE = `mutation ($input: UpdateGatewayInput!) { updateGateway(input: $input) { ${GATEWAY} } }`;
const REQUIRED = {
  cache_invalidate_on_update: false,
  cache_ttl: 0,
  collect_logs: true,
  rate_limiting_interval: 0,
  rate_limiting_limit: 0,
};

interface Rule {
  readonly name: string;
  readonly limit: number;
  readonly intervalSeconds: number;
  readonly technique: string;
  readonly key: string;
  readonly keyName: string | null;
}
interface Gateway {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly settings: Readonly<Record<string, unknown>> & { readonly rateLimits: readonly Rule[] };
}

let api: TestApi;
let tenant: TestTenant;
let call: RestCaller;
let editor: GraphqlCaller;

beforeAll(async () => {
  api = await startTestApi();
  tenant = await createTenant(api.owner);
  const user = await createUser(api.owner, { accountId: tenant.accountId, role: 'EDITOR' });
  editor = graphqlCaller(api.url, user.token);
  call = restCaller(
    api.url,
    tenant.tag,
    await tenant.apiToken({ permissions: ['AI_GATEWAY_READ', 'AI_GATEWAY_EDIT'] }),
  );
});
afterAll(() => api.stop());

const byGraphql = async (name: string): Promise<Gateway> =>
  (await editor(READ, { tag: tenant.tag, name })).expectData<{ account: { gateway: Gateway } }>().account.gateway;

/** What the wire has to say of a gateway that GraphQL tells of so. */
function inWireTerms({ id, name, createdAt, updatedAt, settings }: Gateway): object {
  const rule = settings.rateLimits.find(({ key }) => key === 'GATEWAY');
  return {
    id: name,
    internal_id: id,
    account_tag: tenant.tag,
    created_at: createdAt,
    modified_at: updatedAt,
    authentication: settings['authentication'],
    byok_only: settings['byokOnly'],
    cache_invalidate_on_update: settings['cacheInvalidateOnUpdate'],
    cache_ttl: settings['cacheTtlSeconds'],
    collect_logs: settings['collectLogs'],
    rate_limiting_interval: rule?.intervalSeconds ?? 0,
    rate_limiting_limit: rule?.limit ?? 0,
    rate_limiting_technique: rule?.technique.toLowerCase() ?? 'fixed',
    retry_backoff: String(settings['retryBackoff']).toLowerCase(),
    retry_delay: settings['retryDelayMs'],
    retry_max_attempts: settings['retryMaxAttempts'],
  };
}

const anyTtl = fc.oneof(fc.constant(0), fc.integer({ min: 60, max: 2_592_000 }));
const anyRule = fc.record({
  limit: fc.integer({ min: 1, max: 1_000_000_000 }),
  intervalSeconds: fc.integer({ min: 1, max: 2_592_000 }),
  technique: fc.constantFrom('FIXED', 'SLIDING'),
  key: fc.constantFrom('GATEWAY', 'IP', 'TOKEN'),
});
const anySettings = fc.record({
  authentication: fc.boolean(),
  byokOnly: fc.boolean(),
  collectLogs: fc.boolean(),
  cacheInvalidateOnUpdate: fc.boolean(),
  cacheTtlSeconds: anyTtl,
  rateLimits: fc
    .array(anyRule, { maxLength: 4 })
    .map((rules) => rules.map((rule, index) => ({ ...rule, name: `rule-${index}` }))),
  retryMaxAttempts: fc.integer({ min: 1, max: 5 }),
  retryDelayMs: fc.integer({ min: 0, max: 60_000 }),
  retryBackoff: fc.constantFrom('CONSTANT', 'LINEAR', 'EXPONENTIAL'),
  requestTimeoutMs: fc.option(fc.integer({ min: 100, max: 600_000 })),
  logRetentionDays: fc.constantFrom(1, 7, 30),
  coalesceIdentical: fc.boolean(),
});
const anyReplacement = fc
  .record({
    cache_invalidate_on_update: fc.boolean(),
    cache_ttl: fc.oneof(anyTtl, fc.constant(null)),
    collect_logs: fc.boolean(),
    rate: fc.oneof(
      fc.constant([0, 0]),
      fc.constant([null, null]),
      fc.tuple(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: 86_400 })),
    ),
    more: fc.record(
      {
        authentication: fc.boolean(),
        byok_only: fc.boolean(),
        rate_limiting_technique: fc.constantFrom('fixed', 'sliding'),
        retry_backoff: fc.constantFrom('constant', 'linear', 'exponential', null),
        retry_delay: fc.integer({ min: 0, max: 60_000 }),
        retry_max_attempts: fc.option(fc.integer({ min: 1, max: 5 })),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ rate: [limit = 0, interval = 0], more, ...required }) => ({
    ...required,
    ...more,
    rate_limiting_limit: limit,
    rate_limiting_interval: interval,
  }));

/** What a replacement leaves alone: settings that the wire has no word for, and rules that count by another key. */
const beyondTheWire = ({ settings }: Gateway): object => ({
  requestTimeoutMs: settings['requestTimeoutMs'],
  logRetentionDays: settings['logRetentionDays'],
  coalesceIdentical: settings['coalesceIdentical'],
  rules: settings.rateLimits.filter(({ key }) => key !== 'GATEWAY'),
});

test('whatever is set by one of the two, the other one says the same, and reads as it was set', async () => {
  const id = await tenant.gateway('both');
  await fc.assert(
    fc.asyncProperty(anySettings, anyReplacement, async (settings, replacement) => {
      (await editor(UPDATE, { input: { id, settings } })).expectData();
      const before = await byGraphql('both');
      expect((await call('GET', '/gateways/both')).expectResult()).toMatchObject(inWireTerms(before));

      const replaced = (await call('PUT', '/gateways/both', replacement)).expectResult();
      const after = await byGraphql('both');
      expect(replaced).toMatchObject(inWireTerms(after));
      expect(beyondTheWire(after)).toEqual(beyondTheWire(before));
      const isOn = (replacement.rate_limiting_limit ?? 0) > 0;
      expect(replaced).toMatchObject({
        authentication: replacement.authentication ?? false,
        byok_only: replacement.byok_only ?? false,
        cache_ttl: replacement.cache_ttl ?? 0,
        collect_logs: replacement.collect_logs,
        rate_limiting_limit: replacement.rate_limiting_limit ?? 0,
        rate_limiting_interval: replacement.rate_limiting_interval ?? 0,
        rate_limiting_technique: isOn ? (replacement.rate_limiting_technique ?? 'fixed') : 'fixed',
        retry_backoff: replacement.retry_backoff ?? 'exponential',
        retry_delay: replacement.retry_delay ?? 500,
        retry_max_attempts: replacement.retry_max_attempts ?? 1,
      });
      // What was read is sent back: nothing changes.
      const again = (await call('PUT', '/gateways/both', replaced)).expectResult();
      expect(again).toEqual(replaced);
    }),
    requestPropertyRuns,
  );
});

test('the second rule that counts all requests stays as it is behind the one that the wire changes', async () => {
  const rule = (name: string, key: string) => ({ name, limit: 5, intervalSeconds: 10, technique: 'SLIDING', key });
  const id = await tenant.gateway('rules');
  const rateLimits = [rule('by-ip', 'IP'), rule('first', 'GATEWAY'), rule('second', 'GATEWAY')];
  (await editor(UPDATE, { input: { id, settings: { rateLimits } } })).expectData();
  const rate = { rate_limiting_limit: 7, rate_limiting_interval: 3, rate_limiting_technique: 'fixed' };
  (await call('PUT', '/gateways/rules', { ...REQUIRED, ...rate })).expectResult();
  expect((await byGraphql('rules')).settings.rateLimits).toMatchObject([
    rule('by-ip', 'IP'),
    { name: 'first', limit: 7, intervalSeconds: 3, technique: 'FIXED' },
    rule('second', 'GATEWAY'),
  ]);
  (await call('PUT', '/gateways/rules', REQUIRED)).expectResult();
  expect((await byGraphql('rules')).settings.rateLimits).toMatchObject([rule('by-ip', 'IP')]);
});

test('replacements at the same time end in one of them, and none is lost half', async () => {
  await tenant.gateway('busy');
  const replies = await Promise.all(
    [60, 120, 180].map((ttl) => call('PUT', '/gateways/busy', { ...REQUIRED, cache_ttl: ttl, retry_delay: ttl })),
  );
  for (const reply of replies) expect([200, 409]).toContain(reply.status);
  const { settings } = await byGraphql('busy');
  expect(settings['cacheTtlSeconds']).toBe(settings['retryDelayMs']);
  expect([60, 120, 180]).toContain(settings['cacheTtlSeconds']);
});

test.each([
  ['dlp', { enabled: true, action: 'BLOCK', profiles: ['x'] }],
  ['dlp', { enabled: false, policies: [{ id: 'x' }] }],
  ['guardrails', { prompt: { S1: 'BLOCK' }, response: {} }],
  ['is_default', true],
  ['log_classification', true],
  ['log_management', 10_000],
  ['log_management_strategy', 'DELETE_OLDEST'],
  ['logpush', true],
  ['logpush_public_key', 'x'.repeat(16)],
  ['otel', [{ url: 'https://example.com', headers: {} }]],
  ['spend_limits', { enabled: true, rules: [] }],
  ['spend_limits', { enabled: false, rules: [{ limit: 1 }] }],
  ['store_id', 'x'],
  ['stripe', { authorization: 'x', usage_events: [] }],
  ['workers_ai_billing_mode', 'unified'],
  ['zdr', true],
  ['zdr', null],
])('%s is refused, naming it, when it asks for what there is not', async (field, value) => {
  const message = (await call('POST', '/gateways', { id: 'never', ...REQUIRED, [field]: value })).expectRefusal(400, 7001, field); // prettier-ignore
  expect(message).toContain('not supported');
  (await call('GET', '/gateways/never')).expectRefusal(404, 7002);
});

test('what there is not may be sent at its "off" value, and reads so', async () => {
  const off = {
    dlp: { enabled: false, action: 'FLAG', profiles: [] },
    guardrails: { prompt: {}, response: {} },
    log_classification: false,
    log_management: null,
    log_management_strategy: null,
    logpush: false,
    logpush_public_key: null,
    otel: [],
    spend_limits: { enabled: false, rules: [] },
    store_id: null,
    stripe: null,
    workers_ai_billing_mode: 'postpaid',
    zdr: false,
  };
  const made = (await call('POST', '/gateways', { id: 'all-off', ...REQUIRED, ...off })).expectResult();
  expect(made).toMatchObject({
    dlp: { enabled: false, policies: [] },
    guardrails: null,
    otel: null,
    spend_limits: null,
    workers_ai_billing_mode: 'postpaid',
    zdr: false,
  });
});

test.each([
  ['cache_ttl', { cache_ttl: undefined }],
  ['collect_logs', { collect_logs: 'yes' }],
  ['cache_ttl', { cache_ttl: 59 }],
  ['cache_ttl', { cache_ttl: -1 }],
  ['rate_limiting_interval', { rate_limiting_limit: 5 }],
  ['rate_limiting_limit', { rate_limiting_limit: 1_000_000_001, rate_limiting_interval: 5 }],
  ['rate_limiting_interval', { rate_limiting_limit: 1, rate_limiting_interval: 2_592_001 }],
  ['rate_limiting_technique', { rate_limiting_technique: 'leaky' }],
  ['retry_max_attempts', { retry_max_attempts: 6 }],
  ['retry_delay', { retry_delay: 60_001 }],
  ['retry_backoff', { retry_backoff: 'none' }],
  ['id', { id: 'not a name' }],
  ['id', { id: 7 }],
  ['colour', { colour: 'red' }],
  ['created_at', { created_at: '2026-01-01T00:00:00Z' }],
  ['__proto__', JSON.parse('{"__proto__":{}}') as object],
])('%s is named when it cannot be used: %j', async (field, change) => {
  const body = JSON.stringify({ id: 'never', ...REQUIRED, ...change });
  const text = field === '__proto__' ? body.replace('{', '{"__proto__":{},') : body;
  (await call('POST', '/gateways', text)).expectRefusal(400, 7001, field);
});

test('a replacement cannot rename, and takes back what is read-only as it was read', async () => {
  await tenant.gateway('fixed');
  const read = (await call('GET', '/gateways/fixed')).expectResult();
  for (const field of ['id', 'account_tag', 'internal_id', 'created_at']) {
    (await call('PUT', '/gateways/fixed', { ...read, [field]: 'other' })).expectRefusal(400, 7001, field);
  }
  (await call('PUT', '/gateways/fixed', read)).expectResult();
  (await call('PATCH', '/gateways/fixed', read)).expectRefusal(404, 7003);
});

test('every change is in the audit log under the token that made it', async () => {
  (await call('POST', '/gateways', { id: 'audited', ...REQUIRED })).expectResult();
  (await call('PUT', '/gateways/audited', { ...REQUIRED, cache_ttl: 60 })).expectResult();
  (await call('DELETE', '/gateways/audited')).expectResult();
  const { rows } = await api.owner.query<{ action: string; actor: string }>(
    `SELECT action, actor FROM audit_event WHERE account_id = $1 AND coalesce(before, after)::text LIKE '%audited%'
       OR account_id = $1 AND action = 'gateway.update' AND after::text LIKE '%"cacheTtlSeconds": 60%' ORDER BY id`,
    [tenant.accountId],
  );
  const actions = rows.filter(({ actor }) => /^token:[0-9a-f-]{36}$/.test(actor)).map(({ action }) => action);
  expect(actions).toEqual(expect.arrayContaining(['gateway.create', 'gateway.update', 'gateway.delete']));
});

test('a token that may edit and not read gets the name of what it changed', async () => {
  const edit = restCaller(api.url, tenant.name, await tenant.apiToken({ permissions: ['AI_GATEWAY_EDIT'] }));
  expect((await edit('POST', '/gateways', { id: 'blind', ...REQUIRED })).expectResult()).toEqual({ id: 'blind' });
  expect((await edit('PUT', '/gateways/blind', REQUIRED)).expectResult()).toEqual({ id: 'blind' });
  (await edit('GET', '/gateways/blind')).expectRefusal(403, 10000);
  expect((await edit('DELETE', '/gateways/blind')).expectResult()).toEqual({ id: 'blind' });
});

test('a token that is limited to gateways finds those alone', async () => {
  const own = await tenant.gateway('mine');
  await tenant.gateway('not-mine');
  const permissions = ['AI_GATEWAY_READ', 'AI_GATEWAY_EDIT'] as const;
  const limited = restCaller(api.url, tenant.tag, await tenant.apiToken({ permissions, gatewayIds: [own] }));
  expect((await limited('GET', '/gateways')).expectResult()).toMatchObject([{ id: 'mine' }]);
  (await limited('GET', '/gateways/not-mine')).expectRefusal(404, 7002);
  (await limited('PUT', '/gateways/not-mine', REQUIRED)).expectRefusal(404, 7002);
  (await limited('GET', '/gateways/not-mine/logs')).expectRefusal(404, 7002);
  (await limited('POST', '/gateways', { id: 'more', ...REQUIRED })).expectRefusal(403, 10000);
});
