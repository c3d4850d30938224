/** Exports of logs: all of them, as whoever may see what, and never more than the client takes. */
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../support/api.js';
import { createLog, createUser, type LogOptions } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { waitFor } from '../../support/wait-for.js';

let api: TestApi;
let tenant: TestTenant;
let gatewayId: string;
let editor: string;
let viewer: string;

beforeAll(async () => {
  api = await startTestApi();
});
beforeEach(async () => {
  tenant = await createTenant(api.owner);
  gatewayId = await tenant.gateway('main');
  const { accountId } = tenant;
  editor = (await createUser(api.owner, { accountId, role: 'EDITOR' })).token;
  viewer = (await createUser(api.owner, { accountId, role: 'VIEWER' })).token;
});
afterAll(() => api.stop());

const log = (options: LogOptions = {}): Promise<string> =>
  createLog(api.owner, { accountId: tenant.accountId, gatewayId }, options);

const exported = (token: string | null, wanted: object = {}): Promise<Response> =>
  fetch(`${api.url}/logs/export`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ gatewayId, ...wanted }),
  });

async function rows(response: Response): Promise<Record<string, unknown>[]> {
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
  const lines = (await response.text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>); // what the export promises
}

test('every log that the filter keeps is a line, newest first or oldest first', async () => {
  const now = Date.now();
  const old = await log({ atMs: now - 50 * 3_600_000, columns: { cost_pico: '9007199254740993000' } });
  const failed = await log({ atMs: now - 10_000, columns: { status_code: 502, error_code: 2005 } });
  const liked = await log({ atMs: now - 5_000, bodies: { feedback: 1, request_body: Buffer.from('asked') } });
  const all = await rows(await exported(viewer));
  expect(all.map(({ id }) => id)).toEqual([liked, failed, old]);
  expect(all[2]).toMatchObject({ costUsd: '9007199.254740993', tokensIn: '10', attempts: [{ number: 1 }] });
  expect(all[0]).not.toHaveProperty('requestBody');
  expect((await rows(await exported(viewer, { direction: 'ASC' }))).map(({ id }) => id)).toEqual([old, failed, liked]);
  const filter = { success: false, from: new Date(now - 3_600_000).toISOString(), minTokens: '1' };
  expect((await rows(await exported(viewer, { filter }))).map(({ id }) => id)).toEqual([failed]);
});

test('the logs of a deleted gateway are exported until their time is over', async () => {
  const id = await log();
  await api.owner.query('UPDATE gateway SET deleted_at = now() WHERE id = $1', [gatewayId]);
  expect((await rows(await exported(viewer))).map((row) => row['id'])).toEqual([id]);
});

test('bodies are for those who may read them, and an export stands in the audit log', async () => {
  await log({ bodies: { request_body: Buffer.from('asked'), response_body: Buffer.from('answered') } });
  const [row] = await rows(await exported(editor, { bodies: true }));
  expect(row).toMatchObject({ bodyState: 'STORED', requestBody: 'asked', responseBody: 'answered' });
  const refused = await exported(viewer, { bodies: true });
  expect([refused.status, await refused.json()]).toEqual([
    403,
    { errors: [{ message: expect.any(String), extensions: { code: 'FORBIDDEN' } }] },
  ]);
  const { rows: events } = await api.owner.query<{ after: unknown }>(
    `SELECT after FROM audit_event WHERE account_id = $1 AND action = 'log.export'`,
    [tenant.accountId],
  );
  expect(events).toEqual([{ after: { gatewayId, format: 'NDJSON', bodies: true, filter: expect.any(Object) } }]);
});

test.each([
  [401, 'UNAUTHENTICATED', null, {}],
  [401, 'UNAUTHENTICATED', null, { gatewayId: 'nonsense' }],
  [404, 'NOT_FOUND', 'editor', { gatewayId: 'nonsense' }],
  [400, 'BAD_USER_INPUT', 'editor', { format: 'XML' }],
  [400, 'BAD_USER_INPUT', 'editor', { filter: { nothing: 1 } }],
  [400, 'BAD_USER_INPUT', 'editor', { filter: { statusCodes: [42] } }],
])('%i %s is answered before anything is sent', async (status, code, who, wanted) => {
  const refused = await exported(who === null ? null : editor, wanted);
  expect([refused.status, await refused.json()]).toMatchObject([status, { errors: [{ extensions: { code } }] }]);
});

test('T-WEB-3 CSV has a head, and runs nothing', async () => {
  await log({ columns: { model: '=cmd|calc', metadata: { team: 'a,"b"' } } });
  const text = await (await exported(viewer, { format: 'CSV' })).text();
  const [head, line] = text.split('\r\n');
  expect(head).toMatch(/^id,createdAt,gatewayId,/);
  expect(line).toContain(",'=cmd|calc,");
  expect(line).toContain('"{""team"":""a,\\""b\\""""}"');
});

const MANY = 5_000;

/** More than the sockets on the way hold. */
async function seedMany(): Promise<void> {
  const id = await log({ columns: { metadata: JSON.stringify({ much: 'x'.repeat(4_000) }) } });
  const columns = await api.owner.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'usage_record'::regclass AND attnum > 0 AND attname <> 'id'`,
  );
  const names = columns.rows.map(({ name }) => name).join(', ');
  await api.owner.query(
    `INSERT INTO usage_record (id, ${names}) SELECT overlay($1::text placing lpad(to_hex(g), 12, '0') from 25)::uuid, ${names}
     FROM usage_record, generate_series(1, ${MANY - 1}) g WHERE id = $1::uuid`,
    [id],
  );
}

/** An export whose answer nobody reads yet. */
async function unread(token: string): Promise<IncomingMessage> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const sent = httpRequest(`${api.url}/logs/export`, { method: 'POST', headers });
  sent.end(JSON.stringify({ gatewayId }));
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]; // what node gives
  return answer;
}

const batches = (): number => api.takeQueries().filter((sql) => sql.includes('ORDER BY u.id')).length;

test('no more is read than the client takes, and it gets all of it exactly once', async () => {
  await seedMany();
  batches();
  const answer = await unread(viewer);
  let read = 0;
  // it stands still: between two looks nothing more was read
  await waitFor(() => {
    const more = batches();
    read += more;
    return read > 0 && more === 0;
  }, 'the export waits for its client');
  expect(read).toBeLessThan(MANY / 500);
  const ids = new Set<string>();
  let text = '';
  let lines = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    const parts = (text + chunk.toString()).split('\n');
    text = parts.pop() ?? '';
    for (const part of parts) ids.add((JSON.parse(part) as { id: string }).id);
    lines += parts.length;
  }
  expect([ids.size, lines]).toEqual([MANY, MANY]);
});

test('an export ends, and shows that it is not whole, when its caller may not read any more', async () => {
  await seedMany();
  const answer = await unread(viewer);
  await api.owner.query('UPDATE session SET revoked_at = now()');
  const read = async (): Promise<number> => {
    let bytes = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) bytes += chunk.length;
    return bytes;
  };
  await expect(read()).rejects.toThrow('aborted');
});

test('one account has two exports at a time, and leaves the others theirs', async () => {
  await seedMany();
  const running = [await unread(viewer), await unread(viewer)];
  const refused = await exported(viewer);
  expect([refused.status, await refused.json()]).toMatchObject([
    429,
    { errors: [{ extensions: { code: 'RATE_LIMITED' } }] },
  ]);
  const other = await createTenant(api.owner);
  const token = (await createUser(api.owner, { accountId: other.accountId, role: 'VIEWER' })).token;
  expect((await exported(token, { gatewayId: await other.gateway('main') })).status).toBe(200);
  for (const answer of running) answer.destroy();
  await waitFor(
    async () => (await exported(viewer, { filter: { success: false } })).status === 200,
    'there is room again',
  );
});
