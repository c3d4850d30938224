/**
 * What the dashboard is served by: the real api over a Postgres and a Redis of the bench's own, with a filled ledger.
 */
import path from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { UsageRollup } from '../../api/modules/analytics/index.js';
import { indexFinishedDays } from '../../api/modules/ledger/index.js';
import { migrate } from '../../migrations/run.js';
import { startEmbeddedPostgres } from '../../platform/embedded/postgres.js';
import { startEmbeddedRedis } from '../../platform/embedded/redis.js';
import { freePort } from '../../platform/listen.js';
import { createLogger } from '../../platform/logger.js';
import { PooledConnection } from '../../platform/postgres.js';
import { DAYS, fill, filledDays, partitionOf } from '../analytics/fill.js';
import { rollUpDay } from '../analytics/set-wise.js';
import { say } from '../bench-run.js';
import { Program } from '../program.js';
import type { Running } from '../running.js';
import type { BenchPlace } from './pages.js';

const EMAIL = 'bench@example.com';
const PASSWORD = 'a password of the bench';
const ACCOUNT = 'main';
const GATEWAY = 'bench';
/**
 * Shipped and rolled up as they come, since ranges of hours are answered by minutes; those before have their rollups at
 * once.
 */
const DAYS_SHIPPED = 4;

export interface BenchStack {
  readonly origin: string;
  readonly place: BenchPlace;
  readonly rows: number;
  /** of the session's cookie */
  readonly session: string;
}

export interface StackOptions {
  readonly rows: number;
  /** where all of it is kept; a ledger that is there already is taken as it is */
  readonly folder: string;
}

export async function startStack(running: Running, { rows, folder }: StackOptions): Promise<BenchStack> {
  const log = (): void => undefined;
  const settings = ['fsync=off', 'max_wal_size=4GB', 'wal_level=minimal', 'max_wal_senders=0'];
  const postgres = await running.add(() => startEmbeddedPostgres({ dataDir: folder, log, settings }));
  await migrate(postgres.url);
  const redis = await running.add(() => startEmbeddedRedis({ dataDir: folder, log }));
  const startApi = () => startBenchApi({ database: postgres.url, redis: redis.url, folder });
  const pool = new pg.Pool({ Client: PooledConnection, connectionString: postgres.url, max: 2 });
  pool.on('error', () => undefined); // its server ends with the run
  try {
    const first = await startApi();
    const ids = await accountAndGateway(first.origin, await signedIn(first.origin));
    await first.program.stop(); // its regular work would be at the partitions that are made now
    await fillOnce(pool, ids, rows);
    const { rows: found } = await pool.query<{ id: string; count: string }>(
      'SELECT max(id::text) AS id, count(*) AS count FROM usage_record',
    );
    const api = await running.add(async () => {
      const { program, origin } = await startApi();
      return { origin, stop: () => program.stop() };
    });
    const place = { account: ACCOUNT, gateway: GATEWAY, logId: found[0]?.id ?? '' };
    return { origin: api.origin, place, rows: Number(found[0]?.count), session: await signedIn(api.origin) };
  } finally {
    await pool.end();
  }
}

interface Stores {
  readonly database: string;
  readonly redis: string;
  readonly folder: string;
}

const readySchema = z.object({ kind: z.literal('ready') });

async function startBenchApi({ database, redis, folder }: Stores): Promise<{ program: Program; origin: string }> {
  const port = await freePort();
  const env = {
    PATH: process.env['PATH'],
    DATABASE_URL: database,
    REDIS_URL: redis,
    DATA_DIR: path.join(folder, 'api'),
    API_PORT: String(port),
    BOOTSTRAP_EMAIL: EMAIL,
    BOOTSTRAP_PASSWORD: PASSWORD,
    BOOTSTRAP_ACCOUNT: ACCOUNT,
    DEMO: '0',
    LOG_LEVEL: 'warn',
    // a browser that loads page after page asks for more than a person
    GRAPHQL_POINTS_PER_MINUTE: '1000000000',
  };
  const program = await Program.node('api/main.js', { name: 'the api', core: null, env });
  await program.message((message) => readySchema.safeParse(message).data ?? null);
  return { program, origin: `http://127.0.0.1:${port}` };
}

/** One operation, as whoever has the session; throws what the api said. */
async function ask(origin: string, session: string | null, query: string, variables: object): Promise<unknown> {
  const authorization = session === null ? {} : { authorization: `Bearer ${session}` };
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...authorization },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

const signInSchema = z.object({ data: z.object({ signIn: z.object({ token: z.string() }) }) });

async function signedIn(origin: string): Promise<string> {
  const query = 'mutation ($input: SignInInput!) { signIn(input: $input) { token } }';
  const answer = await ask(origin, null, query, { input: { email: EMAIL, password: PASSWORD } });
  return signInSchema.parse(answer).data.signIn.token;
}

const accountSchema = z.object({
  data: z.object({ account: z.object({ id: z.string(), gateway: z.object({ id: z.string() }).nullable() }) }),
});
const gatewaySchema = z.object({ data: z.object({ createGateway: z.object({ id: z.string() }) }) });

interface Ids {
  readonly accountId: string;
  readonly gatewayId: string;
}

async function accountAndGateway(origin: string, session: string): Promise<Ids> {
  const find =
    'query ($name: String!, $gateway: String!) { account(name: $name) { id gateway(name: $gateway) { id } } }';
  const found = await ask(origin, session, find, { name: ACCOUNT, gateway: GATEWAY });
  const { id: accountId, gateway } = accountSchema.parse(found).data.account;
  if (gateway !== null) return { accountId, gatewayId: gateway.id };
  const create = 'mutation ($input: CreateGatewayInput!) { createGateway(input: $input) { id } }';
  const made = await ask(origin, session, create, { input: { accountId, name: GATEWAY } });
  const { id: gatewayId } = gatewaySchema.parse(made).data.createGateway;
  const update = 'mutation ($input: UpdateGatewayInput!) { updateGateway(input: $input) { configVersion } }';
  await ask(origin, session, update, { input: { id: gatewayId, settings: { cacheTtlSeconds: 600 } } }); // a history
  return { accountId, gatewayId };
}

async function fillOnce(pool: pg.Pool, ids: Ids, rows: number): Promise<void> {
  const { rows: found } = await pool.query('SELECT FROM usage_record LIMIT 1');
  if (found.length > 0) return;
  const rollup = new UsageRollup(pool, createLogger('bench', 'warn'));
  const daysAttached = DAYS - DAYS_SHIPPED;
  await fill(pool, ids, { rows, rollup, daysAttached, say });
  for (const day of filledDays().slice(0, daysAttached)) await rollUpDay(pool, partitionOf(day), day);
  await indexFinishedDays({ pool, bytesMin: 0 });
  await pool.query('VACUUM ANALYZE');
}
