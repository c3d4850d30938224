import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { createLog, createUser, type LogOptions } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { waitFor } from '../../support/wait-for.js';

const LOGS = `query ($tag: String!, $gateway: String!, $first: Int, $after: String, $filter: LogFilter, $orderBy: LogOrder) {
  account(tag: $tag) { gateway(name: $gateway) { logs(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
    edges { node { id } } totalCount totalCountIsExact pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }`;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface Page {
  readonly edges: readonly { readonly node: { readonly id: string } }[];
  readonly totalCount: number;
  readonly totalCountIsExact: boolean;
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
}

let api: TestApi;
let tenant: TestTenant;
let gatewayId: string;
let editor: GraphqlCaller;
let viewer: GraphqlCaller;

beforeAll(async () => {
  api = await startTestApi();
});
beforeEach(async () => {
  tenant = await createTenant(api.owner);
  gatewayId = await tenant.gateway('busy');
  const { accountId } = tenant;
  editor = graphqlCaller(api.url, (await createUser(api.owner, { accountId, role: 'EDITOR' })).token);
  viewer = graphqlCaller(api.url, (await createUser(api.owner, { accountId, role: 'VIEWER' })).token);
});
afterAll(() => api.stop());

const log = (options: LogOptions = {}): Promise<string> =>
  createLog(api.owner, { accountId: tenant.accountId, gatewayId }, options);

async function page(variables: object = {}): Promise<Page> {
  const answer = await editor(LOGS, { tag: tenant.tag, gateway: 'busy', ...variables });
  return answer.expectData<{ account: { gateway: { logs: Page } } }>().account.gateway.logs;
}
const ids = (found: Page): string[] => found.edges.map((edge) => edge.node.id);

async function one(caller: GraphqlCaller, id: string, selection: string): Promise<Record<string, unknown>> {
  const answer = await caller(
    `query ($tag: String!, $id: ID!) { account(tag: $tag) { log(id: $id) { ${selection} } } }`,
    {
      tag: tenant.tag,
      id,
    },
  );
  return answer.expectData<{ account: { log: Record<string, unknown> } }>().account.log;
}

test('pages go through all logs once, in both directions, across days', async () => {
  const now = Date.now();
  const made: string[] = [];
  for (let index = 0; index < 7; index++) made.push(await log({ atMs: now - (7 - index) * 8 * HOUR_MS }));
  for (const direction of ['DESC', 'ASC']) {
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const found: Page = await page({ first: 3, after, orderBy: { direction } });
      seen.push(...ids(found));
      after = found.pageInfo.hasNextPage ? found.pageInfo.endCursor : null;
      expect([found.totalCount, found.totalCountIsExact]).toEqual([7, true]);
    } while (after !== null);
    expect(seen).toEqual(direction === 'ASC' ? made : made.toReversed());
  }
});

test('T-ISO-6 a cursor of another account, gateway or ordering is refused', async () => {
  await log();
  const { endCursor } = (await page()).pageInfo;
  const other = await createTenant(api.owner);
  await other.gateway('busy');
  const stranger = graphqlCaller(api.url, (await createUser(api.owner, { accountId: other.accountId })).token);
  (await stranger(LOGS, { tag: other.tag, gateway: 'busy', after: endCursor })).expectError('BAD_USER_INPUT', 'after');
  await tenant.gateway('idle');
  const again = { tag: tenant.tag, after: endCursor };
  (await editor(LOGS, { ...again, gateway: 'idle' })).expectError('BAD_USER_INPUT', 'after');
  (await editor(LOGS, { ...again, gateway: 'busy', orderBy: { direction: 'ASC' } })).expectError(
    'BAD_USER_INPUT',
    'after',
  );
  (await editor(LOGS, { ...again, gateway: 'busy', after: 'bm9uc2Vuc2U' })).expectError('BAD_USER_INPUT', 'after');
});

test('each filter keeps what it names', async () => {
  const now = Date.now();
  const token = await api.owner.query<{ id: string }>('SELECT id FROM api_token WHERE account_id = $1', [
    (await tenant.apiToken(), tenant.accountId),
  ]);
  const tokenId = token.rows[0]?.id;
  const plain = await log({ atMs: now - 5 * HOUR_MS });
  const failed = await log({ atMs: now - 4 * HOUR_MS, columns: { status_code: 502, error_code: 2005 } });
  const cut = await log({ atMs: now - 3 * HOUR_MS, columns: { interrupted: true, api_token_id: tokenId } });
  const cached = await log({
    atMs: now - 2 * HOUR_MS,
    columns: { cached: true, provider: 'anthropic', event_id: 'mine' },
  });
  const liked = await log({ atMs: now - HOUR_MS, columns: { model: 'other' }, bodies: { feedback: 1 } });
  const at = (hours: number): string => new Date(now - hours * HOUR_MS).toISOString();
  const cases: [object, string[]][] = [
    [{ success: true }, [liked, cached, plain]],
    [{ success: false }, [cut, failed]],
    [{ statusCodes: [502, 503] }, [failed]],
    [{ errorCodes: [2005] }, [failed]],
    [{ cached: true }, [cached]],
    [{ providers: ['anthropic'] }, [cached]],
    [{ models: ['other', 'none'] }, [liked]],
    [{ apiTokenIds: [tokenId, 'nonsense'] }, [cut]],
    [{ apiTokenIds: ['nonsense'] }, []],
    [{ eventId: 'mine' }, [cached]],
    [{ feedback: [1] }, [liked]],
    [{ from: at(4), to: at(2) }, [cut, failed]],
    [{ from: at(4), success: false, providers: ['openai'] }, [cut, failed]],
    [{}, [liked, cached, cut, failed, plain]],
  ];
  for (const [filter, expected] of cases)
    expect({ filter, found: ids(await page({ filter })) }).toEqual({ filter, found: expected });
});

test.each([
  ['filter.to', { from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' }],
  ['filter.statusCodes.0', { statusCodes: [42] }],
  ['filter.feedback.0', { feedback: [2] }],
  ['filter.models', { models: Array.from({ length: 101 }, () => 'm') }],
  ['filter.eventId', { eventId: 'a\0b' }],
])('a bad %s is refused by name', async (field, filter) => {
  (await editor(LOGS, { tag: tenant.tag, gateway: 'busy', filter })).expectError('BAD_USER_INPUT', field);
});

test('what is no log, has been deleted, or has outlived its retention is not shown', async () => {
  await log({ columns: { is_log: false } });
  await log({ bodies: { deleted_at: new Date() } });
  const outlived = await log({ atMs: Date.now() - 2 * DAY_MS, columns: { log_retention_days: 1 } });
  const kept = await log({ atMs: Date.now() - 2 * DAY_MS, columns: { log_retention_days: 7 } });
  expect(ids(await page())).toEqual([kept]);
  expect(await one(editor, outlived, 'id')).toBeNull();
});

test('a log tells its tokens, cost and attempts exactly', async () => {
  const id = await log({
    columns: { cost_pico: '9007199254740993000', cached_input_tokens: 3, reasoning_tokens: 2, metadata: { team: 'a' } },
  });
  const fields = `tokensIn tokensOut tokensCachedIn tokensReasoning costUsd costStatus savedUsd success metadata
    gateway { name } attempts { number step provider tokensIn costUsd costStatus durationMs }`;
  expect(await one(viewer, id, fields)).toEqual({
    tokensIn: '13',
    tokensOut: '7',
    tokensCachedIn: '3',
    tokensReasoning: '2',
    costUsd: '9007199.254740993',
    costStatus: 'PRICED',
    savedUsd: null,
    success: true,
    metadata: { team: 'a' },
    gateway: { name: 'busy' },
    attempts: [
      {
        number: 1,
        step: 0,
        provider: 'openai',
        tokensIn: '10',
        costUsd: '0.000001',
        costStatus: 'PRICED',
        durationMs: 40,
      },
    ],
  });
  const unpriced = await log({ columns: { cost_pico: null, cost_status: 'UNPRICED', usage_source: 'NONE' } });
  expect(await one(viewer, unpriced, 'tokensIn costUsd costStatus')).toEqual({
    tokensIn: null,
    costUsd: null,
    costStatus: 'UNPRICED',
  });
});

test('bodies are shown decoded to whom they may be shown, and hidden from others', async () => {
  const answer = '{"text":"grüezi"}';
  const BODIES = 'bodyState requestBody responseBody';
  const id = await log({
    bodies: { request_body: Buffer.from('hello'), response_body: gzipSync(answer), response_encoding: 'gzip' },
  });
  expect(await one(editor, id, BODIES)).toEqual({ bodyState: 'STORED', requestBody: 'hello', responseBody: answer });
  expect(await one(viewer, id, BODIES)).toEqual({ bodyState: 'HIDDEN', requestBody: null, responseBody: null });
  const cut = await log({
    bodies: { response_body: gzipSync('x'.repeat(10_000)).subarray(0, 30), response_encoding: 'gzip', truncated: true },
  });
  const shown = await one(editor, cut, BODIES);
  expect(shown).toMatchObject({ bodyState: 'TRUNCATED', requestBody: null });
  expect(shown['responseBody']).toMatch(/^x*$/);
  const none = await log();
  expect(await one(editor, none, BODIES)).toEqual({
    bodyState: 'NOT_COLLECTED',
    requestBody: null,
    responseBody: null,
  });
});

test('a page whose bodies are too large together is refused, and each of its logs is shown', async () => {
  const half = Buffer.alloc(33 * 1_024 * 1_024, 'x');
  const made = [await log({ bodies: { request_body: half } }), await log({ bodies: { response_body: half } })];
  const PAGE = `query ($tag: String!) { account(tag: $tag) { gateway(name: "busy") { logs { edges { node { id requestBody } } } } } }`;
  (await editor(PAGE, { tag: tenant.tag })).expectError('QUERY_TOO_COMPLEX');
  expect((await one(editor, made[1] ?? '', 'bodyState'))['bodyState']).toBe('STORED');
  expect(await one(editor, made[1] ?? '', 'requestBody')).toEqual({ requestBody: null });
});

test('a page is measured by what its bodies become, not by what is stored of them', async () => {
  const bomb = { response_body: gzipSync(Buffer.alloc(4 * 1_024 * 1_024, 'x')), response_encoding: 'gzip' };
  const made: string[] = [];
  for (let at = 0; at < 9; at++) made.push(await log({ bodies: bomb }));
  const page = (first: number) =>
    editor(
      `query ($tag: String!, $first: Int) { account(tag: $tag) { gateway(name: "busy") {
        logs(first: $first) { edges { node { id responseBody } } } } } }`,
      { tag: tenant.tag, first },
    );
  (await page(9)).expectError('QUERY_TOO_COMPLEX');
  expect((await page(2)).text.length).toBeGreaterThan(8 * 1_024 * 1_024);
  expect(String((await one(editor, made[0] ?? '', 'responseBody'))['responseBody'])).toHaveLength(4 * 1_024 * 1_024);
  await waitFor(() => api.api.services.bodyRooms.heldBytes === 0, 'what was answered is held no longer');
});

test('bodies wait for the room that other answers hold, in GraphQL and REST', async () => {
  const id = await log({ bodies: { response_body: Buffer.from('answered') } });
  const secret = await tenant.apiToken({ permissions: ['AI_GATEWAY_READ', 'AI_GATEWAY_LOG_BODIES'] });
  const url = `${api.url}/client/v4/accounts/${tenant.tag}/ai-gateway/gateways/busy/logs/${id}/response`;
  const byRest = () => fetch(url, { headers: { authorization: `Bearer ${secret}` } });
  const others = api.api.services.bodyRooms.open();
  others.take(256 * 1_024 * 1_024, 1);
  const page = 'query ($tag: String!, $id: ID!) { account(tag: $tag) { log(id: $id) { responseBody } } }';
  (await editor(page, { tag: tenant.tag, id })).expectError('RATE_LIMITED');
  const refused = await byRest();
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
  others.close();
  expect(await (await byRest()).text()).toBe('answered');
  await waitFor(() => api.api.services.bodyRooms.heldBytes === 0, 'what was answered is held no longer');
});

test('a deleted gateway stays the gateway of its logs', async () => {
  const id = await log();
  await api.owner.query('UPDATE gateway SET deleted_at = now() WHERE id = $1', [gatewayId]);
  expect(await one(editor, id, 'gateway { name }')).toEqual({ gateway: { name: 'busy' } });
});

test('ids that are none, or of an impossible day, find nothing', async () => {
  for (const id of ['', 'nonsense', 'ffffffff-ffff-7fff-8fff-ffffffffffff', '00000000-0000-0000-0000-000000000000']) {
    expect(await one(editor, id, 'id')).toBeNull();
  }
});

test('a page with gateways, tokens and bodies takes as many statements as one log does', async () => {
  await tenant.apiToken();
  const { rows } = await api.owner.query<{ id: string }>('SELECT id FROM api_token WHERE account_id = $1', [
    tenant.accountId,
  ]);
  for (let index = 0; index < 5; index++) {
    await log({ columns: { api_token_id: rows[0]?.id }, bodies: { request_body: Buffer.from('x') } });
  }
  const PAGE = `query ($tag: String!, $first: Int) { account(tag: $tag) { gateway(name: "busy") { logs(first: $first) {
    edges { node { gateway { name settings { authentication } } apiToken { name } requestBody responseBody bodyState } } } } } }`;
  const statements = async (first: number): Promise<number> => {
    api.takeQueries();
    (await editor(PAGE, { tag: tenant.tag, first })).expectData();
    return api.takeQueries().length;
  };
  expect(await statements(4)).toBe(await statements(1));
});
