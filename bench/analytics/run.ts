/**
 * `npm run bench:analytics`: how long a question to analytics takes over 30 days of a ledger of `--rows` records, beside a
 * plain scan of the ledger's rows. It judges nothing. The pages of logs (P11) have their place beside these questions.
 */
import 'reflect-metadata';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { instanceScope } from '../../api/access.js';
import { analyticsRequest } from '../../api/modules/analytics/analytics-request.js';
import { AnalyticsQueries, UsageRollup } from '../../api/modules/analytics/index.js';
import { Database } from '../../api/tenancy/database.js';
import { migrate } from '../../migrations/run.js';
import { startEmbeddedPostgres } from '../../platform/embedded/postgres.js';
import { createLogger } from '../../platform/logger.js';
import { PooledConnection } from '../../platform/postgres.js';
import { newUuidV7, type AccountId } from '../../schema/contracts/ids.js';
import { createDataSource } from '../../schema/data-source.js';
import { beginRun, makeFolder, say } from '../bench-run.js';
import { table } from '../report.js';
import { percentile } from '../statistics.js';
import { DAYS, fill } from './fill.js';
import { questionsOf, type Question } from './questions.js';

const ASKED_TIMES = 21;
const DAY_MS = 86_400_000;
const STATEMENT_MS = 600_000;

const { running, shutDown } = beginRun();

async function run(rows: number): Promise<void> {
  const { path: dataDir } = await running.add(makeFolder);
  const settings = ['fsync=off', 'shared_buffers=1GB', 'max_wal_size=4GB'];
  const postgres = await running.add(() => startEmbeddedPostgres({ dataDir, log: () => undefined, settings }));
  await migrate(postgres.url);
  const pool = new pg.Pool({ Client: PooledConnection, connectionString: postgres.url, max: 2 });
  pool.on('error', () => undefined); // its server ends with the run
  const [accountId, gatewayId] = [newUuidV7(), newUuidV7()];
  const rollup = new UsageRollup(pool, createLogger('bench', 'warn'));
  const { insertMs, rollUpMs } = await fill(pool, rollup, { accountId, gatewayId }, { rows, say });
  say(`${rows} records: inserted at ${perSecond(rows, insertMs)}/s, rolled up at ${perSecond(rows, rollUpMs)}/s`);
  const dataSource = createDataSource({
    url: postgres.url,
    applicationName: 'bench',
    connection: PooledConnection,
    connectionsMax: 2,
    queryTimeoutMs: STATEMENT_MS,
    onError: () => undefined,
  });
  await dataSource.initialize();
  const queries = new AnalyticsQueries(new Database(dataSource, { statementTimeoutMs: STATEMENT_MS }));
  const { rows: tokens } = await pool.query<{ id: string }>(`SELECT md5('token3')::uuid AS id`);
  const lines = [['30 days', 'p50 ms', 'p95 ms', 'with percentiles, p95 ms', 'plain scan, ms']];
  for (const question of questionsOf(tokens[0]?.id ?? '')) {
    const ask = (hasPercentiles: boolean) => () => answer(queries, accountId as AccountId, question, hasPercentiles); // ours
    const [plain, latency] = [await timesOf(ask(false)), await timesOf(ask(true))];
    const scanMs = await timeOf(() => pool.query(scanSql(question), [accountId, rangeOf().from, rangeOf().to]));
    lines.push([
      question.name,
      ...[percentile(plain, 0.5), percentile(plain, 0.95), percentile(latency, 0.95), scanMs].map(ms),
    ]);
  }
  say(table(lines));
  await dataSource.destroy();
  await pool.end();
}

const ms = (value: number): string => value.toFixed(1);
const perSecond = (rows: number, tookMs: number): string => ((rows * 1_000) / tookMs).toFixed(0);

/** Whole days: those of the ledger, the last up to its end. */
function rangeOf(): { readonly from: Date; readonly to: Date } {
  const today = Math.floor(Date.now() / DAY_MS);
  return { from: new Date((today - DAYS + 1) * DAY_MS), to: new Date((today + 1) * DAY_MS) };
}

async function answer(
  queries: AnalyticsQueries,
  accountId: AccountId,
  { filter }: Question,
  hasPercentiles: boolean,
): Promise<void> {
  const request = analyticsRequest({ ...rangeOf(), ...filter }, null);
  const scope = instanceScope('analytics.read', accountId);
  const groups = await queries.groups(scope, request);
  const [first] = groups;
  if (first === undefined) {
    const totals = await queries.totals(scope, request);
    if (hasPercentiles) await totals.loadLatency();
    return;
  }
  if (request.steps !== null) await first.loadSeries(false);
  if (hasPercentiles) await first.totals.loadLatency();
}

const scanSql = ({ groupSql, whereSql }: Question): string => `
  SELECT sum(request_count), sum(cost_pico), sum(input_tokens), sum(output_tokens) FROM usage_record
  WHERE account_id = $1 AND created_at >= $2 AND created_at < $3 AND ${whereSql} GROUP BY ${groupSql === '1' ? '()' : groupSql}`;

/** Ascending. */
async function timesOf(work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let time = 0; time < ASKED_TIMES; time++) times.push(await timeOf(work));
  return times.toSorted((a, b) => a - b);
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await work();
  return performance.now() - beganMs;
}

try {
  const { values } = parseArgs({ options: { rows: { type: 'string', default: '300000' } } });
  if (!/^[1-9]\d{0,8}$/.test(values.rows)) throw new Error('--rows must be a whole number above 0');
  await run(Number(values.rows));
  await shutDown(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  await shutDown(1);
}
