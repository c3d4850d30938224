/** At most so many connection pools; the one that was used longest ago leaves, and never while a call is on it. */
import type { Dispatcher, Pool } from 'undici';
import { GatewayError } from '../gateway-error.js';
import type { Destination } from './destination.js';

/** A pool without sockets takes some 5 KB. Hosts that tenants name in paths have pools too, so they need a bound. */
const POOLS_MAX = 2_000;
/** Of the pools that nobody uses, the share that leaves when there is no room: looking for them costs as much as one. */
const LEAVING_SHARE = 1 / 16;

interface Entry {
  readonly pool: Pool;
  /** the use of any pool at which it was used last */
  usedAt: number;
}

export class BoundedPools {
  /** pools closed to make room */
  closed = 0;
  /** calls refused because every pool was in use */
  refused = 0;
  private uses = 0;
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly create: (destination: Destination) => Pool,
    private readonly poolsMax: number = POOLS_MAX,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  /** Throws GatewayError 9006 when all pools are in use and there may be no more. */
  of(destination: Destination): Dispatcher {
    const key = keyOf(destination);
    let entry = this.entries.get(key);
    if (entry === undefined) {
      if (this.entries.size >= this.poolsMax) this.makeRoom();
      entry = { pool: this.create(destination), usedAt: 0 };
      this.entries.set(key, entry);
    }
    entry.usedAt = ++this.uses;
    return entry.pool;
  }

  async destroy(): Promise<void> {
    const pools = [...this.entries.values()];
    this.entries.clear();
    await Promise.all(pools.map(({ pool }) => pool.destroy()));
  }

  /** Callers dispatch at once: between being handed out and having a call on it, no pool can be seen here. */
  private makeRoom(): void {
    const idle = [...this.entries].filter(([, { pool }]) => pool.stats.size === 0);
    if (idle.length === 0) {
      this.refused += 1;
      throw new GatewayError('unavailable', 'too many different upstreams are being called', { retryAfterSeconds: 1 });
    }
    idle.sort(([, one], [, other]) => one.usedAt - other.usedAt);
    for (const [key, { pool }] of idle.slice(0, Math.ceil(this.poolsMax * LEAVING_SHARE))) {
      this.entries.delete(key);
      this.closed += 1;
      void pool.destroy();
    }
  }
}

/** An origin begins with its scheme, an account's id with a hexadecimal digit, and neither holds a space. */
function keyOf({ origin, accountId, egress }: Destination): string {
  if (accountId === null && egress === null) return origin;
  return `${accountId ?? '-'} ${egress?.key ?? '-'} ${origin}`;
}
