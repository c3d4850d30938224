/**
 * Indexes of finished days, in a database of its own: which days get them, and that logs are found by them as without.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { indexFinishedDays } from '../../../api/modules/ledger/index.js';
import { LogFinder, type FoundLogs } from '../../../api/modules/log/log-finder.js';
import { LogPartitions } from '../../../api/modules/log/log-partitions.js';
import type { LogPosition } from '../../../api/modules/log/log-order.js';
import { logFilterSchema } from '../../../api/modules/log/log.inputs.js';
import { issueAccountScope, type AccountScope } from '../../../api/tenancy/account-scope.js';
import { Database } from '../../../api/tenancy/database.js';
import type { TenantTransaction } from '../../../api/tenancy/tenant-transaction.js';
import type { AccountId, GatewayId } from '../../../schema/contracts/ids.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { createLog, type LogOptions } from '../../support/seed.js';
import { createTenant } from '../../support/tenant.js';

const DAY_MS = 86_400_000;
/** A day is over two hours after its midnight. */
const TODAY_MS = Math.floor((Date.now() - 7_200_000) / DAY_MS) * DAY_MS;
const nameOf = (day: number): string =>
  `usage_record_${new Date(TODAY_MS + day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')}`;

let api: TestApi;
let scope: AccountScope<'log.read'>;
let gatewayId: GatewayId;
let foreign: { accountId: string; gatewayId: string };

beforeAll(async () => {
  api = await startTestApi();
  const tenant = await createTenant(api.owner);
  gatewayId = (await tenant.gateway('main')) as GatewayId; // as it was made
  scope = issueAccountScope<'log.read'>({
    accountId: tenant.accountId as AccountId, // as it was made
    gatewayIds: null,
    actor: { name: 'test', ip: null },
  });
  const other = await createTenant(api.owner);
  foreign = { accountId: other.accountId, gatewayId: await other.gateway('main') };
  for (let day = -3; day <= 0; day++) await fillDay(day);
});
afterAll(() => api.stop());

type Other = Pick<LogOptions, 'columns' | 'bodies'>;
const EXPIRED: Other = { columns: { log_retention_days: 1 } };
/** What is not as it was written, or no log; of these the last one has the pair `team: red`. */
const OTHERS: readonly Other[] = [
  { columns: { is_log: false } },
  { bodies: { deleted_at: new Date() } },
  { bodies: { later_metadata: { team: 'blue' } } },
  { columns: { metadata: { team: 'blue' } }, bodies: { later_metadata: { team: 'red' } } },
];

/**
 * Each log costs as many pico-USD as its number; every fourth has the pair `team: red`, one in twenty a number in its
 * place.
 */
async function fillDay(day: number): Promise<void> {
  const endMs = Math.min(Date.now(), TODAY_MS + (day + 1) * DAY_MS) - 60_000;
  for (let number = 0; number < 40; number++) {
    const metadata = number % 4 === 0 ? { team: 'red' } : number % 20 === 1 ? { team: 7 } : { team: 'blue' };
    const columns = {
      metadata: JSON.stringify(metadata),
      cost_pico: number,
      duration_ms: 1_000 - number,
      input_tokens: number,
    };
    const atMs = endMs - number * 1_000;
    await createLog(api.owner, { accountId: scope.accountId, gatewayId }, { atMs, columns });
    if (number % 4 === 0) await createLog(api.owner, foreign, { atMs, columns });
  }
  for (const { columns = {}, bodies } of [...OTHERS, ...(day < -1 ? [EXPIRED] : [])]) {
    const all = { metadata: { team: 'red' }, cost_pico: 0, duration_ms: 1_000, ...columns };
    const options = { atMs: endMs - 50_000, columns: all, ...(bodies === undefined ? {} : { bodies }) };
    await createLog(api.owner, { accountId: scope.accountId, gatewayId }, options);
    await createLog(api.owner, foreign, options);
  }
}

/** How many it has beside those of every day. */
async function indexes(day: number): Promise<number> {
  const of = async (name: string): Promise<number> =>
    (await api.owner.query('SELECT 1 FROM pg_indexes WHERE tablename = $1', [name])).rowCount ?? 0;
  return (await of(nameOf(day))) - (await of(nameOf(7)));
}

/** Page after page; how many there were. */
async function found(finder: LogFinder, filter: object, limit = 7): Promise<{ ids: string[]; pages: number }> {
  const selection = {
    gatewayId,
    filter: logFilterSchema.parse(filter),
    order: { field: 'CREATED_AT' as const, direction: 'DESC' as const },
  };
  const ids: string[] = [];
  let [after, pages]: [LogPosition | null, number] = [null, 0];
  do {
    const page: FoundLogs = await finder.find(scope, selection, after, limit);
    ids.push(...page.rows.map(({ id }) => id));
    after = page.resume ?? (page.rows.length === limit ? (page.rows.at(-1) ?? null) : null);
    pages += 1;
  } while (after !== null);
  return { ids, pages };
}

/** Counts how often places are asked by the role that sees a pair. */
class CountingDatabase extends Database {
  asked = 0;

  override inMetadata<T>(of: AccountScope, pair: string, work: (tx: TenantTransaction) => Promise<T>): Promise<T> {
    this.asked += 1;
    return super.inMetadata(of, pair, work);
  }
}
const countingDatabase = () =>
  new CountingDatabase(api.api.services.database.dataSource, { statementTimeoutMs: 8_000 });

const FILTERS = [
  { metadata: [{ key: 'team', value: 'red' }] },
  { metadata: [{ key: 'team', value: '7' }] },
  { metadata: [{ key: 'team', value: 'red' }], minCostUsd: '0.000000000020' },
  { minCostUsd: '0.000000000030' },
  { maxDurationMs: 970 },
];

test('no day is indexed while records lag, and one whose index takes too long is left alone for good', async () => {
  const spool = await api.owner.query<{ id: string }>(
    `INSERT INTO ledger_spool (id, host, lag_ms) VALUES (gen_random_uuid(), 'test', 61000) RETURNING id`,
  );
  const id = spool.rows[0]?.id ?? '';
  const set = (values: string) => api.owner.query(`UPDATE ledger_spool SET ${values} WHERE id = $1`, [id]);
  const run = () => indexFinishedDays({ pool: api.owner, bytesMin: 1, statementMs: 1_500 });
  const held = { indexed: {}, left: {}, lagging: `the spool ${id} may have records of it` };
  expect(await run()).toEqual(held);
  await set(`lag_ms = 0, heard_at = now() - interval '6 minutes'`);
  expect(await run()).toEqual(held);
  await set(`heard_at = now() - interval '3 days'`);

  const writer = await api.owner.connect();
  try {
    await writer.query(`BEGIN; LOCK TABLE ${nameOf(-1)} IN ROW EXCLUSIVE MODE`);
    const report = await run();
    expect(report.left[nameOf(-1)]).toMatch(/^57014 /);
    expect(report.indexed).toMatchObject({ [nameOf(-2)]: 5, [nameOf(-3)]: 5 });
  } finally {
    await writer.query('ROLLBACK');
    writer.release();
  }
  expect(await run()).toEqual({ indexed: {}, left: {}, lagging: null });
  // so that the other tests find the days as they were
  await api.owner.query(`COMMENT ON TABLE ${nameOf(-1)} IS NULL`);
  for (const day of [-2, -3]) {
    for (const suffix of ['cost', 'duration', 'tokens_in', 'tokens_out', 'metadata']) {
      await api.owner.query(`DROP INDEX ${nameOf(day)}_${suffix}_idx`);
    }
  }
});

test('finished days get their indexes and today none; they find what is found without, and go with their day', async () => {
  const before = [];
  for (const filter of FILTERS) before.push((await found(new LogFinder(countingDatabase()), filter)).ids);
  expect(before.map((ids) => ids.length)).toEqual([44, 8, 20, 40, 40]);

  expect(await indexFinishedDays({ pool: api.owner, bytesMin: 1_000_000_000 })).toEqual({
    indexed: {},
    left: {},
    lagging: null,
  });
  const report = await indexFinishedDays({ pool: api.owner, bytesMin: 1 });
  expect(report.left).toEqual({});
  expect(Object.entries(report.indexed).slice(0, 3)).toEqual([-1, -2, -3].map((day) => [nameOf(day), 5]));
  expect(await Promise.all([0, -1, -2, -3].map(indexes))).toEqual([0, 5, 5, 5]);
  expect((await indexFinishedDays({ pool: api.owner, bytesMin: 1 })).indexed).toEqual({});

  for (const [number, filter] of FILTERS.entries()) {
    const database = countingDatabase();
    // no more than the newest two are read without an index, and today's no more than three a page
    const finder = new LogFinder(
      database,
      { probedRows: 2, sampleRows: 2, unindexedRows: 3 },
      new LogPartitions(database, 1),
    );
    const { ids, pages } = await found(finder, filter);
    expect(ids).toEqual(before[number]);
    expect(database.asked > 0).toBe('metadata' in filter);
    // the 40 records of today take pages of their own
    expect(pages).toBeGreaterThan(4);
    // all of today, which has few, and of the days before it what their indexes say
    const wide = new LogFinder(database, {}, new LogPartitions(database, 1));
    expect((await found(wide, filter)).ids).toEqual(before[number]);
  }
  await api.owner.query(`DROP TABLE ${nameOf(-3)}`);
  expect((await found(new LogFinder(countingDatabase()), FILTERS[1] ?? {})).ids).toHaveLength(6);
});

/** Remembers how many logs each statement found. */
class RememberingDatabase extends Database {
  readonly found: number[] = [];

  override inAccount<T>(of: AccountScope, work: (tx: TenantTransaction) => Promise<T>): Promise<T> {
    return super.inAccount(of, (tx) => {
      const query = tx.query.bind(tx);
      tx.query = async <Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]> => {
        const rows = await query<Row>(sql, parameters ?? []);
        if (sql.includes('AS key')) this.found.push(rows.length);
        return rows;
      };
      return work(tx);
    });
  }
}

test.each([
  ['has a page of them: no more is read', { minDurationMs: 994 }, [7]],
  ['has few of them: the index is asked', { maxDurationMs: 993 }, [3, 7]],
  ['has so many that more have a page: these are read', { maxDurationMs: 994 }, [4, 7]],
  ['had too many of them: the index is asked after all', { minDurationMs: 997 }, [4, 4, 6]],
])('where an index would serve, a sample of the newest records that %s', async (_what, filter, statements) => {
  await indexFinishedDays({ pool: api.owner, bytesMin: 1 });
  const until = { ...filter, to: new Date(TODAY_MS) };
  const database = new RememberingDatabase(api.api.services.database.dataSource, { statementTimeoutMs: 8_000 });
  const finder = new LogFinder(database, { probedRows: 20, sampleRows: 10 }, new LogPartitions(database, 1));
  const order = { field: 'CREATED_AT', direction: 'DESC' } as const;
  const page = await finder.find(scope, { gatewayId, filter: logFilterSchema.parse(until), order }, null, 7);
  expect(database.found.slice(0, 3)).toEqual(statements);
  const { ids } = await found(new LogFinder(countingDatabase()), until);
  expect(page.rows.map(({ id }) => id)).toEqual(ids.slice(0, 7));
});

test('in other orders than time’s, of today is found what comes before the page that finished days have', async () => {
  for (let number = 34; number < 40; number++) {
    // in a window further back, so that the page is full before it is looked at
    const columns = { cost_pico: number, duration_ms: 1_000 - number, input_tokens: number };
    await createLog(api.owner, { accountId: scope.accountId, gatewayId }, { atMs: TODAY_MS - 5 * DAY_MS, columns });
  }
  await indexFinishedDays({ pool: api.owner, bytesMin: 1 });
  for (const [field, direction] of [['COST', 'DESC'], ['COST', 'ASC'], ['DURATION', 'DESC'], ['TOKENS_IN', 'DESC']] as const) {
    const database = new RememberingDatabase(api.api.services.database.dataSource, { statementTimeoutMs: 8_000 });
    const selection = { gatewayId, filter: logFilterSchema.parse({}), order: { field, direction } };
    const plain = await new LogFinder(database).find(scope, selection, null, 30);
    const finder = new LogFinder(database, {}, new LogPartitions(database, 1));
    for (let after: LogPosition | null = null, at = 0; at < 30; at += 6) {
      database.found.length = 0;
      const { rows }: FoundLogs = await finder.find(scope, selection, after, 6);
      expect(rows).toEqual(plain.rows.slice(at, at + 6));
      // of as many days as there are, today has its share of the page
      expect(database.found.at(-1)).toBeLessThan(6);
      // of finished days a whole page or nothing: a bound of a sum would be looked for to the end of their indexes
      if (field === 'TOKENS_IN' && at === 0) expect(database.found.slice(0, -1).filter((count) => count % 6 !== 0)).toEqual([]);
      after = rows.at(-1) ?? null;
    }
  }
}); // prettier-ignore

test('whoever looks for a pair sees the account’s own records with it, and nothing of them but where they lie and whether they are logs', async () => {
  const database = countingDatabase();
  const pair = '{"team":"red"}';
  const ask = <Row>(sql: string) => database.inMetadata(scope, pair, (tx) => tx.query<Row>(sql));
  const rows = await ask<{ account_id: string }>('SELECT account_id FROM usage_record WHERE $1::uuid IS NOT NULL');
  expect(rows.length).toBeGreaterThanOrEqual(30);
  expect(new Set(rows.map((row) => row.account_id))).toEqual(new Set([scope.accountId]));
  await expect(ask('SELECT metadata FROM usage_record WHERE $1::uuid IS NOT NULL')).rejects.toThrow(
    'permission denied',
  );
  const bodies = await ask<{ account_id: string }>('SELECT account_id FROM log_body WHERE $1::uuid IS NOT NULL');
  expect(new Set(bodies.map((row) => row.account_id))).toEqual(new Set([scope.accountId]));
  const { rows: changed } = await api.owner.query(
    'SELECT FROM log_body WHERE account_id = $1 AND (deleted_at IS NOT NULL OR later_metadata IS NOT NULL)',
    [scope.accountId],
  );
  await createLog(api.owner, { accountId: scope.accountId, gatewayId }, { bodies: { feedback: 1 } });
  expect(bodies).toHaveLength(changed.length);
  for (const column of ['request_body', 'later_metadata', 'feedback']) {
    await expect(ask(`SELECT ${column} FROM log_body WHERE $1::uuid IS NOT NULL`)).rejects.toThrow('permission denied');
  }
});
