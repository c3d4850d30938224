/**
 * `npm run bench:analytics`: how long a question to analytics (P10) and a page of logs (P11) take over 30 days of a
 * ledger of `--rows` records, beside a plain scan of the ledger's rows. It judges nothing. `--set-wise` makes the
 * rollups at once and not by the roll-up, many times faster; `--without-rollups` leaves P10 out, `--only analytics` or
 * `logs` the other one, and `--without-scans` the plain scans; `--data FOLDER` keeps the ledger there, and asks one
 * that is there already; `--json` prints all as one object at the end.
 */
import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { instanceScope } from '../../api/access.js';
import { analyticsRequest } from '../../api/modules/analytics/analytics-request.js';
import { AnalyticsQueries, UsageRollup } from '../../api/modules/analytics/index.js';
import { SUMS } from '../../api/modules/analytics/rollup-views.js';
import { indexFinishedDays } from '../../api/modules/ledger/index.js';
import { LogQueries } from '../../api/modules/log/log.queries.js';
import { Database } from '../../api/tenancy/database.js';
import { isStatementTimeout } from '../../api/tenancy/sql-state.js';
import { migrate } from '../../migrations/run.js';
import { startEmbeddedPostgres } from '../../platform/embedded/postgres.js';
import { createLogger } from '../../platform/logger.js';
import { PooledConnection } from '../../platform/postgres.js';
import { newUuidV7, type AccountId, type GatewayId } from '../../schema/contracts/ids.js';
import { createDataSource } from '../../schema/data-source.js';
import { beginRun, makeFolder, say } from '../bench-run.js';
import { currentCommit, describeMachine } from '../machine.js';
import { table } from '../report.js';
import { percentile } from '../statistics.js';
import { DAYS, fill, filledDays, partitionOf, type FilledLedger } from './fill.js';
import { pageOfLogs, pageQuestions, pagesUntilFull, plainPageSql, type PageRange } from './pages.js';
import { questionsOf, type Question } from './questions.js';
import { rollUpDay } from './set-wise.js';

const ASKED_TIMES = 21;
const DAY_MS = 86_400_000;
const STATEMENT_MS = 600_000;
const SCAN_MS_MAX = 20_000;
/** Of a filter that today has no index for, pages are asked for until one is full, so many at most. */
const PAGES_MAX = 200;
/** The bench's token3: md5('token3') */
const TOKEN_ID = createHash('md5')
  .update('token3')
  .digest('hex')
  .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

const { running, shutDown } = beginRun();

const ASKED = ['analytics', 'logs'] as const;
type Asked = (typeof ASKED)[number];

interface Options {
  readonly rows: number;
  readonly rollups: 'ROLLED_UP' | 'SET_WISE' | 'NONE';
  /** null: both */
  readonly only: Asked | null;
  /** whether a plain scan is timed beside each question */
  readonly hasScans: boolean;
  /** null: a folder that goes with the run */
  readonly folder: string | null;
}

async function run(options: Options): Promise<Outcome> {
  const dataDir = options.folder ?? (await running.add(makeFolder)).path;
  const settings = ['fsync=off', 'shared_buffers=1GB', 'max_wal_size=4GB', 'wal_level=minimal', 'max_wal_senders=0',
    'maintenance_work_mem=256MB']; // prettier-ignore
  const postgres = await running.add(() => startEmbeddedPostgres({ dataDir, log: () => undefined, settings }));
  await migrate(postgres.url);
  const pool = new pg.Pool({ Client: PooledConnection, connectionString: postgres.url, max: 2 });
  pool.on('error', () => undefined); // its server ends with the run
  const filled = await filledLedger(pool, options);
  const dataSource = createDataSource({
    url: postgres.url,
    applicationName: 'bench',
    connection: PooledConnection,
    connectionsMax: 2,
    queryTimeoutMs: STATEMENT_MS,
    onError: () => undefined,
  });
  await dataSource.initialize();
  const database = new Database(dataSource, { statementTimeoutMs: STATEMENT_MS });
  const subject = { pool, database, ledger: filled.ledger, hasScans: options.hasScans };
  const analytics = options.rollups !== 'NONE' && options.only !== 'logs' ? await askAnalytics(subject) : [];
  const logs = options.only === 'analytics' ? [] : await askLogs(subject);
  await dataSource.destroy();
  await pool.end();
  return { ...filled, analytics, logs };
}

/** Fills the folder's ledger, unless it is filled already, and indexes its finished days as the upkeep does. */
async function filledLedger(pool: pg.Pool, { rows, rollups }: Options): Promise<Filled> {
  const { rows: found } = await pool.query<{ account_id: string; gateway_id: string }>(
    'SELECT account_id, gateway_id FROM usage_record LIMIT 1',
  );
  const [first] = found;
  const ledger = { accountId: first?.account_id ?? newUuidV7(), gatewayId: first?.gateway_id ?? newUuidV7() };
  let rates: Pick<Filled, 'inserted' | 'rolledUp'> = { inserted: null, rolledUp: null };
  if (first === undefined) {
    const rollup = rollups === 'ROLLED_UP' ? new UsageRollup(pool, createLogger('bench', 'warn')) : null;
    const { insertMs, rollUpMs } = await fill(pool, ledger, { rows, rollup, say });
    rates = { inserted: perSecond(rows, insertMs), rolledUp: rollup === null ? null : perSecond(rows, rollUpMs) };
    say(`${rows} records: filled at ${rates.inserted}/s, rolled up at ${rates.rolledUp ?? '–'}/s`);
  }
  if (rollups === 'SET_WISE') await rollUpSetWise(pool);
  if (first !== undefined) await checkKept(pool, rollups !== 'NONE');
  const beganMs = performance.now();
  const { indexed, left } = await indexFinishedDays({ pool, bytesMin: 0 });
  const days = Object.keys(indexed).length;
  say(
    `${days} finished days indexed in ${((performance.now() - beganMs) / 1_000).toFixed(0)} s, ${Object.keys(left).length} left`,
  );
  if (first === undefined || rollups === 'SET_WISE') await pool.query('VACUUM ANALYZE');
  const { rows: counted } = await pool.query<{ count: string }>('SELECT count(*) FROM usage_record');
  return { ledger, rows: Number(counted[0]?.count), ...rates };
}

/**
 * Questions are of the days up to today, and of rollups: where there are none of either, an answer is quick and says
 * nothing.
 */
async function checkKept(pool: pg.Pool, hasRollups: boolean): Promise<void> {
  for (const day of filledDays()) {
    const { rows: records } = await pool.query('SELECT FROM usage_record WHERE day = $1 LIMIT 1', [day]);
    if (records.length === 0)
      throw new Error(`The ledger in --data has nothing of ${day}: it was filled on another day.`);
    if (!hasRollups || (await isRolledUp(pool, day))) continue;
    throw new Error(`The ledger in --data has no rollups of ${day}: say --set-wise, or --without-rollups.`);
  }
}

async function isRolledUp(pool: pg.Pool, day: string): Promise<boolean> {
  const { rows } = await pool.query('SELECT FROM usage_day WHERE at = $1 LIMIT 1', [new Date(day)]);
  return rows.length > 0;
}

/** Those of the ledger's days that have no rollups. */
async function rollUpSetWise(pool: pg.Pool): Promise<void> {
  for (const day of filledDays()) {
    if (await isRolledUp(pool, day)) continue;
    const beganMs = performance.now();
    await rollUpDay(pool, partitionOf(day), day);
    say(`${day}: rolled up in ${((performance.now() - beganMs) / 1_000).toFixed(0)} s`);
  }
}

interface Filled {
  readonly ledger: FilledLedger;
  readonly rows: number;
  /** records per second */
  readonly inserted: number | null;
  readonly rolledUp: number | null;
}

interface Subject {
  readonly pool: pg.Pool;
  readonly database: Database;
  readonly ledger: FilledLedger;
  readonly hasScans: boolean;
}

/** All in ms. */
interface Answered {
  readonly name: string;
  readonly p50: number;
  readonly p95: number;
  /** of a plain scan; null: it took longer than the bench waits, or there was none */
  readonly scan: number | null;
  readonly [more: string]: number | string | null;
}

interface Outcome extends Filled {
  readonly analytics: readonly Answered[];
  readonly logs: readonly Answered[];
}

async function askAnalytics({ pool, database, ledger, hasScans }: Subject): Promise<Answered[]> {
  const queries = new AnalyticsQueries(database);
  const answers: Answered[] = [];
  for (const question of questionsOf(TOKEN_ID)) {
    const ask = (hasPercentiles: boolean) => () => answer(queries, ledger, question, hasPercentiles);
    const [plain, latency] = [await timesOf(ask(false)), await timesOf(ask(true))];
    const scan = hasScans
      ? await scanMs(pool, scanSql(question), [ledger.accountId, rangeOf().from, rangeOf().to])
      : null;
    const withPercentiles = percentile(latency, 0.95);
    answers.push({ name: question.name, ...spread(plain), withPercentiles, scan });
  }
  say(table([['P10, 30 days', 'p50 ms', 'p95 ms', 'with percentiles, p95 ms', 'plain scan, ms'],
    ...answers.map(({ name, p50, p95, withPercentiles, scan }) => [name, ms(p50), ms(p95), ms(Number(withPercentiles)), msOr(scan)])])); // prettier-ignore
  return answers;
}

/** Each page from now on, and from the beginning of today on, when only finished days are left. */
async function askLogs({ pool, database, ledger, hasScans }: Subject): Promise<Answered[]> {
  const queries = new LogQueries(database);
  const accountId = ledger.accountId as AccountId; // ours
  const scope = instanceScope('log.read', accountId);
  const gatewayId = ledger.gatewayId as GatewayId; // ours
  const day = (at: Date): PageRange => ({ scope, gatewayId, to: at });
  const [now, finished] = [day(new Date()), day(new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS))];
  const answers: Answered[] = [];
  for (const question of pageQuestions(TOKEN_ID)) {
    const times = await timesOf(() => pageOfLogs(queries, now, question, null));
    const finishedTimes = await timesOf(() => pageOfLogs(queries, finished, question, null));
    const pages = await pagesUntilFull(queries, now, question, PAGES_MAX);
    const scan = hasScans ? await scanMs(pool, plainPageSql(question), [accountId, gatewayId, now.to]) : null;
    const ofFinished = { finishedP50: spread(finishedTimes).p50, finishedP95: spread(finishedTimes).p95 };
    answers.push({ name: question.name, ...spread(times), ...ofFinished, pages, scan });
  }
  say(table([['P11, a page of 50', 'p50 ms', 'p95 ms', 'pages until full', 'of finished days, p50 ms', 'p95 ms', 'plain scan, ms'],
    ...answers.map(({ name, p50, p95, finishedP50, finishedP95, pages, scan }) =>
      [name, ms(p50), ms(p95), String(pages), ms(Number(finishedP50)), ms(Number(finishedP95)), msOr(scan)])])); // prettier-ignore
  return answers;
}

const ms = (value: number): string => value.toFixed(1);
const msOr = (value: number | null): string => (value === null ? `over ${SCAN_MS_MAX}, or not asked` : ms(value));
const perSecond = (rows: number, tookMs: number): number => Math.round((rows * 1_000) / tookMs);
const spread = (ascending: readonly number[]) => ({
  p50: percentile(ascending, 0.5),
  p95: percentile(ascending, 0.95),
});

/** How long a plain scan takes; it is given up after a while. */
async function scanMs(pool: pg.Pool, sql: string, parameters: readonly unknown[]): Promise<number | null> {
  const client = await pool.connect();
  try {
    await client.query(`SET statement_timeout = ${SCAN_MS_MAX}`);
    return await timeOf(() => client.query(sql, [...parameters]));
  } catch (error) {
    if (isStatementTimeout(error)) return null;
    throw error;
  } finally {
    await client.query('RESET statement_timeout').finally(() => client.release());
  }
}

/** Whole days: those of the ledger, the last up to its end. */
function rangeOf(): { readonly from: Date; readonly to: Date } {
  const today = Math.floor(Date.now() / DAY_MS);
  return { from: new Date((today - DAYS + 1) * DAY_MS), to: new Date((today + 1) * DAY_MS) };
}

async function answer(
  queries: AnalyticsQueries,
  { accountId, gatewayId }: FilledLedger,
  { filter, sums = SUMS, isOfGateway = false }: Question,
  hasPercentiles: boolean,
): Promise<void> {
  const request = analyticsRequest({ ...rangeOf(), ...filter }, isOfGateway ? (gatewayId as GatewayId) : null); // ours
  const scope = instanceScope('analytics.read', accountId as AccountId); // ours
  const groups = await queries.groups(scope, request);
  const [first] = groups;
  if (first === undefined) {
    const totals = await queries.totals(scope, request);
    if (hasPercentiles) await totals.loadLatency();
    return;
  }
  if (request.steps !== null) await Promise.all(groups.map((group) => group.loadSeries({ sums, hasLatency: false })));
  if (hasPercentiles) await first.totals.loadLatency();
}

const scanSql = ({ groupSql, whereSql }: Question): string => `
  SELECT sum(request_count), sum(cost_pico), sum(input_tokens), sum(output_tokens) FROM usage_record
  WHERE account_id = $1 AND created_at >= $2 AND created_at < $3 AND ${whereSql} GROUP BY ${groupSql === '1' ? '()' : groupSql}`;

/** Ascending. Not with the first time, in which a connection reads what the catalog has of a month's partitions. */
async function timesOf(work: () => Promise<unknown>): Promise<number[]> {
  await work();
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
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '300000' },
      'set-wise': { type: 'boolean', default: false },
      'without-rollups': { type: 'boolean', default: false },
      only: { type: 'string' },
      'without-scans': { type: 'boolean', default: false },
      data: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  if (!/^[1-9]\d{0,8}$/.test(values.rows)) throw new Error('--rows must be a whole number above 0');
  const only = ASKED.find((asked) => asked === values.only) ?? null;
  if (values.only !== undefined && only === null) throw new Error(`--only must be one of: ${ASKED.join(', ')}`);
  const rollups = values['without-rollups'] ? 'NONE' : values['set-wise'] ? 'SET_WISE' : 'ROLLED_UP';
  const options = {
    rows: Number(values.rows),
    rollups,
    only,
    hasScans: !values['without-scans'],
    folder: values.data ?? null,
  } as const;
  const { ledger: _ledger, ...outcome } = await run(options);
  const machine = describeMachine(false);
  say(`${outcome.rows} records; ${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node ${machine.node}`);
  if (values.json) say(JSON.stringify({ machine, commit: currentCommit(process.cwd()), ...outcome }));
  await shutDown(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  await shutDown(1);
}
