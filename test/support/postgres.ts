/** A migrated database of one's own, cloned from the run's template: 70 ms of a core. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrate } from '../../migrations/run.js';
import { PooledConnection } from '../../platform/postgres.js';
import { testConfig } from './config.js';
import { waitFor } from './wait-for.js';

export interface TestDatabase {
  /** the login is a superuser: take a role (`SET LOCAL ROLE`) to be under row-level security */
  readonly url: string;
  /** drops it, cutting connections that are still open */
  close(): Promise<void>;
}

export async function openTestDatabase(): Promise<TestDatabase> {
  // Copying files takes Postgres half of what writing all of them into its log takes.
  const database = await createDatabase(`TEMPLATE ${templateUrl().pathname.slice(1)} STRATEGY FILE_COPY`);
  if (utcDay() !== testConfig.TEST_RUN_TEMPLATE_DAY) await migrate(database.url); // the days ahead are other ones
  return database;
}

/** Today. */
export const utcDay = (): string => new Date().toISOString().slice(0, 10);

/** One without any table, for tests of the migrations themselves. */
export async function openEmptyTestDatabase(): Promise<TestDatabase> {
  return createDatabase('');
}

/** A pool of connections without limits of time, which reports to nobody that they were cut in the end. */
export function openPool(url: string, connectionsMax: number): pg.Pool {
  const pool = new pg.Pool({ Client: PooledConnection, connectionString: url, max: connectionsMax });
  return pool.on('error', () => undefined);
}

async function createDatabase(template: string): Promise<TestDatabase> {
  const name = `test_${process.pid}_${randomBytes(6).toString('hex')}`;
  await execute(`CREATE DATABASE ${name} ${template}`);
  const url = templateUrl();
  url.pathname = `/${name}`;
  return { url: url.href, close: () => drop(name) };
}

/**
 * A pool has ended before its connections have: cut then, they would report it, to nobody. Those that a test leaves
 * open are cut after a while.
 */
async function drop(name: string): Promise<void> {
  await withClient(async (client) => {
    const open = `SELECT 1 FROM pg_stat_activity WHERE datname = '${name}'`;
    const areClosed = async (): Promise<boolean> => (await client.query(open)).rowCount === 0;
    await waitFor(areClosed, 'its connections are closed', CLOSING_MS_MAX).catch(() => undefined);
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  });
}
const CLOSING_MS_MAX = 500;

function templateUrl(): URL {
  if (testConfig.TEST_RUN_TEMPLATE_URL === undefined) throw new Error('no test services: run this with `npm test`');
  return new URL(testConfig.TEST_RUN_TEMPLATE_URL);
}

/** Over `postgres`: a template may not be cloned while anybody is connected to it. */
async function execute(sql: string): Promise<void> {
  await withClient((client) => client.query(sql));
}

async function withClient(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const url = templateUrl();
  url.pathname = '/postgres';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
