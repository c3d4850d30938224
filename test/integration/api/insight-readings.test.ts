/** How insights read records: once for what is asked together, and no more of them than a bound. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { DataSource } from 'typeorm';
import {
  LedgerInsightQueries,
  LedgerPasses,
  RepeatedRequestQueries,
  type InsightRange,
  type ScanCounts,
} from '../../../api/modules/insight/index.js';
import { LogQueries } from '../../../api/modules/log/index.js';
import { issueAccountScope, type AccountScope } from '../../../api/tenancy/account-scope.js';
import { Database } from '../../../api/tenancy/database.js';
import type { TenantTransaction } from '../../../api/tenancy/tenant-transaction.js';
import { PooledConnection } from '../../../platform/postgres.js';
import type { AccountId, GatewayId } from '../../../schema/contracts/ids.js';
import { createDataSource } from '../../../schema/data-source.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { createLog, type LogOptions } from '../../support/seed.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';

const HOUR_MS = 3_600_000;

let api: TestApi;
let dataSource: DataSource;
let database: Database;
let tenant: TestTenant;
let gatewayId: string;
let nowMs: number;

beforeAll(async () => {
  api = await startTestApi();
  dataSource = createDataSource({
    url: api.database.url,
    applicationName: 'insights',
    connection: PooledConnection,
    connectionsMax: 2,
    queryTimeoutMs: 10_000,
    onError: () => undefined,
  });
  await dataSource.initialize();
  database = new Database(dataSource, { statementTimeoutMs: 8_000 });
});
beforeEach(async () => {
  nowMs = Date.now();
  tenant = await createTenant(api.owner);
  gatewayId = await tenant.gateway('busy');
});
afterAll(async () => {
  await dataSource.destroy();
  await api.stop();
});

const log = (columns: NonNullable<LogOptions['columns']>, options: Omit<LogOptions, 'columns'>): Promise<string> =>
  createLog(api.owner, { accountId: tenant.accountId, gatewayId }, { ...options, columns });

interface PassOptions {
  readonly rowsMax: number;
  readonly of?: Database;
  readonly reached?: ScanCounts;
}

/** A reading of the gateway's records without an api. */
function passOf(range: InsightRange, { rowsMax, of = database, reached = { partial: 0, slow: 0 } }: PassOptions) {
  const accountId = tenant.accountId as AccountId; // as they were made
  const actor = { name: 'test', ip: null };
  const scope = issueAccountScope<'insight.read'>({ accountId, gatewayIds: null, actor });
  const logScope = issueAccountScope<'log.read'>({ accountId, gatewayIds: null, actor });
  const gateway = { ...range, gatewayId: gatewayId as GatewayId };
  return { pass: new LedgerPasses(of, { rowsMax, counts: reached }).begin(scope, gateway), logScope };
}

class CountedDatabase extends Database {
  transactions = 0;

  override inAccount<T>(scope: AccountScope, work: (tx: TenantTransaction) => Promise<T>): Promise<T> {
    this.transactions++;
    return super.inAccount(scope, work);
  }
}

test('where there are more records than are read, the newest are, and the answer says how far they reach', async () => {
  const failed = { status_code: 500, cache_key_hash: Buffer.alloc(32, 1), client_ip: '203.0.113.9' };
  const times = [10, 20, 30, 30, 40, 50].map((minutes) => nowMs - minutes * 60_000);
  for (const atMs of times) await log(failed, { atMs });
  const range = { fromMs: nowMs - 12 * HOUR_MS, toMs: nowMs + HOUR_MS };
  const reached = { partial: 0, slow: 0 };
  const read = async (rowsMax: number): Promise<unknown[]> => {
    const ledger = new LedgerInsightQueries(new LogQueries(database));
    const repeated = new RepeatedRequestQueries(database);
    const { pass, logScope } = passOf(range, { rowsMax, reached });
    const errors = await ledger.errors(pass, 10);
    const clients = await ledger.clients(pass, { first: 10, orderBy: 'COST' });
    const requests = await repeated.repeated(pass, { first: 10, ttlSeconds: [60] });
    const expensive = await ledger.expensive(logScope, pass, 10);
    const counts = [errors.errors[0]?.requests, clients.clients[0]?.requests, requests.groups[0]?.requests];
    expect(new Set([...counts, BigInt(expensive.logs.length)]).size).toBe(1);
    for (const { covered } of [clients, requests, expensive]) expect(covered).toEqual(errors.covered);
    return [Number(counts[0]), errors.covered.complete, errors.covered.from.getTime()];
  };
  expect(await read(6)).toEqual([6, true, range.fromMs]);
  expect(reached.partial).toBe(0);
  expect(await read(5)).toEqual([5, false, (times[5] ?? 0) + 1]);
  // of one moment all are read, or none
  expect(await read(3)).toEqual([2, false, (times[2] ?? 0) + 1]);
  expect(reached).toEqual({ partial: 8, slow: 0 });
});

test('what is asked together is read from the records once, and is what it is when it is asked alone', async () => {
  const key = Buffer.alloc(32, 1);
  for (const minutes of [1, 2, 3, 4]) {
    const atMs = nowMs - minutes * 60_000;
    await log({ cache_key_hash: key, system_message_hash: key, cost_pico: '7', client_ip: '203.0.113.9' }, { atMs });
    await log({ status_code: 500, metadata: '{"prompt":"v1"}' }, { atMs, bodies: { feedback: 1, score: 50 } });
  }
  const counted = new CountedDatabase(dataSource, { statementTimeoutMs: 8_000 });
  const range = { fromMs: nowMs - 12 * HOUR_MS, toMs: nowMs + HOUR_MS };
  const { pass, logScope } = passOf(range, { rowsMax: 6, of: counted });
  const ledger = new LedgerInsightQueries(new LogQueries(database));
  const repeated = new RepeatedRequestQueries(counted);
  const questions = [
    () => ledger.expensive(logScope, pass, 3),
    () => ledger.errors(pass, 10),
    () => ledger.errors(pass, 10),
    () => ledger.clients(pass, { first: 10, orderBy: 'COST' }),
    () => ledger.prompts(pass, { first: 10, by: 'SYSTEM_MESSAGE', metadataKey: 'prompt' }),
    () => ledger.prompts(pass, { first: 10, by: 'METADATA', metadataKey: 'prompt' }),
    () => repeated.repeated(pass, { first: 10, ttlSeconds: [60] }),
    () => repeated.repeated(pass, { first: 1, ttlSeconds: [3_600, 90] }),
  ] as const;
  const alone: unknown[] = [];
  for (const question of questions) alone.push(await question());
  expect(counted.transactions).toBe(questions.length + 2);
  counted.transactions = 0;
  expect(await Promise.all(questions.map((question) => question()))).toEqual(alone);
  // the records once, and what the dearest groups of either question were about
  expect(counted.transactions).toBe(3);
});
