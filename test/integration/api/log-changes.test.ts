/** Ratings, later metadata and deletion of logs: what they change, and that no sum is among it. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { shipDay } from '../../../bench/analytics/fill.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { BodyWriter } from '../../../proxy/ledger/body-writer.js';
import { createLog, createUser, type LogOptions } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import type { AccountId, GatewayId, RequestId } from '../../../schema/contracts/ids.js';
import { newUuidV7, uuidTimeMs } from '../../../schema/contracts/ids.js';

const RATE = `mutation ($input: RateLogInput!) { rateLog(input: $input) { id feedback score metadata } }`;
const DELETE = `mutation ($input: DeleteLogsInput!) { deleteLogs(input: $input) { count } }`;
const LOGS = `query ($tag: String!, $filter: LogFilter) { account(tag: $tag) { gateway(name: "main") {
  logs(first: 100, filter: $filter) { totalCount edges { node { id } } } } } }`;
const TOTALS = `query ($tag: String!) { account(tag: $tag) { analytics(filter: {
  from: "2026-01-01T00:00:00Z", to: "2100-01-01T00:00:00Z" }) { totals { requests costUsd tokensIn } } } }`;

let api: TestApi;
let tenant: TestTenant;
let gatewayId: string;
let editor: GraphqlCaller;

beforeAll(async () => {
  api = await startTestApi();
});
beforeEach(async () => {
  tenant = await createTenant(api.owner);
  gatewayId = await tenant.gateway('main');
  const { accountId } = tenant;
  editor = graphqlCaller(api.url, (await createUser(api.owner, { accountId, role: 'EDITOR' })).token);
});
afterAll(() => api.stop());

const log = (options: LogOptions = {}): Promise<string> =>
  createLog(api.owner, { accountId: tenant.accountId, gatewayId }, options);

async function ids(filter: object = {}): Promise<string[]> {
  const answer = await editor(LOGS, { tag: tenant.tag, filter });
  const { logs } = answer.expectData<{
    account: { gateway: { logs: { totalCount: number; edges: { node: { id: string } }[] } } };
  }>().account.gateway;
  expect(logs.totalCount).toBe(logs.edges.length);
  return logs.edges.map(({ node }) => node.id);
}

const rate = (logId: string, rating: object, caller = editor) =>
  caller(RATE, { input: { gatewayId, logId, ...rating } });

test('a rating stays until it is replaced or taken away, field by field', async () => {
  const id = await log({ columns: { metadata: { team: 'a', run: 1 } } });
  const rated = async (rating: object): Promise<unknown> =>
    (await rate(id, rating)).expectData<{ rateLog: unknown }>().rateLog;
  const plain = { id, feedback: null, score: null, metadata: { team: 'a', run: 1 } };
  expect(await rated({ feedback: 1, score: 0.5 })).toEqual({ ...plain, feedback: 1, score: 0.5 });
  expect(await rated({ feedback: -1 })).toEqual({ ...plain, feedback: -1, score: 0.5 });
  expect(await rated({ metadata: { team: 'b', live: true } })).toEqual({
    ...plain,
    feedback: -1,
    score: 0.5,
    metadata: { team: 'b', run: 1, live: true },
  });
  expect(await ids({ metadata: [{ key: 'team', value: 'a' }] })).toEqual([]);
  expect(
    await ids({
      metadata: [
        { key: 'team', value: 'b' },
        { key: 'live', value: 'true' },
      ],
    }),
  ).toEqual([id]);
  expect(await rated({ feedback: null, score: null, metadata: null })).toEqual(plain);
  expect(await ids({ metadata: [{ key: 'team', value: 'a' }] })).toEqual([id]);
});

test.each([
  ['input.feedback', { feedback: 2 }],
  ['input.metadata', { metadata: { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 } }],
  ['input.metadata.a', { metadata: { a: { nested: 1 } } }],
  ['input.metadata', { metadata: 'text' }],
])('a bad %s is refused by name', async (field, rating) => {
  (await rate(await log(), rating)).expectError('BAD_USER_INPUT', field);
});

test('a token that may only run rates what it made, and nothing else', async () => {
  const secret = await tenant.apiToken({ permissions: ['AI_GATEWAY_RUN'] });
  const { rows } = await api.owner.query<{ id: string }>('SELECT id FROM api_token WHERE account_id = $1', [
    tenant.accountId,
  ]);
  const token = graphqlCaller(api.url, secret);
  const own = await log({ columns: { api_token_id: rows[0]?.id } });
  const other = await log();
  expect((await rate(own, { feedback: 1 }, token)).expectData<object>()).toMatchObject({ rateLog: { feedback: 1 } });
  (await rate(other, { feedback: 1 }, token)).expectError('NOT_FOUND');
});

test('who rates nothing is told nothing', async () => {
  const id = await log();
  (await rate(id, {})).expectError('BAD_USER_INPUT', 'input');
  (await rate(id, { feedback: null })).expectData();
});

test('a log whose id is of a time to come is not there', async () => {
  (await rate('ffffffff-ffff-7fff-bfff-ffffffffffff', { feedback: 1 })).expectError('NOT_FOUND');
});

test('a log of another gateway, or one that was deleted, cannot be rated', async () => {
  const id = await log();
  await tenant.gateway('idle');
  const elsewhere = await createLog(api.owner, {
    accountId: tenant.accountId,
    gatewayId: await tenant.gateway('third'),
  });
  (await rate(elsewhere, { feedback: 1 })).expectError('NOT_FOUND');
  (await rate('nonsense', { feedback: 1 })).expectError('NOT_FOUND');
  (await editor(DELETE, { input: { gatewayId, filter: {} } })).expectData();
  (await rate(id, { feedback: 1 })).expectError('NOT_FOUND');
});

test('logs outlive their gateway: they can be rated and deleted by who could before, and by no other', async () => {
  const id = await log({ bodies: { request_body: Buffer.from('asked') } });
  const gatewayIds = [await tenant.gateway('other')];
  const others = await tenant.apiToken({ permissions: ['AI_GATEWAY_EDIT'], gatewayIds });
  (await editor('mutation ($id: ID!) { deleteGateway(id: $id) }', { id: gatewayId })).expectData();
  (await rate(id, { feedback: 1 })).expectData();
  const input = { gatewayId, filter: {} };
  (await graphqlCaller(api.url, others)(DELETE, { input })).expectError('NOT_FOUND');
  expect((await editor(DELETE, { input })).expectData()).toEqual({ deleteLogs: { count: '1' } });
  const { rows } = await api.owner.query('SELECT request_body FROM log_body WHERE id = $1', [id]);
  expect(rows).toEqual([{ request_body: null }]);
});

test('bodies that come after a rating are kept, and those that come after a deletion are not', async () => {
  const [rated, deleted] = [await log(), await log()];
  await rate(rated, { feedback: 1 });
  (await editor(DELETE, { input: { gatewayId, filter: { eventId: deleted } } })).expectData();
  const bodies = new BodyWriter(api.owner, {
    bytesMax: 1_000_000,
    intervalMs: 1,
    onProblem: (_text, error) => {
      throw error;
    },
  });
  for (const id of [rated, deleted]) {
    bodies.add({
      id: id as RequestId, // an id that createLog made
      createdAtMs: uuidTimeMs(id),
      accountId: tenant.accountId as AccountId,
      gatewayId: gatewayId as GatewayId,
      logRetentionDays: 30,
      requestBody: Buffer.from('asked'),
      responseBody: Buffer.from('answered'),
      requestEncoding: null,
      responseEncoding: null,
      truncated: false,
    });
  }
  await bodies.flush(5_000);
  bodies.close();
  const { rows } = await api.owner.query(
    'SELECT id, feedback, request_body FROM log_body WHERE id = ANY($1) ORDER BY id',
    [[rated, deleted]],
  );
  expect(rows).toEqual(
    [
      { id: rated, feedback: 1, request_body: Buffer.from('asked') },
      { id: deleted, feedback: null, request_body: null },
    ].toSorted((left, right) => (left.id < right.id ? -1 : 1)),
  );
});

test('deleting counts first, erases what stood beside the record, and changes no sum', async () => {
  const now = Date.now();
  const failed = await log({
    columns: { status_code: 502 },
    bodies: { request_body: Buffer.from('secret'), feedback: 1 },
  });
  const old = await log({ atMs: now - 26 * 3_600_000, columns: { status_code: 502 } });
  const kept = await log({ atMs: now - 1_000 });
  const totals = async (): Promise<unknown> => (await editor(TOTALS, { tag: tenant.tag })).expectData();
  const before = await totals();
  const input = { gatewayId, filter: { success: false } };
  const count = async (more: object): Promise<unknown> =>
    (await editor(DELETE, { input: { ...input, ...more } })).expectData<{ deleteLogs: unknown }>().deleteLogs;
  expect(await count({ dryRun: true })).toEqual({ count: '2' });
  expect((await ids()).toSorted()).toEqual([failed, old, kept].toSorted());
  (await editor(DELETE, { input: { ...input, expectedCount: '3' } })).expectError('CONFLICT', 'input.expectedCount');
  expect((await ids()).toSorted()).toEqual([failed, old, kept].toSorted());
  expect(await count({ limit: 1, orderBy: { direction: 'ASC' } })).toEqual({ count: '1' });
  expect(await ids({ success: false })).toEqual([failed]);
  expect(await count({ expectedCount: '1' })).toEqual({ count: '1' });
  expect(await count({})).toEqual({ count: '0' });
  expect(await ids()).toEqual([kept]);
  expect(await totals()).toEqual(before);
  const { rows } = await api.owner.query('SELECT request_body, feedback, deleted_at FROM log_body WHERE id = $1', [
    failed,
  ]);
  expect(rows).toEqual([{ request_body: null, feedback: null, deleted_at: expect.any(Date) }]);
  const audit = await api.owner.query<{ after: object }>(
    `SELECT after FROM audit_event WHERE account_id = $1 AND action = 'log.delete' ORDER BY id`,
    [tenant.accountId],
  );
  expect(audit.rows.map(({ after }) => after)).toEqual([
    { gatewayId, count: 1, limit: 1 },
    { gatewayId, count: 1, limit: null },
  ]);
});

test('a deletion’s event says what was looked for, without what is no id', async () => {
  await log();
  const tokenId = newUuidV7();
  await log({ columns: { api_token_id: tokenId } });
  const filter = { apiTokenIds: ['a\0b', tokenId] };
  expect((await editor(DELETE, { input: { gatewayId, filter } })).expectData()).toEqual({ deleteLogs: { count: '1' } });
  const { rows } = await api.owner.query<{ before: object }>(
    `SELECT before FROM audit_event WHERE account_id = $1 AND action = 'log.delete'`,
    [tenant.accountId],
  );
  expect(rows).toMatchObject([{ before: { filter: { apiTokenIds: [tokenId] } } }]);
});

test('more logs than one statement marks are deleted together, or not at all', async () => {
  const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  await shipDay(api.owner, { accountId: tenant.accountId, gatewayId }, day, 2_050);
  const kept = await log();
  const input = { gatewayId, filter: { to: new Date(`${day}T23:59:59.999Z`) } };
  (await editor(DELETE, { input: { ...input, expectedCount: '2049' } })).expectError('CONFLICT', 'input.expectedCount');
  expect((await editor(DELETE, { input })).expectData()).toEqual({ deleteLogs: { count: '2050' } });
  expect(await ids()).toEqual([kept]);
});

test('a search is deleted day by day', async () => {
  for (let day = 0; day < 4; day++) {
    await log({ atMs: Date.now() - day * 86_400_000 - 1_000, columns: { metadata: { team: 'gone' } } });
  }
  const kept = await log();
  const input = { gatewayId, filter: { search: 'gone' } };
  expect((await editor(DELETE, { input })).expectData()).toEqual({ deleteLogs: { count: '4' } });
  expect(await ids()).toEqual([kept]);
});
