/**
 * Redis for both tiers: one server, or a Redis Cluster. Commands are of one key, or of several in one slot
 * (schema/contracts/redis-keys.ts), so neither needs to be told from the other. Callers own their deadlines through
 * `commandTimeoutMs`.
 */
import { Cluster, Redis } from 'ioredis';
import { BufferedConnector } from './redis-connector.js';

export interface RedisOptions {
  /** as `REDIS_URL`: one URL (`redis://…`, `rediss://…`, `unix:///path/of/a/socket`), or several nodes of a cluster */
  readonly url: string;
  readonly connectionName: string;
  readonly commandTimeoutMs?: number;
  /**
   * A cluster's client, too, fails a command whose connection is lost, and does not send it again: it may have been
   * carried out, and is one that does more each time.
   */
  readonly sendsOnce?: boolean;
}

const CONNECT_TIMEOUT_MS = 3_000;
/** Of a command, to other nodes of a cluster: what a caller waits for stays near its own deadline. */
const REDIRECTIONS_MAX = 3;
const FAILOVER_DELAY_MS = 50;
const DEFAULT_PORT = 6_379;

/**
 * What a server says that is not the one to write to, or not yet; of a script that fails on it, Redis before 7 puts it
 * behind words of its own.
 */
const NOT_PRIMARY = /(?:^|-)(?:READONLY|MASTERDOWN|LOADING) /;
/** Between two connections of a client of which the first led to such a server: the other may lead there as well. */
const LEAVING_INTERVAL_MS = 5_000;

const reconnectDelayMs = (tries: number): number => Math.min(50 * 2 ** Math.min(tries, 6), 2_000);

/**
 * Whether a client is to connect anew for an error. A primary that was demoted keeps its connections, and refuses to
 * write on them for ever, while its name leads to the one that took over.
 */
export function demotionWatch(nowMs: () => number = () => performance.now()): (error: Error) => boolean {
  let leftAtMs = -Infinity;
  return ({ message }) => {
    if (!NOT_PRIMARY.test(message) || nowMs() - leftAtMs < LEAVING_INTERVAL_MS) return false;
    leftAtMs = nowMs();
    return true;
  };
}

/**
 * The nodes that a text like `REDIS_URL` names, as URLs: `redis://user:password@a:7000,b:7001,c` is three of one
 * cluster, which share the scheme and the credentials of the first. One name is one server.
 */
export function redisNodes(text: string): readonly string[] {
  if (text.startsWith('unix://')) return [text];
  const [first = '', ...others] = text.split(',');
  if (others.length === 0 || !URL.canParse(first)) return [text];
  const { protocol, username, password } = new URL(first);
  const credentials = username === '' && password === '' ? '' : `${username}:${password}@`;
  const withScheme = (node: string): string => (node.includes('://') ? node : `${protocol}//${credentials}${node}`);
  return [first, ...others.map((node) => withScheme(node.trim()))];
}

/**
 * A client that never queues commands while disconnected (a caller falls back at once instead of waiting) and
 * reconnects for ever with at most 2 s between tries. Connection errors go to `onError`, never to the process.
 */
export function createRedis(options: RedisOptions, onError: (error: Error) => void): Redis {
  const nodes = redisNodes(options.url);
  const redis = nodes.length > 1 ? createCluster(nodes, options) : createSingle(options);
  redis.on('error', onError);
  return redis;
}

function createSingle({ url, connectionName, commandTimeoutMs = 250 }: RedisOptions): Redis {
  const common = {
    Connector: BufferedConnector,
    connectionName,
    commandTimeout: commandTimeoutMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: reconnectDelayMs,
    reconnectOnError: demotionWatch(),
    // Whoever subscribes does so at each `ready`: of what the client does by itself nobody would hear that it failed,
    // but the process.
    autoResubscribe: false,
  };
  return url.startsWith('unix://')
    ? new Redis({ ...common, path: url.slice('unix://'.length) })
    : new Redis(url, common);
}

/** The nodes given are asked for all the others. One that was demoted says itself who took over. */
function createCluster(
  nodes: readonly string[],
  { connectionName, commandTimeoutMs = 250, sendsOnce = false }: RedisOptions,
): Redis {
  const urls = nodes.map((node) => new URL(node));
  const { protocol, username, password } = urls[0] ?? new URL('redis://localhost');
  const isSecure = protocol === 'rediss:';
  const cluster = new Cluster(
    urls.map(({ hostname, port }) => ({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || DEFAULT_PORT })),
    {
      enableOfflineQueue: false,
      clusterRetryStrategy: reconnectDelayMs,
      maxRedirections: REDIRECTIONS_MAX,
      retryDelayOnFailover: sendsOnce ? 0 : FAILOVER_DELAY_MS,
      retryDelayOnClusterDown: FAILOVER_DELAY_MS,
      slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
      // A certificate has a name: nodes are reached by theirs.
      ...(isSecure && {
        dnsLookup: (address: string, found: (error: null, address: string) => void) => found(null, address),
      }),
      redisOptions: {
        connectionName,
        commandTimeout: commandTimeoutMs,
        connectTimeout: CONNECT_TIMEOUT_MS,
        ...(username !== '' && { username: decodeURIComponent(username) }),
        ...(password !== '' && { password: decodeURIComponent(password) }),
        ...(isSecure && { tls: {} }),
      },
    },
  );
  // All commands and events that are used of a `Redis` are a cluster's too; what it lacks is `stream`.
  return cluster as unknown as Redis;
}
