/** A whole proxy on a free port of loopback, over a database and a Redis of its own, as `main.ts` would wire it. */
import pg from 'pg';
import { createLogger } from '../../platform/logger.js';
import { listen } from '../../platform/listen.js';
import { createPool } from '../../platform/postgres.js';
import { createRedis } from '../../platform/redis.js';
import type { AnswerCacheOptions } from '../../proxy/cache/answer-cache.js';
import { readProxyConfig } from '../../proxy/config.js';
import { createProxy, type CopyBounds, type Proxy, type ProxyOptions } from '../../proxy/create-proxy.js';
import { BREAKER_BOUNDS, type BreakerBounds } from '../../proxy/attempts/circuit-breakers.js';
import { HELD_BODY_BOUNDS, type HeldBodyBounds } from '../../proxy/held-bodies.js';
import { REQUEST_BOUNDS, type RequestBounds } from '../../proxy/request-bounds.js';
import type { LoadSenses } from '../../proxy/overload/load-watch.js';
import type { PoolBounds } from '../../proxy/upstream/bounded-pools.js';
import type { NameLookup } from '../../proxy/upstream/name-lookup.js';
import type { RateLimiterBounds } from '../../proxy/rate-limits/rate-limiter.js';
import { LIMITS_COMMAND_TIMEOUT_MS } from '../../proxy/rate-limits/shared-counters.js';
import type { LedgerBounds } from '../../proxy/ledger/spool-ledger.js';
import { newSpoolFolder, removeSpoolFolder, TEST_LEDGER_BOUNDS } from './ledger.js';
import { openTestDatabase, type TestDatabase } from './postgres.js';
import { openTestRedis, type TestRedis } from './redis.js';
import { TEST_VAULT } from './vault.js';

export const TEST_PEPPER = 'a pepper for tests, of at least 32 characters';

export interface TestProxy {
  readonly url: string;
  /** for tests of its own start and stop */
  readonly proxy: Proxy;
  readonly database: TestDatabase;
  readonly redis: Pick<TestRedis, 'url' | 'close'>;
  /** as the owner of the tables: sees and changes everything */
  readonly owner: pg.Pool;
  /** a test that took the database away says so: what the ledger holds cannot be written then */
  stop(isDatabaseGone?: boolean): Promise<void>;
}

export interface TestProxyOptions {
  readonly ledger?: Partial<LedgerBounds>;
  readonly bounds?: Partial<RequestBounds>;
  readonly heldBodies?: Partial<HeldBodyBounds>;
  readonly trustedCertificates?: string;
  readonly googleTokenUrl?: string;
  readonly nameLookup?: NameLookup;
  readonly poolBounds?: PoolBounds;
  readonly rateLimiterBounds?: RateLimiterBounds;
  readonly breakers?: Partial<BreakerBounds>;
  readonly answerCache?: Partial<AnswerCacheOptions>;
  readonly copyBounds?: CopyBounds;
  readonly loadSenses?: LoadSenses;
}

/** A test that keeps its own process busy is no overload. */
const UNBURDENED: LoadSenses = { now: () => 0, heapShare: () => 0 };

/** `env` overrides the configuration, `options` single bounds; `origins` are the providers' base URLs. */
export async function startTestProxy(
  origins: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
  options: TestProxyOptions = {},
): Promise<TestProxy> {
  const [{ database, redis: redisServer }, dataDir] = await Promise.all([openStores(env), newSpoolFolder()]);
  const config = readProxyConfig({
    DATABASE_URL: database.url,
    REDIS_URL: redisServer.url,
    TOKEN_PEPPER: TEST_PEPPER,
    VAULT_PRIVATE_KEY: TEST_VAULT.privateKey,
    PROXY_PORT: '0',
    DATA_DIR: dataDir,
    LOG_LEVEL: 'error',
    PROVIDER_ORIGINS: JSON.stringify(origins),
    ...env,
  });
  const log = createLogger('proxy-test', config.logLevel);
  const ignore = (): void => undefined; // a test that takes a store away expects its errors
  const pool = createPool({ connectionString: config.databaseUrl, applicationName: 'test', connectionsMax: 4 }, ignore);
  const redis = createRedis({ url: config.redisUrl, connectionName: 'test', commandTimeoutMs: 100 }, ignore);
  const rateLimitsRedis = createRedis(
    { url: config.redisUrl, connectionName: 'test-limits', commandTimeoutMs: LIMITS_COMMAND_TIMEOUT_MS },
    ignore,
  );
  const cacheRedis = createRedis(
    { url: config.cacheRedisUrl, connectionName: 'test-cache', commandTimeoutMs: 5_000 }, // a busy machine is no outage
    ignore,
  );
  const subscriber = createRedis({ url: config.redisUrl, connectionName: 'test-subscriber' }, ignore);
  const owner = createPool({ connectionString: database.url, applicationName: 'owner', connectionsMax: 2 }, ignore);
  const clients = { pool, redis, rateLimitsRedis, cacheRedis, subscriber, log };
  const proxy = createProxy(config, clients, proxyOptions(options));
  await proxy.start((error) => {
    throw error;
  });
  const port = await listen(proxy.server, {
    host: '127.0.0.1',
    port: config.port,
    name: 'proxy',
    variable: 'PROXY_PORT',
  });
  return {
    url: `http://127.0.0.1:${port}`,
    proxy,
    database,
    redis: redisServer,
    owner,
    async stop(isDatabaseGone = false) {
      try {
        await proxy.stop(isDatabaseGone ? 0 : 5_000);
      } catch (error) {
        if (!isDatabaseGone) throw error;
      } finally {
        redis.disconnect();
        rateLimitsRedis.disconnect();
        cacheRedis.disconnect();
        subscriber.disconnect();
        await Promise.all([pool.end(), owner.end()]);
        await Promise.all([database.close(), redisServer.close(), removeSpoolFolder(dataDir)]);
      }
    },
  };
}

type Stores = Pick<TestProxy, 'database' | 'redis'>;

/** Those that `env` names, which are closed by whoever opened them; else new ones. */
async function openStores({ DATABASE_URL, REDIS_URL }: Readonly<Record<string, string>>): Promise<Stores> {
  if (DATABASE_URL !== undefined && REDIS_URL !== undefined) {
    const close = (): Promise<void> => Promise.resolve();
    return { database: { url: DATABASE_URL, close }, redis: { url: REDIS_URL, close } };
  }
  const [database, redis] = await Promise.all([openTestDatabase(), openTestRedis()]);
  return { database, redis };
}

function proxyOptions({ ledger, bounds, heldBodies, breakers, ...others }: TestProxyOptions): ProxyOptions {
  return {
    tokenUseIntervalMs: 100,
    ledgerBounds: { ...TEST_LEDGER_BOUNDS, ...ledger },
    loadSenses: UNBURDENED,
    requestBounds: { ...REQUEST_BOUNDS, ...bounds },
    breakerBounds: { ...BREAKER_BOUNDS, ...breakers },
    heldBodyBounds: { ...HELD_BODY_BOUNDS, ...heldBodies },
    ...others,
  };
}
