/**
 * The audit log: who reads it, by what it is filtered, how it is exported, when it ends, and that nobody rewrites it.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { recordAudit, dropOldEvents } from '../../../api/modules/audit/index.js';
import { instanceScope } from '../../../api/access.js';
import { firstUuidAt, newUuidV7, type AccountId } from '../../../schema/contracts/ids.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import { createUser, type TestUser } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { accountRuns } from '../../support/test-size.js';

const LOG = `query ($tag: String!, $first: Int, $after: String, $filter: AuditFilter) { account(tag: $tag) {
  auditLog(first: $first, after: $after, filter: $filter) {
    edges { node { id createdAt actor action before after ip } } pageInfo { hasNextPage endCursor } } } }`;

interface Event {
  readonly id: string;
  readonly createdAt: string;
  readonly actor: string;
  readonly action: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly ip: string | null;
}
interface Page {
  readonly edges: readonly { readonly node: Event }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

let api: TestApi;
let tenant: TestTenant;
let admin: TestUser;
let call: GraphqlCaller;

beforeAll(async () => {
  api = await startTestApi();
});
beforeEach(async () => {
  tenant = await createTenant(api.owner);
  admin = await createUser(api.owner, { accountId: tenant.accountId, role: 'ADMIN' });
  call = graphqlCaller(api.url, admin.token);
});
afterAll(() => api.stop());

async function page(variables: object = {}): Promise<Page> {
  const answer = await call(LOG, { tag: tenant.tag, ...variables });
  return answer.expectData<{ account: { auditLog: Page } }>().account.auditLog;
}

const read = async (filter: object | null = null): Promise<Event[]> =>
  (await page({ filter, first: 100 })).edges.map(({ node }) => node);

interface Seeded {
  readonly atMs: number;
  readonly actor: string;
  readonly action: string;
}

/** An event as the api would have written it at that moment. */
async function seed({ atMs, actor, action }: Seeded): Promise<string> {
  const id = `${firstUuidAt(atMs).slice(0, 14)}${newUuidV7().slice(14)}`;
  await api.owner.query(
    `INSERT INTO audit_event (id, account_id, created_at, actor, action) VALUES ($1, $2, $3, $4, $5)`,
    [id, tenant.accountId, new Date(atMs), actor, action],
  );
  return id;
}

const exported = (wanted: object, token = admin.token): Promise<Response> =>
  fetch(`${api.url}/audit/export`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ accountId: tenant.accountId, ...wanted }),
  });

test('a change is told with its author, address, and what was before and after', async () => {
  const create = 'mutation ($input: CreateGatewayInput!) { it: createGateway(input: $input) { id } }';
  const created = await call(create, { input: { accountId: tenant.accountId, name: 'told' } });
  const { id } = created.expectData<{ it: { id: string } }>().it;
  const input = { id, settings: { collectLogs: false } };
  (
    await call('mutation ($input: UpdateGatewayInput!) { updateGateway(input: $input) { id } }', { input })
  ).expectData();
  const [update, creation] = await read();
  expect(update).toMatchObject({
    actor: `user:${admin.email}`,
    action: 'gateway.update',
    ip: '127.0.0.1',
    before: { id, settings: { collectLogs: true } },
    after: { settings: { collectLogs: false } },
  });
  expect(creation).toMatchObject({ action: 'gateway.create', before: null, after: { id, name: 'told' } });
});

const seeded = fc.record({
  atMs: fc.integer({ min: 0, max: 9 }).map((hour) => Date.UTC(2026, 10, 1, hour)),
  actor: fc.constantFrom('user:a@example.com', 'user:b@example.com', 'instance'),
  action: fc.constantFrom('gateway.update', 'gateway.delete', 'apiToken.create'),
});
const filters = fc.record(
  {
    from: fc.integer({ min: -1, max: 10 }).map((hour) => new Date(Date.UTC(2026, 10, 1, hour)).toISOString()),
    to: fc.integer({ min: -1, max: 10 }).map((hour) => new Date(Date.UTC(2026, 10, 1, hour)).toISOString()),
    actors: fc.subarray(['user:a@example.com', 'instance', "x' OR '1'='1"]),
    actions: fc.subarray(['gateway.update', 'gateway.*', 'gateway', 'apiToken.create', '*']),
  },
  { requiredKeys: [] },
);

function isKept(event: Seeded, { from, to, actors, actions }: Readonly<Record<string, string | string[]>>): boolean {
  if (typeof from === 'string' && event.atMs < Date.parse(from)) return false;
  if (typeof to === 'string' && event.atMs >= Date.parse(to)) return false;
  if (Array.isArray(actors) && !actors.includes(event.actor)) return false;
  const names = [event.action, `${event.action.split('.')[0] ?? ''}.*`];
  return !Array.isArray(actions) || actions.some((action) => names.includes(action));
}

test('pages of any size show every event that the filter keeps exactly once, newest first', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(seeded, { maxLength: 12 }),
      filters,
      fc.integer({ min: 1, max: 5 }),
      async (events, filter, first) => {
        tenant = await createTenant(api.owner);
        admin = await createUser(api.owner, { accountId: tenant.accountId, role: 'ADMIN' });
        call = graphqlCaller(api.url, admin.token);
        const ids = [];
        for (const event of events) ids.push({ id: await seed(event), event });
        const shown: string[] = [];
        let after: string | null = null;
        do {
          const { edges, pageInfo }: Page = await page({ first, after, filter });
          shown.push(...edges.map(({ node }) => node.id));
          after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
        } while (after !== null);
        const kept = ids.filter(({ event }) => isKept(event, filter)).map(({ id }) => id);
        expect(shown).toEqual(kept.sort().toReversed());
      },
    ),
    accountRuns,
  );
});

test('a cursor is of its filter, and a token that is limited to gateways reads none of it', async () => {
  await seed({ atMs: 1_000, actor: 'instance', action: 'gateway.update' });
  await seed({ atMs: 2_000, actor: 'instance', action: 'gateway.update' });
  const { pageInfo } = await page({ first: 1 });
  const after = pageInfo.endCursor;
  (await call(LOG, { tag: tenant.tag, after, filter: { actors: ['instance'] } })).expectError(
    'BAD_USER_INPUT',
    'after',
  );
  const gatewayIds = [await tenant.gateway('main')];
  const limited = await tenant.apiToken({ permissions: ['ACCOUNT_EDIT'], gatewayIds });
  (await graphqlCaller(api.url, limited)(LOG, { tag: tenant.tag })).expectError('FORBIDDEN');
  expect((await exported({}, limited)).status).toBe(403);
});

test('an export has every event of the filter in either format, runs nothing, and is an event itself', async () => {
  const old = await seed({ atMs: 1_000, actor: 'user:=cmd|calc', action: 'gateway.update' });
  const young = await seed({ atMs: 2_000, actor: 'instance', action: 'apiToken.create' });
  const lines = (await (await exported({ direction: 'ASC' })).text()).trimEnd().split('\n');
  const events = lines.map((line) => JSON.parse(line) as Event); // what the export promises
  expect(events.map(({ id }) => id).slice(0, 2)).toEqual([old, young]);
  expect(events.at(-1)).toMatchObject({ action: 'audit.export', actor: `user:${admin.email}` });
  const filter = { to: new Date(3_000).toISOString(), actions: ['gateway.*'] };
  const csv = await (await exported({ format: 'CSV', filter })).text();
  expect(csv).toBe(
    `id,createdAt,actor,action,before,after,ip\r\n${old},1970-01-01T00:00:01.000Z,user:=cmd|calc,gateway.update,,,\r\n`,
  );
  expect((await exported({ filter: { actors: [1] } })).status).toBe(400);
  const viewer = await createUser(api.owner, { accountId: tenant.accountId, role: 'EDITOR' });
  expect((await exported({}, viewer.token)).status).toBe(403);
});

test('T-WEB-3 text that a spreadsheet would run is none in an exported event', async () => {
  await seed({ atMs: 1_000, actor: '=cmd|calc', action: 'gateway.update' });
  expect(await (await exported({ format: 'CSV' })).text()).toContain(",'=cmd|calc,");
});

test.each([
  ['a name of a secret', { gateway: { tokenHash: 'x' } }],
  ['a sealed value', { sealedHeaders: null }],
  ['bytes', { list: [Buffer.from('x')] }],
])('%s in what is told rolls its change back', async (_what, after: object) => {
  const scope = instanceScope('gateway.create', tenant.accountId as AccountId); // of this test
  const told = api.api.services.database.inAccount(scope, async (tx) => {
    await recordAudit(tx, { action: 'gateway.create', before: null, after: { id: 'harmless' } });
    await recordAudit(tx, { action: 'gateway.create', before: null, after });
  });
  await expect(told).rejects.toThrow('an audit event would have told');
  expect(await read()).toEqual([]);
});

/** What Postgres says to the statement of a role in the account. */
async function refusal(role: string, sql: string): Promise<string> {
  const client = await api.owner.connect();
  try {
    await client.query(`BEGIN; SET LOCAL ROLE ${role}; SET LOCAL "app"."account" = '${tenant.accountId}'`);
    return await client.query(sql).then(
      ({ rowCount }) => `${String(rowCount)} rows`,
      (error: Error & { code?: string }) => error.code ?? '',
    );
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

test('no role rewrites an event, and only the upkeep removes one, once it is old', async () => {
  await seed({ atMs: Date.now() - 13 * 86_400_000, actor: 'instance', action: 'gateway.update' });
  for (const sql of ['UPDATE audit_event SET actor = NULL', 'DELETE FROM audit_event', 'TRUNCATE audit_event']) {
    for (const role of ['tollgate_api', 'tollgate_proxy', 'tollgate_shipper', 'tollgate_prover', 'tollgate_rollup']) {
      expect([role, sql, await refusal(role, sql)]).toEqual([role, sql, '42501']);
    }
  }
  expect(await refusal('tollgate_upkeep', 'UPDATE audit_event SET actor = NULL')).toBe('42501');
  expect(await refusal('tollgate_upkeep', 'SELECT after FROM audit_event')).toBe('42501');
  const young = `WITH gone AS (DELETE FROM audit_event RETURNING created_at)
    SELECT FROM gone WHERE created_at >= now() - interval '14 days'`;
  expect(await refusal('tollgate_upkeep', young)).toBe('0 rows');
});

test('events end with the ledger: what is older than its days goes, and no more', async () => {
  const days = (count: number): Promise<string> =>
    seed({ atMs: Date.now() - count * 86_400_000, actor: 'instance', action: 'gateway.update' });
  const kept = [await days(0), await days(29)];
  await days(31);
  await days(400);
  expect(await dropOldEvents(api.api.services.database, 30)).toBeGreaterThanOrEqual(2);
  expect((await read()).map(({ id }) => id)).toEqual(kept);
  expect(await dropOldEvents(api.api.services.database, 30)).toBe(0);
});
