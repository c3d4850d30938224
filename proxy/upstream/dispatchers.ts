/** Connection pools: one per upstream origin, kept alive, never shared between origins. */
import { Pool, type Dispatcher } from 'undici';
import { REQUEST_BOUNDS, type RequestBounds } from '../limits.js';
import type { Destination } from './destination.js';

/** Sockets per origin; beyond it, calls wait in the pool's queue until one is free or their time is up. */
const CONNECTIONS_MAX = 1_024;
/** Below the idle time of the providers' own front ends, so that we close first. */
const KEEP_ALIVE_MS = 20_000;

export interface Dispatchers {
  /** the pool of a destination; made at first use */
  of(destination: Destination): Dispatcher;
  close(): Promise<void>;
}

export interface DispatcherOptions {
  readonly bounds?: Pick<RequestBounds, 'connectTimeoutMs' | 'answerIdleMs'>;
  /** certificates (PEM) that are trusted in place of Node's own; for tests */
  readonly trustedCertificates?: string;
}

export function createDispatchers(options: DispatcherOptions = {}): Dispatchers {
  const { connectTimeoutMs, answerIdleMs } = options.bounds ?? REQUEST_BOUNDS;
  const tls = options.trustedCertificates === undefined ? {} : { ca: options.trustedCertificates };
  const pools = new Map<string, Pool>();
  return {
    of({ origin }) {
      let pool = pools.get(origin);
      if (pool === undefined) {
        pool = new Pool(origin, {
          connections: CONNECTIONS_MAX,
          pipelining: 1,
          keepAliveTimeout: KEEP_ALIVE_MS,
          headersTimeout: 0, // the forward stage's own timer runs to the first byte, connecting included
          bodyTimeout: answerIdleMs,
          connect: { timeout: connectTimeoutMs, ...tls },
        });
        pools.set(origin, pool);
      }
      return pool;
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
      pools.clear();
    },
  };
}
