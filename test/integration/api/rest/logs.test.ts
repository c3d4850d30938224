/** Pages of logs by number, against a plain statement of what filters and orders mean. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { startTestApi, type TestApi } from '../../../support/api.js';
import { inOrder, keeps, ORDERED, seedLogs, type ModelLog } from '../../../support/log-model.js';
import { restCaller, type RestCaller } from '../../../support/rest.js';
import { anyWireFilters, asJson, asModelFilter, dotted } from '../../../support/rest-filters.js';
import { createLog } from '../../../support/seed.js';
import { createTenant, type TestTenant } from '../../../support/tenant.js';
import { requestPropertyRuns } from '../../../support/test-size.js';

const LOGS = 60;

let api: TestApi;
let tenant: TestTenant;
let gatewayId: string;
let call: RestCaller;
let logs: ModelLog[];

beforeAll(async () => {
  api = await startTestApi();
  tenant = await createTenant(api.owner);
  gatewayId = await tenant.gateway('main');
  logs = await seedLogs(api.owner, { accountId: tenant.accountId, gatewayId }, LOGS);
  call = restCaller(
    api.url,
    tenant.tag,
    await tenant.apiToken({ permissions: ['AI_GATEWAY_READ', 'AI_GATEWAY_EDIT'] }),
  );
});
afterAll(() => api.stop());

const list = (params: readonly (readonly string[])[], gateway = 'main') =>
  call(
    'GET',
    `/gateways/${gateway}/logs?${new URLSearchParams(params.map(([name = '', value = '']): [string, string] => [name, value])).toString()}`,
  );

async function paged(params: readonly (readonly string[])[], perPage: number): Promise<string[]> {
  const ids: string[] = [];
  for (let page = 1; ; page++) {
    const reply = await list([...params, ['page', String(page)], ['per_page', String(perPage)]]);
    const found = reply.expectResult<{ id: string }[]>().map(({ id }) => id);
    if (found.length === 0) return ids;
    ids.push(...found);
  }
}

test('whatever the filters, the order and the size of pages, the pages are what GraphQL would list', async () => {
  const anyOrder = fc.constantFrom(...Object.keys(ORDERED));
  const anyDirection = fc.constantFrom('ASC', 'DESC');
  const anyForm = fc.constantFrom(dotted, asJson);
  await fc.assert(
    fc.asyncProperty(
      anyWireFilters,
      anyOrder,
      anyDirection,
      fc.tuple(anyForm, fc.integer({ min: 15, max: 50 })),
      async (filters, field, direction, [write, perPage]) => {
        const expected = inOrder(
          logs.filter((log) => keeps(asModelFilter(filters), log)),
          field,
          direction,
        );
        const order = [
          ['order_by', field.toLowerCase()],
          ['order_by_direction', direction.toLowerCase()],
        ];
        expect(await paged([...write(filters), ...order], perPage)).toEqual(expected);
      },
    ),
    requestPropertyRuns,
  );
});

test('meta_info tells the least and the greatest of all logs that are kept, as they are now', async () => {
  const kept = logs.filter(({ provider }) => provider === 'openai');
  const info = (
    await list([['meta_info', 'true'], ...dotted([{ key: 'provider', operator: 'eq', value: ['openai'] }])])
  ).expectInfo();
  const costs = kept.flatMap(({ costPico }) => (costPico === null ? [] : [Number(costPico) / 1e12]));
  const range = (name: string, values: readonly number[]) => ({
    [`min_${name}`]: Math.min(...values),
    [`max_${name}`]: Math.max(...values),
  });
  expect(info).toEqual({
    count: Math.min(kept.length, 20),
    page: 1,
    per_page: 20,
    total_count: kept.length,
    ...range('cost', costs),
    ...range(
      'duration',
      kept.map(({ durationMs }) => durationMs),
    ),
    ...range(
      'tokens_in',
      kept.map(({ tokensIn }) => tokensIn),
    ),
    ...range(
      'tokens_out',
      kept.map(({ tokensOut }) => tokensOut),
    ),
    ...range(
      'total_tokens',
      kept.map(({ tokensIn, tokensOut }) => tokensIn + tokensOut),
    ),
  });
});

test('the older parameters bound what they name, both ends inclusive, and times by their end exclusive', async () => {
  const ids = async (params: readonly (readonly string[])[]): Promise<string[]> => paged(params, 50);
  const expected = (keep: (log: ModelLog) => boolean): string[] => inOrder(logs.filter(keep), 'CREATED_AT', 'DESC');
  const [first, last] = [logs[10]?.atMs ?? 0, logs[20]?.atMs ?? 0].toSorted((a, b) => a - b);
  const iso = (ms = 0): string => new Date(ms).toISOString();
  expect(
    await ids([
      ['min_tokens_in', '2'],
      ['max_tokens_in', '4'],
      ['success', 'true'],
    ]),
  ).toEqual(expected((log) => log.tokensIn >= 2 && log.tokensIn <= 4 && log.statusCode < 400 && !log.interrupted));
  expect(
    await ids([
      ['start_date', iso(first)],
      ['end_date', iso(last)],
    ]),
  ).toEqual(expected(({ atMs }) => atMs >= (first ?? 0) && atMs < (last ?? 0)));
  expect(
    await ids([
      ['min_cost', '2.5e-6'],
      ['max_duration', '9'],
      ['cached', '0'],
    ]),
  ).toEqual(
    expected((log) => log.costPico !== null && log.costPico >= 2_500_000n && log.durationMs <= 9 && !log.cached),
  );
  expect(
    await ids(
      dotted([
        { key: 'created_at', operator: 'gt', value: [iso(first)] },
        { key: 'created_at', operator: 'lt', value: [iso(last)] },
      ]),
    ),
  ).toEqual(expected(({ atMs }) => atMs > (first ?? 0) && atMs < (last ?? 0)));
  expect(
    await ids(
      dotted([
        { key: 'created_at', operator: 'gt', value: [iso(last)] },
        { key: 'created_at', operator: 'lt', value: [iso(first)] },
      ]),
    ),
  ).toEqual([]);
});

test('a search over months is one list, in both directions', async () => {
  const DAY_MS = 86_400_000;
  const id = await tenant.gateway('sparse');
  const made: string[] = [];
  for (const days of [1, 40, 41, 200]) {
    const columns = { metadata: JSON.stringify({ note: 'needle' }), log_retention_days: 365 };
    const of = { accountId: tenant.accountId, gatewayId: id };
    made.push(await createLog(api.owner, of, { atMs: Date.now() - days * DAY_MS, columns }));
    await createLog(api.owner, of, { atMs: Date.now() - days * DAY_MS - 1, columns: { log_retention_days: 365 } });
  }
  const found = async (direction: string): Promise<string[]> => {
    const reply = await list([['search', 'NEEDLE'], ['order_by_direction', direction]], 'sparse'); // prettier-ignore
    expect(reply.expectInfo()['total_count']).toBe(made.length);
    return reply.expectResult<{ id: string }[]>().map((log) => log.id);
  };
  expect(await found('desc')).toEqual(made);
  expect(await found('asc')).toEqual(made.toReversed());
});

test('a page beyond the ten-thousandth log is refused where there are so many, and empty where there are not', async () => {
  const far = await list([['page', '400'], ['per_page', '50']]); // prettier-ignore
  expect(far.expectResult()).toEqual([]);
  const id = await tenant.gateway('busy');
  const first = await createLog(
    api.owner,
    { accountId: tenant.accountId, gatewayId: id },
    { atMs: Date.now() - 60_000 },
  );
  const { rows } = await api.owner.query<{ columns: string }>(
    `SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS columns FROM pg_attribute
     WHERE attrelid = 'usage_record'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'id'`,
  );
  const columns = rows[0]?.columns ?? '';
  await api.owner.query(
    `INSERT INTO usage_record (id, ${columns})
     SELECT (left($1::text, 24) || lpad(to_hex(n), 12, '0'))::uuid, ${columns} FROM usage_record, generate_series(1, 10001) n
     WHERE id = $1::uuid`,
    [first],
  );
  const page = (number: number) => list([['page', String(number)], ['per_page', '50']], 'busy'); // prettier-ignore
  const last = await page(200);
  expect(last.expectResult()).toHaveLength(50);
  expect(last.expectInfo()).toMatchObject({ total_count: 10_000 });
  expect((await page(201)).expectRefusal(400, 7001, 'page')).toContain('10000');
});

test.each([
  ['filters', [['filters', '{']]],
  ['filters.0.key', dotted([{ key: 'colour', operator: 'eq', value: ['red'] }])],
  ['filters.0.operator', dotted([{ key: 'model', operator: 'like', value: ['red'] }])],
  ['filters.1.operator', dotted([{ key: 'model', operator: 'eq', value: ['a'] }, { key: 'cost', operator: 'contains', value: ['1'] }])], // prettier-ignore
  ['filters.0.value.1', dotted([{ key: 'duration', operator: 'lt', value: ['1', 'long'] }])],
  ['filters.0.value', dotted([{ key: 'model', operator: 'eq', value: [] }])],
  ['filters.0.value.0', asJson([{ key: 'model', operator: 'eq', value: [null as never] }])],
  ['filters.value', [['filters.value', 'x']]],
  ['cached', [['cached', 'perhaps']]],
  ['min_cost', [['min_cost', 'cheap']]],
  ['max_duration', [['max_duration', '99999999999']]],
  ['start_date', [['start_date', 'yesterday']]],
  ['order_by', [['order_by', 'colour']]],
  ['search', [['search', 'x'], ['order_by', 'cost']]], // prettier-ignore
  ['per_page', [['per_page', '51']]],
  ['page', [['page', '0']]],
  ['page', [['page', '1'], ['page', '2']]], // prettier-ignore
  ['colour', [['colour', 'red']]],
])('what cannot be used is refused, naming %s', async (field, params) => {
  (await list(params)).expectRefusal(400, 7001, field);
});

test('a deletion takes no parameter that it would ignore, and deletes nothing then', async () => {
  (await call('DELETE', '/gateways/main/logs?model=gpt-4o')).expectRefusal(400, 7001, 'model');
  (await call('DELETE', '/gateways/main/logs?limit=50001')).expectRefusal(400, 7001, 'limit');
  expect((await list([])).expectInfo()).toMatchObject({ total_count: logs.length });
});
