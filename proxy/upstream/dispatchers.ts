/** Connection pools: one per upstream origin, kept alive, never shared between origins. */
import { Pool, type Dispatcher } from 'undici';
import { ANSWER_IDLE_TIMEOUT_MS, CONNECT_TIMEOUT_MS } from '../limits.js';
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

export function createDispatchers(): Dispatchers {
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
          bodyTimeout: ANSWER_IDLE_TIMEOUT_MS,
          connect: { timeout: CONNECT_TIMEOUT_MS },
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
