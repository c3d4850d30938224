/** Insights over records of every kind, against what a plain reading of the same records says. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { UsageRollup } from '../../../api/modules/analytics/index.js';
import { createLogger } from '../../../platform/logger.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlAnswer, type GraphqlCaller } from '../../support/graphql.js';
import { createLog, createUser, type LogOptions } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let api: TestApi;
let tenant: TestTenant;
let gatewayId: string;
let viewer: GraphqlCaller;
let nowMs: number;

beforeAll(async () => {
  api = await startTestApi();
});
beforeEach(async () => {
  nowMs = Date.now();
  tenant = await createTenant(api.owner);
  gatewayId = await tenant.gateway('busy');
  viewer = graphqlCaller(api.url, (await createUser(api.owner, { accountId: tenant.accountId, role: 'VIEWER' })).token);
});
afterAll(async () => {
  await api.stop();
});

type Columns = NonNullable<LogOptions['columns']>;

const log = (columns: Columns = {}, options: Omit<LogOptions, 'columns'> = {}, gateway = gatewayId): Promise<string> =>
  createLog(api.owner, { accountId: tenant.accountId, gatewayId: gateway }, { ...options, columns });
const iso = (ms: number): string => new Date(ms).toISOString();

async function asked(selection: string, range: { from?: number; to?: number } = {}): Promise<GraphqlAnswer> {
  const variables = {
    tag: tenant.tag,
    from: iso(range.from ?? nowMs - 7 * DAY_MS),
    to: iso(range.to ?? nowMs + HOUR_MS),
  };
  return viewer(
    `query ($tag: String!, $from: DateTime!, $to: DateTime!) { account(tag: $tag) { gateway(name: "busy") {
       insights(from: $from, to: $to) { ${selection} } } } }`,
    variables,
  );
}

async function insights(
  selection: string,
  range: { from?: number; to?: number } = {},
): Promise<Record<string, unknown>> {
  const answer = await asked(selection, range);
  return answer.expectData<{ account: { gateway: { insights: Record<string, unknown> } } }>().account.gateway.insights;
}

test('consumers are the groups of analytics, in the order that is asked for', async () => {
  const [cheap, dear] = ['018f0000-0000-7000-8000-000000000001', '018f0000-0000-7000-8000-000000000002'];
  for (let call = 0; call < 3; call++)
    await log({ api_token_id: cheap, metadata: '{"user":"ann"}', path: 'embeddings' });
  await log({
    api_token_id: dear,
    metadata: '{"user":"bob"}',
    cost_pico: '5000000',
    attempts: null,
    attempt_started_after_ms: 0,
  });
  await log({ input_tokens: 1_000, attempts: null, attempt_started_after_ms: 0 });
  const key = 'key totals { requests }';
  const { usage } = await insights(`usage {
    byCost: topGroups(by: API_TOKEN) { ${key} } byRequests: topGroups(by: API_TOKEN, orderBy: REQUESTS, first: 1) { ${key} }
    byTokens: topGroups(by: API_TOKEN, orderBy: TOKENS, first: 1) { ${key} }
    users: topGroups(by: METADATA, metadataKey: "user", orderBy: REQUESTS) { ${key} }
    paths: topGroups(by: PATH, orderBy: REQUESTS) { ${key} } }`);
  expect(usage).toEqual({
    byCost: [group([dear], 1), group([cheap], 3), group([null], 1)],
    byRequests: [group([cheap], 3)],
    byTokens: [group([null], 1)],
    users: [group(['ann'], 3), group(['bob'], 1)],
    paths: [group(['embeddings'], 3), group(['chat/completions'], 2)],
  });
});

const group = (key: readonly (string | null)[], requests: number) => ({ key, totals: { requests: String(requests) } });

test('the slowest models are those with the greatest 95th percentile', async () => {
  for (const ms of [10, 20, 40]) await log({ model: 'quick', duration_ms: ms });
  for (const ms of [10, 20, 4_000]) await log({ model: 'slow', duration_ms: ms });
  await log({ model: null, duration_ms: 9_000, status_code: 404 });
  const { usage } = await insights('usage { slowestModels(first: 2) { key } one: slowestModels(first: 1) { key } }');
  expect(usage).toEqual({ slowestModels: [{ key: ['slow'] }, { key: ['quick'] }], one: [{ key: ['slow'] }] });
});

test('metadata keys are told once they are rolled up; an account has them of all its gateways', async () => {
  await log({ metadata: '{"team":"red","user":"ann"}' });
  await log({ metadata: '{"shop":1}' }, {}, await tenant.gateway('other'));
  await new UsageRollup(api.owner, createLogger('insights-test', 'fatal')).run();
  expect(await insights('usage { metadataKeys }')).toEqual({ usage: { metadataKeys: ['team', 'user'] } });
  const answer = await viewer(
    `query ($tag: String!, $from: DateTime!, $to: DateTime!) { account(tag: $tag) {
       insights(from: $from, to: $to) { metadataKeys topGroups(by: GATEWAY) { totals { requests } } } } }`,
    { tag: tenant.tag, from: iso(nowMs - DAY_MS), to: iso(nowMs + HOUR_MS) },
  );
  expect(answer.expectData()).toEqual({
    account: {
      insights: {
        metadataKeys: ['shop', 'team', 'user'],
        topGroups: [{ totals: { requests: '1' } }, { totals: { requests: '1' } }],
      },
    },
  });
});

test('clients are told by address, IPv6 ones by network, of the last 24 hours alone', async () => {
  await log({ client_ip: '203.0.113.9', cost_pico: '3000000' });
  await log({ client_ip: '2001:db8:1:2::aaaa', status_code: 502 });
  await log({ client_ip: '2001:db8:1:2:3::bbbb' });
  await log({ client_ip: '2001:db8:1:3::aaaa', cost_pico: '500000' });
  await log({ client_ip: '198.51.100.1' }, { atMs: nowMs - DAY_MS - 60_000 });
  await log({ client_ip: '203.0.113.9', status_code: 429, error_code: 2003 });
  await log({ client_ip: '203.0.113.9', status_code: 429, error_code: 9005 });
  await log();
  const clients = 'clients { network requests errors tokensIn tokensOut costUsd }';
  const { clientAddresses } = await insights(`clientAddresses { ${clients} covered { complete } }`);
  const client = (network: string, requests: number, errors: number, costUsd: string) => ({
    network,
    requests: String(requests),
    errors: String(errors),
    tokensIn: String(10 * requests),
    tokensOut: String(5 * requests),
    costUsd,
  });
  expect(clientAddresses).toEqual({
    covered: { complete: false },
    clients: [
      client('203.0.113.9', 3, 0, '0.000005'), // refused ones are no errors
      client('2001:db8:1:2::/64', 2, 1, '0.000002'),
      client('2001:db8:1:3::/64', 1, 0, '0.0000005'),
    ],
  });
  const today = { from: nowMs - HOUR_MS };
  const few = await insights(
    'clientAddresses(orderBy: REQUESTS, first: 1) { clients { network } covered { complete } }',
    today,
  );
  expect(few).toEqual({
    clientAddresses: { covered: { complete: true }, clients: [{ network: '203.0.113.9' }] },
  });
  const past = { from: nowMs - 3 * DAY_MS, to: nowMs - 2 * DAY_MS };
  expect(await insights('clientAddresses { clients { network } }', past)).toEqual({ clientAddresses: { clients: [] } });
});

test('the most expensive requests are logs, by what they cost now', async () => {
  const [first, second] = [await log({ cost_pico: '30' }), await log({ cost_pico: '20' })];
  await log({ cost_pico: '10' });
  await log({ cost_pico: '90', is_log: false });
  await log({ cost_pico: '80' }, { bodies: { deleted_at: new Date() } });
  await log({ cost_pico: '70' }, {}, await tenant.gateway('other'));
  await log({ cost_pico: '60' }, { atMs: nowMs - 8 * DAY_MS });
  expect(await insights('expensiveRequests(first: 2) { logs { id costUsd } covered { complete } }')).toEqual({
    expensiveRequests: {
      covered: { complete: true },
      logs: [
        { id: first, costUsd: '0.00000000003' },
        { id: second, costUsd: '0.00000000002' },
      ],
    },
  });
});

test('errors are told apart by what failed, with when and an example that can be opened', async () => {
  const at = (hours: number): Omit<LogOptions, 'columns'> => ({ atMs: nowMs - hours * HOUR_MS });
  const timeout = { status_code: 504, error_code: 2005, model: 'slow' };
  await log(timeout, at(5));
  const shown = await log(timeout, at(4));
  await log(timeout, { ...at(3), bodies: { deleted_at: new Date() } });
  await log({ ...timeout, log_retention_days: 1 }, at(30));
  await log({
    status_code: 429,
    error_code: 2003,
    request_count: 7,
    provider: 'anthropic',
    model: null,
    is_log: false,
  });
  const cut = await log({ interrupted: true });
  await log();
  const fields = `statusCode errorCode interrupted provider model requests firstSeenAt lastSeenAt exampleLogId`;
  const { frequentErrors } = await insights(`frequentErrors { errors { ${fields} } covered { complete } }`);
  expect(frequentErrors).toMatchObject({
    covered: { complete: true },
    errors: [
      { statusCode: 429, errorCode: 2003, provider: 'anthropic', model: null, requests: '7', exampleLogId: null },
      {
        statusCode: 504,
        errorCode: 2005,
        interrupted: false,
        model: 'slow',
        requests: '4',
        firstSeenAt: iso(nowMs - 30 * HOUR_MS),
        lastSeenAt: iso(nowMs - 3 * HOUR_MS),
        exampleLogId: shown,
      },
      { statusCode: 200, errorCode: null, interrupted: true, requests: '1', exampleLogId: cut },
    ],
  });
});

test('prompts are told by system message or by metadata as it is now, with what was said of them', async () => {
  const hash = (byte: number): Buffer => Buffer.alloc(32, byte);
  const liked = { system_message_hash: hash(1), metadata: '{"prompt":"v1"}' };
  await log(liked, { bodies: { feedback: 1, score: 90 } });
  await log(liked, { bodies: { feedback: -1, score: 45 } });
  await log(liked, { bodies: { feedback: null, score: null, deleted_at: new Date() } });
  await log({ system_message_hash: hash(2) }, { bodies: { later_metadata: '{"prompt":"v2"}', feedback: 1 } });
  await log({ system_message_hash: hash(3) });
  await log();
  const fields = 'prompts { prompt requests positive negative meanScore costUsd }';
  const prompt = (name: string, counts: readonly number[], meanScore: number | null) => ({
    prompt: name,
    requests: String(counts[0]),
    positive: String(counts[1]),
    negative: String(counts[2]),
    meanScore,
    costUsd: `0.00000${counts[0] ?? 0}`,
  });
  const answer = await insights(`promptFeedback { ${fields} } named: promptFeedback(by: METADATA) { ${fields} }
    none: promptFeedback(by: METADATA, metadataKey: "other") { ${fields} }`);
  expect(answer).toEqual({
    promptFeedback: {
      prompts: [
        prompt('01'.repeat(32), [3, 1, 1], 67.5),
        prompt('02'.repeat(32), [1, 1, 0], null),
        prompt('03'.repeat(32), [1, 0, 0], null),
      ],
    },
    named: { prompts: [prompt('v1', [3, 1, 1], 67.5), prompt('v2', [1, 1, 0], null)] },
    none: { prompts: [] },
  });
});

test('identical requests are told with their number and cost, and hits with what they saved', async () => {
  const key = (byte: number): Columns => ({
    cache_key_hash: Buffer.alloc(32, byte),
    attempts: null,
    attempt_started_after_ms: 0,
  });
  const at = (seconds: number): Omit<LogOptions, 'columns'> => ({ atMs: nowMs - HOUR_MS + seconds * 1_000 });
  await log({ ...key(1), model: 'older' }, at(0));
  const hit = { cached: true, cost_pico: '0', cost_status: 'CACHED', saved_pico: '1000000', usage_source: 'NONE' };
  await log({ ...key(1), ...hit, input_tokens: 0, output_tokens: 0 }, at(10));
  const example = await log({ ...key(1), model: 'newest', cost_pico: '4000000' }, at(100));
  await log(key(2), at(0));
  await log({ ...key(2), method: 'GET' }, at(10));
  await log({ ...key(3), cost_pico: null, cost_status: 'UNPRICED' }, at(0));
  await log({ ...key(3), cost_pico: null, cost_status: 'UNPRICED' }, at(1));
  const { repeatedRequests } = await insights(`repeatedRequests(ttlSeconds: [60, 3600], first: 1) { savedUsd
    groups { key requests cached costUsd model path provider exampleLogId }
    simulations { ttlSeconds hits unpricedHits savedUsd savedTokensIn savedTokensOut } }`);
  expect(repeatedRequests).toEqual({
    savedUsd: '0.000001',
    groups: [
      {
        key: '01'.repeat(16),
        requests: '3',
        cached: '1',
        costUsd: '0.000005',
        model: 'newest',
        path: 'chat/completions',
        provider: 'openai',
        exampleLogId: example,
      },
    ],
    simulations: [
      { ttlSeconds: 60, hits: '2', unpricedHits: '1', savedUsd: '0.000001', savedTokensIn: '20', savedTokensOut: '10' },
      // what the third call paid for the same usage
      {
        ttlSeconds: 3600,
        hits: '3',
        unpricedHits: '1',
        savedUsd: '0.000005',
        savedTokensIn: '30',
        savedTokensOut: '15',
      },
    ],
  });
});

test('a token that is limited to other gateways is told nothing of this one', async () => {
  await log({ status_code: 500, metadata: '{"team":"red"}' });
  const other = await tenant.gateway('other');
  const token = await tenant.apiToken({ permissions: ['AI_GATEWAY_READ'], gatewayIds: [other] });
  const answer = await graphqlCaller(api.url, token)(
    `query ($tag: String!, $from: DateTime!, $to: DateTime!) { account(tag: $tag) { gateway(name: "busy") { id }
       insights(from: $from, to: $to) { metadataKeys topGroups(by: MODEL) { key } slowestModels { key } } } }`,
    { tag: tenant.tag, from: iso(nowMs - DAY_MS), to: iso(nowMs + HOUR_MS) },
  );
  expect(answer.expectData()).toEqual({
    account: { gateway: null, insights: { metadataKeys: [], topGroups: [], slowestModels: [] } },
  });
});

test.each([
  ['to', 'usage { metadataKeys }', { from: Date.now(), to: Date.now() }],
  ['to', 'usage { metadataKeys }', { from: Date.now() - 32 * DAY_MS, to: Date.now() }],
  ['first', 'frequentErrors(first: 0) { errors { statusCode } }', {}],
  ['first', 'expensiveRequests(first: 101) { logs { id } }', {}],
  ['ttlSeconds', 'repeatedRequests(ttlSeconds: []) { savedUsd }', {}],
  ['ttlSeconds', 'repeatedRequests(ttlSeconds: [60, 60]) { savedUsd }', {}],
  ['ttlSeconds', 'repeatedRequests(ttlSeconds: [60, 61, 62, 63, 64, 65]) { savedUsd }', {}],
  ['ttlSeconds.1', 'repeatedRequests(ttlSeconds: [60, 59]) { savedUsd }', {}],
  ['ttlSeconds.0', 'repeatedRequests(ttlSeconds: [2592001]) { savedUsd }', {}],
  ['metadataKey', 'usage { topGroups(by: METADATA) { key } }', {}],
  ['metadataKey', 'usage { topGroups(by: MODEL, metadataKey: "user") { key } }', {}],
  ['metadataKey', String.raw`usage { topGroups(by: METADATA, metadataKey: "\u0000") { key } }`, {}],
  ['metadataKey', String.raw`promptFeedback(by: METADATA, metadataKey: "\u0000") { covered { complete } }`, {}],
])('%s is refused by name where it cannot be answered: %s', async (field, selection, range) => {
  (await asked(selection, range)).expectError('BAD_USER_INPUT', field);
});
