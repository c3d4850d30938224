/** Every filter and every order of logs, page by page, against a plain statement of what they mean. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlCaller } from '../../support/graphql.js';
import {
  anyFilter,
  inOrder,
  keeps,
  ORDERED,
  seedLogs,
  type ModelFilter,
  type ModelLog,
} from '../../support/log-model.js';
import { createLog, createUser } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { pagedPropertyRuns } from '../../support/test-size.js';

const LOGS = `query ($tag: String!, $first: Int, $after: String, $filter: LogFilter, $orderBy: LogOrder) {
  account(tag: $tag) { gateway(name: "main") { logs(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
    edges { node { id } } totalCount totalCountIsExact pageInfo { hasNextPage endCursor } } } } }`;
const DAY_MS = 86_400_000;

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
let logs: ModelLog[];
const startedMs = Date.now();

beforeAll(async () => {
  api = await startTestApi();
  tenant = await createTenant(api.owner);
  gatewayId = await tenant.gateway('main');
  const { accountId } = tenant;
  editor = graphqlCaller(api.url, (await createUser(api.owner, { accountId, role: 'EDITOR' })).token);
  logs = await seedLogs(api.owner, { accountId, gatewayId }, 50);
  // another gateway's and another account's logs, which must never be among them
  await seedLogs(api.owner, { accountId, gatewayId: await tenant.gateway('other') }, 5);
  const stranger = await createTenant(api.owner);
  await seedLogs(api.owner, { accountId: stranger.accountId, gatewayId: await stranger.gateway('main') }, 5);
});
afterAll(() => api.stop());

async function page(variables: object): Promise<Page> {
  const answer = await editor(LOGS, { tag: tenant.tag, ...variables });
  return answer.expectData<{ account: { gateway: { logs: Page } } }>().account.gateway.logs;
}

/** All ids of a list, page after page; some pages of a search are empty, and go on. */
async function all(filter: ModelFilter, orderBy: object, first: number): Promise<{ ids: string[]; pages: Page[] }> {
  const pages: Page[] = [];
  let after: string | null = null;
  do {
    const found: Page = await page({ filter, orderBy, first, after });
    pages.push(found);
    after = found.pageInfo.hasNextPage ? found.pageInfo.endCursor : null;
  } while (after !== null && pages.length < 500);
  return { ids: pages.flatMap(({ edges }) => edges.map(({ node }) => node.id)), pages };
}

/** The full size goes through some thousands of pages. */
const PAGES_TIMEOUT_MS = 600_000;

const orders = Object.keys(ORDERED).flatMap((field) => [
  { field, direction: 'ASC' },
  { field, direction: 'DESC' },
]);

test('every order goes through all logs once', async () => {
  for (const order of orders.filter((_, index) => index % 4 === 0 || index % 4 === 3)) {
    const { ids, pages } = await all({}, order, 30);
    expect({ order, ids }).toEqual({ order, ids: inOrder(logs, order.field, order.direction) });
    expect([pages[0]?.totalCount, pages[0]?.totalCountIsExact]).toEqual([logs.length, true]);
  }
});

test(
  'any filter in any order keeps what it says, whatever the size of a page',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        anyFilter(startedMs),
        fc.constantFrom(...orders),
        fc.integer({ min: 3, max: 60 }),
        async (filter, order, first) => {
          fc.pre(filter['search'] === undefined || order.field === 'CREATED_AT');
          const kept = logs.filter((log) => keeps(filter, log));
          const { ids, pages } = await all(filter, order, first);
          expect(ids).toEqual(inOrder(kept, order.field, order.direction));
          expect(pages[0]?.totalCount).toBe(kept.length);
        },
      ),
      pagedPropertyRuns,
    );
  },
  PAGES_TIMEOUT_MS,
);

test('a page of a search reads a day, and goes on from there', async () => {
  const found = await page({ filter: { search: 'team' }, first: 100 });
  const oldestMs = Math.min(
    ...logs.filter(({ id }) => found.edges.some(({ node }) => node.id === id)).map(({ atMs }) => atMs),
  );
  expect(found.edges.length).toBeGreaterThan(0);
  expect(oldestMs).toBeGreaterThanOrEqual(startedMs - DAY_MS);
  expect(found.pageInfo.hasNextPage).toBe(true);
  (await editor(LOGS, { tag: tenant.tag, filter: { search: 'team' }, orderBy: { field: 'COST' } })).expectError(
    'BAD_USER_INPUT',
    'filter.search',
  );
});

test('a page opens the days that it reads, and no others', async () => {
  api.takeQueries();
  const PAGE = `query ($tag: String!) { account(tag: $tag) { gateway(name: "main") { logs(first: 1) {
    edges { node { id } } } } } }`;
  (await editor(PAGE, { tag: tenant.tag })).expectData();
  const read = api.takeQueries().filter((sql) => sql.includes('FROM usage_record u'));
  // the ids of today, in its first hours those of the days before it, and then the logs
  expect(read.length).toBeLessThanOrEqual(3);
  const days = (await explainedPartitions(read[0] ?? '')).filter((name) => name.startsWith('usage_record_2'));
  expect(days.length).toBeLessThanOrEqual(2);
});

/** Partitions in the plan of a page of today, newest first. */
async function explainedPartitions(sql: string): Promise<string[]> {
  const today = new Date().toISOString().slice(0, 10);
  const bounds = [tenant.accountId, gatewayId, today, today];
  // it is cut where it ends, and not at midnight
  const values = [...bounds, 'ffffffff-ffff-ffff-ffff-ffffffffffff', today, today, 2];
  const { rows } = await api.owner.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`, values);
  return rows.flatMap((row) => /on (\w+) u/.exec(row['QUERY PLAN'])?.[1] ?? []);
}

test('more than 10 000 are counted as more than 10 000', async () => {
  const busy = await tenant.gateway('busy');
  const id = await createLog(api.owner, { accountId: tenant.accountId, gatewayId: busy });
  const columns = await api.owner.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'usage_record'::regclass AND attnum > 0 AND attname <> 'id'`,
  );
  const names = columns.rows.map(({ name }) => name).join(', ');
  await api.owner.query(
    `INSERT INTO usage_record (id, ${names})
     SELECT overlay($1::text placing lpad(to_hex(g), 12, '0') from 25)::uuid, ${names}
     FROM usage_record, generate_series(1, 10000) g WHERE id = $1::uuid`,
    [id],
  );
  const COUNT = `query ($tag: String!) { account(tag: $tag) { gateway(name: "busy") { logs(first: 1) {
    totalCount totalCountIsExact } } } }`;
  const answer = await editor(COUNT, { tag: tenant.tag });
  expect(answer.expectData<{ account: { gateway: unknown } }>().account.gateway).toEqual({
    logs: { totalCount: 10_000, totalCountIsExact: false },
  });
});

test.each([
  ['filter.where.0.operator', { field: 'MODEL', operator: 'LT', values: ['a'] }],
  ['filter.where.0.values.0', { field: 'COST', values: ['much'] }],
  ['filter.where.0.values', { field: 'COST', values: [] }],
  ['filter.where.0.values.0', { field: 'CREATED_AT', operator: 'LT', values: ['soon'] }],
  ['filter.where.0.values.0', { field: 'CACHED', values: ['constructor'] }],
  ['filter.where.0.metadataKey', { field: 'METADATA', values: ['a'] }],
  ['filter.where.0.metadataKey', { field: 'MODEL', values: ['a'], metadataKey: 'team' }],
])('a condition that cannot be is refused at %s', async (field, condition) => {
  (await editor(LOGS, { tag: tenant.tag, filter: { where: [condition] } })).expectError('BAD_USER_INPUT', field);
});
