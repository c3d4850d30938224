/** Redis for both tiers. One key per command (Redis Cluster); callers own their deadlines through `commandTimeoutMs`. */
import { Redis } from 'ioredis';

export interface RedisOptions {
  /** `redis://…`, `rediss://…` or `unix:///path/to/socket` */
  readonly url: string;
  readonly connectionName: string;
  readonly commandTimeoutMs?: number;
}

/**
 * A client that never queues commands while disconnected (a caller falls back at once instead of waiting) and
 * reconnects for ever with at most 2 s between tries. Connection errors go to `onError`, never to the process.
 */
export function createRedis(options: RedisOptions, onError: (error: Error) => void): Redis {
  const common = {
    connectionName: options.connectionName,
    commandTimeout: options.commandTimeoutMs ?? 250,
    connectTimeout: 3_000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: (tries: number): number => Math.min(50 * 2 ** Math.min(tries, 6), 2_000),
  };
  const redis = options.url.startsWith('unix://')
    ? new Redis({ ...common, path: options.url.slice('unix://'.length) })
    : new Redis(options.url, common);
  redis.on('error', onError);
  return redis;
}
