/**
 * One proxy of a machine, alone or as one of several workers: clients → proxy → listen; on a signal: drain, flush,
 * close.
 */
import { listen } from '../platform/listen.js';
import { createLogger, type Logger } from '../platform/logger.js';
import { createPool } from '../platform/postgres.js';
import { createRedis } from '../platform/redis.js';
import { onShutdown } from '../platform/shutdown.js';
import type { ProxyConfig } from './config.js';
import { createProxy, type ProxyClients } from './create-proxy.js';
import { LIMITS_COMMAND_TIMEOUT_MS } from './rate-limits/shared-counters.js';
import { WorkerChannel } from './workers/worker-channel.js';

/** Of a proxy alone; workers share twice as many, but for the four that each of them needs. */
const POOL_CONNECTIONS_MAX = 8;
const POOL_CONNECTIONS_MIN = 4;
/** A proxy closes its stores behind its last request. */
const CLOSE_MS_MAX = 25_000;
/** Then the look-up is a miss. (The largest answers, of tens of MiB, may take longer on a busy machine.) */
const CACHE_TIMEOUT_MS = 250;

/** Serves until it is told to end. `worker`: its number among those that share the port; null: it is alone. */
export async function runProxy(config: ProxyConfig, worker: number | null): Promise<void> {
  const name = worker === null ? 'proxy' : `proxy-${worker}`;
  const log = createLogger(name, config.logLevel);
  const clients = createClients(config, log);
  const proxy = createProxy(config, clients);
  const channel = worker === null ? null : new WorkerChannel(proxy.metrics);
  let isEnding = false;
  const drain = (): Promise<void> => {
    isEnding = true;
    return proxy.stop(config.drainMs, config.lameDuckMs);
  };
  const shutDown = onShutdown({
    steps: [
      { name: 'draining', run: drain },
      { name: 'closing Redis and Postgres', run: () => disconnect(clients) },
    ],
    report: (what, error) => log.error({ err: error }, what),
    timeoutMs: config.lameDuckMs + config.drainMs + CLOSE_MS_MAX,
  });
  const failStart = (error: unknown): Promise<never> => {
    log.error({ err: error }, error instanceof Error ? error.message : 'the proxy could not start');
    return shutDown(1);
  };
  // Its own way would be to end, with every stream.
  process.on('SIGUSR2', () =>
    log.warn('SIGUSR2 is for the supervisor of workers (PROXY_WORKERS): nothing is replaced here'),
  );
  try {
    await proxy.start((error) => void failStart(error));
    if (isEnding) return; // told to end meanwhile: a proxy that has let go of its ledger must take nothing in
    const { host, metricsPort } = config;
    const port = await listen(proxy.server, { host, port: config.port, name: 'proxy', variable: 'PROXY_PORT' });
    if (channel === null && metricsPort !== null) {
      const address = { host: '127.0.0.1', port: metricsPort, name: 'metrics', variable: 'METRICS_PORT' };
      await listen(proxy.metricsServer, address);
    }
    channel?.serves(port);
    log.info({ host, port }, 'the proxy serves');
  } catch (error) {
    await failStart(error);
  }
}

function createClients(config: ProxyConfig, log: Logger): ProxyClients {
  const { redisUrl: url, workers } = config;
  const share = Math.ceil((2 * POOL_CONNECTIONS_MAX) / workers);
  const connectionsMax = Math.min(POOL_CONNECTIONS_MAX, Math.max(POOL_CONNECTIONS_MIN, share));
  const pool = createPool(
    { connectionString: config.databaseUrl, applicationName: 'tollgate-proxy', connectionsMax },
    (error) => log.warn({ err: error }, 'an idle Postgres connection was lost'),
  );
  let isRedisLost = false;
  const onRedisError = (error: Error): void => {
    if (!isRedisLost) log.warn({ err: error }, 'Redis is away; policies are read from Postgres');
    isRedisLost = true;
  };
  const redis = createRedis({ url, connectionName: 'tollgate-proxy', commandTimeoutMs: 50 }, onRedisError);
  redis.on('ready', () => (isRedisLost = false));
  const rateLimitsRedis = createRedis(
    { url, connectionName: 'tollgate-proxy-limits', commandTimeoutMs: LIMITS_COMMAND_TIMEOUT_MS, sendsOnce: true },
    onRedisError,
  );
  const subscriber = createRedis({ url, connectionName: 'tollgate-proxy-subscriber' }, onRedisError);
  // A connection of its own: what waits behind an answer of many megabytes is other answers, and no policy.
  const cacheRedis = createRedis(
    { url: config.cacheRedisUrl, connectionName: 'tollgate-proxy-cache', commandTimeoutMs: CACHE_TIMEOUT_MS },
    onRedisError,
  );
  return { pool, redis, rateLimitsRedis, cacheRedis, subscriber, log };
}

async function disconnect({ pool, redis, rateLimitsRedis, cacheRedis, subscriber }: ProxyClients): Promise<void> {
  for (const client of [redis, rateLimitsRedis, cacheRedis, subscriber]) client.disconnect();
  await pool.end();
}
