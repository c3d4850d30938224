/** The proxy's process: configuration → clients → proxy → listen; on a signal: drain, flush, close. */
import './heap-flags.js';
import { EnvironmentError } from '../platform/environment.js';
import { listen } from '../platform/listen.js';
import { createLogger } from '../platform/logger.js';
import { createPool } from '../platform/postgres.js';
import { createRedis } from '../platform/redis.js';
import { onShutdown } from '../platform/shutdown.js';
import { readProxyConfig, type ProxyConfig } from './config.js';
import { createProxy } from './create-proxy.js';
import { LIMITS_COMMAND_TIMEOUT_MS } from './rate-limits/shared-counters.js';

const POOL_CONNECTIONS_MAX = 8;
const DRAIN_MS = 30_000;
/** Then the look-up is a miss. (The largest answers, of tens of MiB, may take longer on a busy machine.) */
const CACHE_TIMEOUT_MS = 250;

function configOrExit(): ProxyConfig {
  try {
    return readProxyConfig();
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(1);
  }
}

const config = configOrExit();
const log = createLogger('proxy', config.logLevel);
const pool = createPool(
  { connectionString: config.databaseUrl, applicationName: 'tollgate-proxy', connectionsMax: POOL_CONNECTIONS_MAX },
  (error) => log.warn({ err: error }, 'an idle Postgres connection was lost'),
);
let isRedisLost = false;
const onRedisError = (error: Error): void => {
  if (!isRedisLost) log.warn({ err: error }, 'Redis is away; policies are read from Postgres');
  isRedisLost = true;
};
const redis = createRedis(
  { url: config.redisUrl, connectionName: 'tollgate-proxy', commandTimeoutMs: 50 },
  onRedisError,
);
const limitsRedis = createRedis(
  { url: config.redisUrl, connectionName: 'tollgate-proxy-limits', commandTimeoutMs: LIMITS_COMMAND_TIMEOUT_MS },
  onRedisError,
);
const subscriber = createRedis({ url: config.redisUrl, connectionName: 'tollgate-proxy-subscriber' }, onRedisError);
// A connection of its own: what waits behind an answer of many megabytes is other answers, and no policy.
const cacheRedis = createRedis(
  { url: config.cacheRedisUrl, connectionName: 'tollgate-proxy-cache', commandTimeoutMs: CACHE_TIMEOUT_MS },
  onRedisError,
);
redis.on('ready', () => (isRedisLost = false));

const proxy = createProxy(config, { pool, redis, limitsRedis, cacheRedis, subscriber, log });
const shutDown = onShutdown({
  steps: [
    { name: 'draining', run: () => proxy.stop(DRAIN_MS) },
    {
      name: 'closing Redis and Postgres',
      run: async () => {
        redis.disconnect();
        limitsRedis.disconnect();
        cacheRedis.disconnect();
        subscriber.disconnect();
        await pool.end();
      },
    },
  ],
  report: (what, error) => log.error({ err: error }, what),
});

function failStart(error: unknown): Promise<never> {
  log.error({ err: error }, error instanceof Error ? error.message : 'the proxy could not start');
  return shutDown(1);
}

try {
  await proxy.start((error) => void failStart(error));
  const port = await listen(proxy.server, {
    host: config.host,
    port: config.port,
    name: 'proxy',
    variable: 'PROXY_PORT',
  });
  if (config.metricsPort !== null) {
    await listen(proxy.metricsServer, {
      host: '127.0.0.1',
      port: config.metricsPort,
      name: 'metrics',
      variable: 'METRICS_PORT',
    });
  }
  log.info({ host: config.host, port }, 'the proxy serves');
} catch (error) {
  await failStart(error);
}
