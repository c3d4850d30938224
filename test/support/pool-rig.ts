/** Pools of our own client towards a provider that says what a test wants, and is seen to be left alone at the end. */
import { ConnectionPool, type ConnectionPoolOptions } from '../../proxy/upstream/http1/connection-pool.js';
import { startFaultyUpstream, TEST_AUTHORITY, type FaultyUpstream, type Peer } from './faulty-upstream.js';
import { waitFor } from './wait-for.js';

export interface PoolRig {
  readonly upstream: FaultyUpstream;
  /** a pool towards the upstream, or `origin`; destroyed with the rig */
  pool(options?: Partial<ConnectionPoolOptions>, origin?: string): ConnectionPool;
  /** destroys the pools of a test; no call and no connection may be left */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

const LONG = { connectionsMax: 8, keepAliveMs: 60_000, answerIdleMs: 60_000, connectTimeoutMs: 5_000 };

export async function startPoolRig(): Promise<PoolRig> {
  const upstream = await startFaultyUpstream();
  let pools: ConnectionPool[] = [];
  return {
    upstream,
    pool(options = {}, origin = upstream.origin) {
      const pool = new ConnectionPool(origin, { ...LONG, trust: { ca: TEST_AUTHORITY }, ...options });
      pools.push(pool);
      return pool;
    },
    async clear() {
      const cleared = pools;
      pools = [];
      for (const pool of cleared) pool.destroy();
      await waitFor(() => cleared.every(({ size }) => size === 0), 'no call is counted any more');
      await waitFor(() => upstream.openSockets === 0, 'no connection is open any more');
      upstream.play = {};
    },
    stop: () => upstream.close(),
  };
}

/** An answer with a length. */
export const answerOf = (body: string, ...headers: readonly string[]): string =>
  ['HTTP/1.1 200 OK', ...headers, `content-length: ${body.length}`, '', body].join('\r\n');

/** Answers each request with its own body. */
export const echo = ({ socket, body }: Peer): void => void socket.write(answerOf(body), 'latin1');
