/**
 * How logs are found when they go away meanwhile, or when Postgres takes too long: no page is the end before the end.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { ANY_DAY, SeenChanges, type ChangedDays } from '../../../api/modules/log/changed-days.js';
import { LogQueries } from '../../../api/modules/log/log.queries.js';
import { LogService } from '../../../api/modules/log/log.service.js';
import { LogFinder, type FoundLogs } from '../../../api/modules/log/log-finder.js';
import type { LogPosition } from '../../../api/modules/log/log-order.js';
import { LogPartitions } from '../../../api/modules/log/log-partitions.js';
import { LogStatements, type LogSelection } from '../../../api/modules/log/log-statements.js';
import { logFilterSchema } from '../../../api/modules/log/log.inputs.js';
import { issueAccountScope, type AccountScope } from '../../../api/tenancy/account-scope.js';
import { Database } from '../../../api/tenancy/database.js';
import type { TenantTransaction } from '../../../api/tenancy/tenant-transaction.js';
import { PooledConnection } from '../../../platform/postgres.js';
import { uuidTimeMs, type AccountId, type GatewayId } from '../../../schema/contracts/ids.js';
import { createDataSource } from '../../../schema/data-source.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { reprice } from '../../support/log-model.js';
import { createLog } from '../../support/seed.js';
import { createTenant } from '../../support/tenant.js';

const HOUR_MS = 3_600_000;

let api: TestApi;
let dataSource: DataSource;
let scope: AccountScope<'log.read'>;
let gatewayId: GatewayId;

beforeAll(async () => {
  api = await startTestApi();
  dataSource = createDataSource({
    url: api.database.url,
    applicationName: 'log-finder',
    connection: PooledConnection,
    connectionsMax: 2,
    queryTimeoutMs: 10_000,
    onError: () => undefined,
  });
  await dataSource.initialize();
});
beforeEach(async () => {
  const tenant = await createTenant(api.owner);
  gatewayId = (await tenant.gateway('main')) as GatewayId; // as it was made
  const accountId = tenant.accountId as AccountId; // as it was made
  scope = issueAccountScope<'log.read'>({ accountId, gatewayIds: null, actor: { name: 'test', ip: null } });
});
afterAll(async () => {
  await dataSource.destroy();
  await api.stop();
});

const log = (atMs: number, columns = {}): Promise<string> =>
  createLog(api.owner, { accountId: scope.accountId, gatewayId }, { atMs, columns });
const plain = (): Database => new Database(dataSource, { statementTimeoutMs: 8_000 });
const selected = (direction: 'ASC' | 'DESC', filter: object = {}): LogSelection => ({
  gatewayId,
  filter: logFilterSchema.parse(filter),
  order: { field: 'CREATED_AT', direction },
});

/** Erases one log after it was found and before it is read. */
class ErasingFinder extends LogFinder {
  constructor(
    database: Database,
    private readonly erased: string,
  ) {
    super(database);
  }

  override async find(...asked: Parameters<LogFinder['find']>): Promise<FoundLogs> {
    const found = await super.find(...asked);
    await api.owner.query('DELETE FROM usage_record WHERE id = $1', [this.erased]);
    return found;
  }
}

test.each([0, 1, 2])('that log %i of a batch went away is not the end of an export or a list', async (gone) => {
  const now = Date.now();
  const ids: string[] = [];
  for (let index = 0; index < 5; index++) ids.push(await log(now - index * 1_000));
  const database = new Database(dataSource, { statementTimeoutMs: 8_000 });
  const queries = new LogQueries(database, new LogPartitions(database), new ErasingFinder(database, ids[gone] ?? ''));
  const left = ids.filter((_, index) => index !== gone);
  const request = { ...selected('DESC'), first: 2, after: null };
  const page = await queries.page(scope, request, (position) => position);
  expect([page.edges.map(({ node }) => node.id), page.pageInfo.hasNextPage]).toEqual([left.slice(0, 2), true]);
  const next = await queries.page(
    scope,
    { ...request, first: 5, after: page.pageInfo.endCursor },
    (position) => position,
  );
  expect([next.edges.map(({ node }) => node.id), next.pageInfo.hasNextPage]).toEqual([left.slice(2), false]);
});

/** Whose statements run out of time when they look through more than `msMax`. */
class SlowDatabase extends Database {
  constructor(private readonly msMax: number) {
    super(dataSource, { statementTimeoutMs: 8_000 });
  }

  override inAccount<T>(of: AccountScope, work: (tx: TenantTransaction) => Promise<T>): Promise<T> {
    return super.inAccount(of, (tx) => {
      const query = tx.query.bind(tx);
      tx.query = async <Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]> => {
        const isWide = sql.includes('ORDER BY u.id') && widthMs(sql, parameters ?? []) > this.msMax;
        if (isWide) {
          await query(`SELECT set_config('statement_timeout', '50', true) WHERE $1::uuid IS NOT NULL`);
          await query('SELECT pg_sleep(60) WHERE $1::uuid IS NOT NULL');
        }
        return query<Row>(sql, parameters);
      };
      return work(tx);
    });
  }
}

/** How much time a statement looks through, by the bounds of its days and ids. `$1` is not among the parameters. */
function widthMs(sql: string, parameters: readonly unknown[]): number {
  const bound = (condition: RegExp): string | null => {
    const number = condition.exec(sql)?.[1];
    return number === undefined ? null : String(parameters[Number(number) - 2]);
  };
  const [fromDay, toDay] = [bound(/u\.day >= \$(\d+)/), bound(/u\.day <= \$(\d+)/)];
  const [fromId, toId] = [bound(/u\.id >= \$(\d+)/), bound(/u\.id < \$(\d+)/)];
  const fromMs = fromId === null ? Date.parse(fromDay ?? '') : uuidTimeMs(fromId);
  return (toId === null ? Date.parse(toDay ?? '') + 24 * HOUR_MS : uuidTimeMs(toId)) - fromMs;
}

/** All that is found, page after page. */
async function found(
  finder: LogFinder,
  selection: LogSelection,
  limit = 100,
): Promise<{ ids: string[]; pages: number }> {
  const ids: string[] = [];
  let after: LogPosition | null = null;
  let pages = 0;
  do {
    const page: FoundLogs = await finder.find(scope, selection, after, limit);
    ids.push(...page.rows.map(({ id }) => id));
    after = page.resume ?? (page.rows.length === limit ? (page.rows.at(-1) ?? null) : null);
    pages++;
  } while (after !== null && pages < 100);
  return { ids, pages };
}

test.each(['ASC', 'DESC'] as const)('what takes too long is gone through in smaller parts, %s', async (direction) => {
  const midnightMs = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 86_400_000;
  const ids: string[] = [];
  for (const hours of [1, 9, 17, 30, 31]) ids.push(await log(midnightMs - hours * HOUR_MS));
  if (direction === 'ASC') ids.reverse();
  const span = { from: new Date(midnightMs - 40 * HOUR_MS), to: new Date(midnightMs) };
  const { ids: all, pages } = await found(new LogFinder(new SlowDatabase(12 * HOUR_MS)), selected(direction, span));
  expect(all).toEqual(ids);
  expect(pages).toBeGreaterThan(1);
});

test('pages that end among the newest records, at any of them, find each log once', async () => {
  const atMs = Math.floor(Date.now() / 1_000) * 1_000 - 60_000;
  // several of one millisecond, and some of the day before
  for (const ago of [0, 0, 0, 0, 1, 1, 2, 30 * HOUR_MS, 30 * HOUR_MS, 31 * HOUR_MS]) {
    await log(atMs - ago, { status_code: 502 });
    await log(atMs - ago, { status_code: 200 });
  }
  const failed = selected('DESC', { statusCodes: [502] });
  const all = (await new LogFinder(plain()).find(scope, failed, null, 100)).rows.map(({ id }) => id);
  expect(all).toHaveLength(10);
  for (const probedRows of [1, 2, 3, 5, 19, 20, 21]) {
    const finder = new LogFinder(plain(), { probedRows });
    for (const limit of [1, 2, 100]) {
      const ids: string[] = [];
      let after: LogPosition | null = null;
      for (let page = 0; page < 50; page++) {
        const { rows, resume } = await finder.find(scope, failed, after, limit);
        ids.push(...rows.map(({ id }) => id));
        after = resume ?? (rows.length === limit ? (rows.at(-1) ?? null) : null);
        if (after === null) break;
      }
      expect({ probedRows, limit, ids }).toEqual({ probedRows, limit, ids: all });
    }
  }
});

test('adjustments of a day, which are made later, are not read as its newest records', async () => {
  const midnightMs = Math.floor(Date.now() / 86_400_000) * 86_400_000;
  const ids: string[] = [];
  for (let hours = 1; hours <= 6; hours++) ids.push(await log(midnightMs - hours * HOUR_MS, { status_code: 502 }));
  for (const id of ids) for (let time = 0; time < 3; time++) await reprice(api.owner, id, 1n);
  const to = new Date(midnightMs);
  const page = { window: { fromMs: midnightMs - 24 * HOUR_MS, toMs: midnightMs }, after: null, limit: 2 };
  const third = plain().inAccount(scope, (tx) =>
    new LogStatements(tx, { ...selected('DESC'), changes: null }).boundary(page),
  );
  expect(await third).toBe(ids[2]);
  for (const probedRows of [1, 3, 7, 17, 100]) {
    const finder = new LogFinder(plain(), { probedRows, unindexedRows: probedRows }, new LogPartitions(plain(), 0));
    for (const filter of [{ success: false }, { minTokens: 0n }, { statusCodes: [502] }, {}]) {
      const { ids: all, pages } = await found(finder, selected('DESC', { ...filter, to }), 2);
      expect({ probedRows, all, isShort: pages <= 20 }).toEqual({ probedRows, all: ids, isShort: true });
    }
  }
});

test('windows that are looked through at the same time have what they have one by one, in order', async () => {
  const midnightMs = Math.floor(Date.now() / 86_400_000) * 86_400_000;
  const ids: string[] = [];
  // few in many days, none in some, several in the oldest
  for (const days of [1, 2, 5, 6, 9, 14, 20, 28, 28, 28]) {
    ids.push(await log(midnightMs - days * 24 * HOUR_MS - ids.length, { status_code: 502 }));
  }
  const finder = new LogFinder(plain());
  for (const direction of ['DESC', 'ASC'] as const) {
    const selection = selected(direction, { statusCodes: [502], from: new Date(midnightMs - 29 * 24 * HOUR_MS) });
    const expected = direction === 'DESC' ? ids : ids.toReversed();
    for (const limit of [1, 3, 9, 10, 11]) {
      const first = await finder.find(scope, selection, null, limit);
      const rest = await finder.find(scope, selection, first.resume ?? first.rows.at(-1) ?? null, 100);
      const all = [...first.rows, ...rest.rows].map(({ id }) => id);
      expect([direction, limit, first.rows.length, ...all]).toEqual([
        direction,
        limit,
        Math.min(limit, 10),
        ...expected,
      ]);
    }
  }
});

test.each([
  ['one number of days', [90]],
  ['several', [90, 365, 30]],
] as const)('logs of many days, kept for %s, are read whole and in order', async (_kept, retentions) => {
  const midnightMs = Math.floor(Date.now() / 86_400_000) * 86_400_000;
  const ids: string[] = [];
  for (let days = 1; days <= 20; days++) {
    const log_retention_days = retentions[days % retentions.length];
    ids.push(await log(midnightMs - days * 24 * HOUR_MS, { log_retention_days }));
  }
  const changed = ids[1] ?? '';
  await reprice(api.owner, changed, 5n);
  const page = await new LogQueries(plain()).page(scope, { ...selected('DESC'), first: 50, after: null }, (at) => at);
  expect(page.edges.map(({ node }) => node.id)).toEqual(ids);
  const costs = new Map(page.edges.map(({ node }) => [node.id, node.costUsd]));
  expect(costs.get(changed)).not.toEqual(costs.get(ids[2] ?? ''));
});

test.each([1, 2, 100])(
  'of a pair that many have, what else is asked keeps the same logs in pages of %i',
  async (limit) => {
    const nowMs = Date.now();
    const red = { metadata: { team: 'red' } };
    const own = { accountId: scope.accountId, gatewayId };
    // more than are looked at a time, of which the filter keeps none
    await Promise.all(Array.from({ length: 505 }, (_, index) => log(nowMs - index, { ...red, duration_ms: 1 })));
    const kept = [await log(nowMs - 1_000, { ...red, duration_ms: 500 })];
    for (const ago of [2_000, 3_000]) {
      const options = { atMs: nowMs - ago, columns: { duration_ms: 500 }, bodies: { later_metadata: red.metadata } };
      kept.push(await createLog(api.owner, own, options));
    }
    const selection = selected('DESC', { metadata: [{ key: 'team', value: 'red' }], minDurationMs: 100 });
    expect((await found(new LogFinder(plain(), { probedRows: 2 }), selection, limit)).ids).toEqual(kept);
  },
);

/** Counts how often another transaction is begun. */
class CountingDatabase extends Database {
  begun = 0;
  asFinder = 0;

  override inAccount<T>(...asked: Parameters<Database['inAccount']>): Promise<T> {
    this.begun += 1;
    return super.inAccount(...asked) as Promise<T>;
  }

  override inMetadata<T>(...asked: Parameters<Database['inMetadata']>): Promise<T> {
    this.asFinder += 1;
    return super.inMetadata(...asked) as Promise<T>;
  }
}

test('a pair is looked up in one transaction of a window, where nothing of its days has changed', async () => {
  const toMs = (Math.floor(Date.now() / 86_400_000) - 40) * 86_400_000;
  const columns = { metadata: { team: 'red' }, log_retention_days: 90 };
  const ids = [
    await log(toMs - 1_000, columns),
    await log(toMs - 2_000, columns),
    await log(toMs - 40 * HOUR_MS, columns),
  ];
  const filter = {
    metadata: [{ key: 'team', value: 'red' }],
    to: new Date(toMs),
    from: new Date(toMs - 100 * HOUR_MS),
  };
  const counting = new CountingDatabase(dataSource, { statementTimeoutMs: 8_000 });
  const finder = new LogFinder(counting, { probedRows: 2, sampleRows: 2 });
  const { rows } = await finder.find(scope, selected('DESC', filter), null, 10);
  expect(rows.map(({ id }) => id)).toEqual(ids);
  expect([counting.begun, counting.asFinder]).toEqual([2, 1]); // two for what partitions there are, and for the newest records
});

test('days of which something changed are told from others, and those in DEFAULT by all that is there', async () => {
  const dayMs = (ago: number): number => (Math.floor(Date.now() / 86_400_000) - ago) * 24 * HOUR_MS;
  const day = (ago: number): string => new Date(dayMs(ago)).toISOString().slice(0, 10);
  const told = async (window = { fromMs: dayMs(5), toMs: dayMs(0) }): Promise<ChangedDays> => {
    const { changeIndexes } = await new LogPartitions(plain()).read(scope);
    return plain().inAccount(scope, (tx) => new SeenChanges(changeIndexes, 'DESC').of(tx, window));
  };
  const own = { accountId: scope.accountId, gatewayId };
  const before = await told();
  await reprice(api.owner, await log(dayMs(4) + HOUR_MS), 5n);
  await createLog(api.owner, own, { atMs: dayMs(3) + HOUR_MS, bodies: { deleted_at: new Date() } });
  await createLog(api.owner, own, { atMs: dayMs(2) + HOUR_MS, bodies: { later_metadata: {} } });
  await createLog(api.owner, own, { atMs: dayMs(1) + HOUR_MS, bodies: { feedback: 1 } });
  const after = await told();
  expect(new Set(after.adjusted)).toEqual(new Set([...(before.adjusted ?? []), day(4)]));
  expect(new Set(after.touched)).toEqual(new Set([...(before.touched ?? []), day(3), day(2)]));

  const old = { fromMs: Date.parse('2020-01-01'), toMs: Date.parse('2020-01-03') };
  const { rows } = await api.owner.query('SELECT FROM usage_record_default WHERE adjusts IS NOT NULL LIMIT 1');
  if (rows.length === 0) expect((await told(old)).adjusted).toEqual([]);
  await reprice(api.owner, await log(old.fromMs), 5n);
  expect(await told(old)).toEqual({ adjusted: ['2020-01-01', '2020-01-02'], touched: [] });
  expect(await told()).toEqual(after);
});

test('where partitions have come since they were read of, any day may have changed', async () => {
  const { changeIndexes } = await new LogPartitions(plain()).read(scope);
  const window = { fromMs: Date.now() - HOUR_MS, toMs: Date.now() };
  const of = (): Promise<ChangedDays> =>
    plain().inAccount(scope, (tx) => new SeenChanges(changeIndexes, 'DESC').of(tx, window));
  expect(await of()).not.toEqual(ANY_DAY);
  await api.owner.query(
    `CREATE TABLE usage_record_20190101 PARTITION OF usage_record FOR VALUES FROM ('2019-01-01') TO ('2019-01-02')`,
  );
  try {
    expect(await of()).toEqual(ANY_DAY);
  } finally {
    await api.owner.query('DROP TABLE usage_record_20190101');
  }
});

test.each([
  ['cost', { minCostUsd: '0' }, { minCostUsd: '0', metadata: [{ key: 'team', value: 'red' }] }],
  ['metadata', { metadata: [{ key: 'team', value: 'red' }] }, { search: 'red', maxCostUsd: '1' }],
] as const)('a changed %s is none where only the other one matters', async (changed, by, byBoth) => {
  const atMs = Date.now();
  const id = await log(atMs);
  if (changed === 'cost') await reprice(api.owner, id, 5n);
  else
    await createLog(api.owner, { accountId: scope.accountId, gatewayId }, { atMs, bodies: { later_metadata: '{}' } });
  const page = { window: { fromMs: atMs - 1_000, toMs: atMs + 1_000 }, after: null, limit: 10 };
  const hasChanges = (filter: object): Promise<boolean> =>
    plain().inAccount(scope, (tx) =>
      new LogStatements(tx, { ...selected('DESC', filter), changes: null }).hasChanges(page),
    );
  const byOther = changed === 'cost' ? { metadata: [{ key: 'team' }] } : { minCostUsd: '0' };
  expect([await hasChanges(by), await hasChanges(byBoth), await hasChanges(byOther)]).toEqual([true, true, false]);
});

test('what takes too long even in its smallest part is refused', async () => {
  await log(Date.now());
  await expect(new LogFinder(new SlowDatabase(0)).find(scope, selected('DESC'), null, 10)).rejects.toThrow(
    'canceling statement due to statement timeout',
  );
});

test('a deletion that finds its logs too slowly deletes none', async () => {
  const id = await log(Date.now());
  const database = new Database(dataSource, { statementTimeoutMs: 8_000 });
  const pages = new LogFinder(database, { pageMsMax: -1, probedRows: 1 });
  const input = { gatewayId, filter: {}, dryRun: false };
  const { accountId, gatewayIds, actor } = scope;
  const deleting = issueAccountScope<'log.delete'>({ accountId, gatewayIds, actor });
  const { ids } = await found(pages, selected('DESC'));
  expect(ids).toEqual([id]);
  const slow = new LogService(database, pages, -1).delete(deleting, input);
  await expect(slow).rejects.toMatchObject({ code: 'QUERY_TOO_COMPLEX' });
  expect(await new LogService(database, pages).delete(deleting, input)).toEqual({ count: 1n });
});
