/** Postgres and Redis: the given ones, tried before anything depends on them, or the embedded ones. */
import { Redis } from 'ioredis';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../platform/embedded/postgres.js';
import { redisNodes } from '../../platform/redis.js';
import { startEmbeddedRedis } from '../../platform/embedded/redis.js';
import { errorMessage } from '../../platform/error-code.js';
import type { StartConfig } from './config.js';

const CONNECT_TIMEOUT_MS = 5_000;
const POSTGRES_VERSION_MIN = 150_000;

export interface Service {
  readonly url: string;
  stop(): Promise<void>;
}

/** Thrown when a given service cannot be used; says what was tried, without its password, and why it failed. */
export class ServiceError extends Error {
  constructor(variable: string, url: string, cause: unknown) {
    super(`${variable} cannot be used: tried ${withoutPassword(url)}: ${errorMessage(cause)}`, { cause });
    this.name = 'ServiceError';
  }
}

export async function startPostgres(config: StartConfig, log: (line: string) => void): Promise<Service> {
  const url = config.databaseUrl;
  if (url === null) return startEmbeddedPostgres({ dataDir: config.dataDir, log });
  await tried('DATABASE_URL', url, () => tryPostgres(url));
  log(`Postgres: ${withoutPassword(url)} (DATABASE_URL)`);
  return { url, stop: () => Promise.resolve() };
}

export async function startRedis(config: StartConfig, log: (line: string) => void): Promise<Service> {
  const url = config.redisUrl;
  if (url === null) return startEmbeddedRedis({ dataDir: config.dataDir, log });
  const nodes = redisNodes(url);
  await tried('REDIS_URL', nodes[0] ?? url, () => tryRedis(nodes[0] ?? url));
  log(`Redis: ${nodes.map(withoutPassword).join(', ')} (REDIS_URL)`);
  return { url, stop: () => Promise.resolve() };
}

async function tried(variable: string, url: string, attempt: () => Promise<void>): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    throw new ServiceError(variable, url, error);
  }
}

async function tryPostgres(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => undefined); // a connection that is cut later is the tiers' business
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string }>("SELECT current_setting('server_version_num') AS version");
    if (Number(rows[0]?.version) < POSTGRES_VERSION_MIN) throw new Error('the server is older than PostgreSQL 15');
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function tryRedis(url: string): Promise<void> {
  const once = { lazyConnect: true, connectTimeout: CONNECT_TIMEOUT_MS, retryStrategy: () => null };
  const redis = url.startsWith('unix://')
    ? new Redis({ ...once, path: url.slice('unix://'.length) })
    : new Redis(url, once);
  let reason: Error | null = null;
  redis.on('error', (error: Error) => (reason = error)); // what `connect` rejects with says only "closed"
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    throw reason ?? error;
  } finally {
    redis.disconnect();
  }
}

function withoutPassword(text: string): string {
  if (!URL.canParse(text)) return 'a text that is not a URL';
  const url = new URL(text);
  if (url.password !== '') url.password = '***';
  return `${url.protocol}//${url.username}${url.password === '' ? '' : ':***'}${url.username || url.password ? '@' : ''}${url.host}${url.pathname}`;
}
