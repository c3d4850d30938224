/**
 * At most so many connection pools, and a share of them for each account, so that none crowds out the others with hosts
 * that it invents. The pool that was used longest ago leaves, and never while a call is on it.
 */
import type { AccountId } from '../../schema/contracts/ids.js';
import { GatewayError } from '../gateway-error.js';
import type { Destination } from './destination.js';
import type { UpstreamPool } from './upstream-pool.js';

/** A pool without sockets takes some 5 KB. Hosts that tenants name in paths have pools too, so they need a bound. */
const POOLS_MAX = 2_000;
/** A pool is on the account whose call made it, whoever calls by it later. */
const ACCOUNT_POOLS_MAX = 200;
/**
 * Of the pools that nobody uses, the share that leaves when there is no room: looking for them costs as much as one.
 */
const LEAVING_SHARE = 1 / 16;

export interface PoolBounds {
  readonly all: number;
  /** of one account */
  readonly ofAccount: number;
}

const POOL_BOUNDS: PoolBounds = { all: POOLS_MAX, ofAccount: ACCOUNT_POOLS_MAX };

interface Entry {
  readonly pool: UpstreamPool;
  /** whose call made it; null: an errand of the gateway's own */
  readonly madeFor: AccountId | null;
  /** the use of any pool at which it was used last */
  usedAt: number;
}

export class BoundedPools {
  /** pools closed to make room */
  closed = 0;
  /** calls refused because every pool was in use, of all or of the caller's share */
  refused = 0;
  private uses = 0;
  private usesBefore = 0;
  private readonly entries = new Map<string, Entry>();

  private readonly countOf = new Map<AccountId, number>();

  constructor(
    private readonly create: (destination: Destination) => UpstreamPool,
    private readonly bounds: PoolBounds = POOL_BOUNDS,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  /** Throws GatewayError 9006 when all pools, or all of the caller's share, are in use and there may be no more. */
  of(destination: Destination): UpstreamPool {
    const key = keyOf(destination);
    let entry = this.entries.get(key);
    if (entry === undefined) {
      const madeFor = destination.callerId;
      this.makeRoomFor(madeFor);
      entry = { pool: this.create(destination), madeFor, usedAt: 0 };
      this.entries.set(key, entry);
      this.count(madeFor, 1);
    }
    entry.usedAt = ++this.uses;
    return entry.pool;
  }

  /**
   * Closes the pools that have not been used since it was called last. They have no connections any more, but those
   * with a tenant's egress proxy hold its password, which is to leave memory within a minute.
   */
  closeUnused(): void {
    for (const [key, entry] of this.entries) {
      if (entry.usedAt <= this.usesBefore && isIdle(entry)) this.close(key, entry);
    }
    this.usesBefore = this.uses;
  }

  async destroy(): Promise<void> {
    const pools = [...this.entries.values()];
    this.entries.clear();
    this.countOf.clear();
    await Promise.all(pools.map(({ pool }) => pool.destroy()));
  }

  private makeRoomFor(accountId: AccountId | null): void {
    const { all, ofAccount } = this.bounds;
    if (accountId !== null && (this.countOf.get(accountId) ?? 0) >= ofAccount) {
      const isTheirs = ({ madeFor }: Entry): boolean => madeFor === accountId;
      this.closeIdle(isTheirs, ofAccount, 'this account is calling too many different upstreams');
    }
    if (this.entries.size >= all) this.closeIdle(() => true, all, 'too many different upstreams are being called');
  }

  private closeIdle(mayLeave: (entry: Entry) => boolean, bound: number, problem: string): void {
    const idle = [...this.entries].filter(([, entry]) => mayLeave(entry) && isIdle(entry));
    if (idle.length === 0) {
      this.refused += 1;
      throw new GatewayError('unavailable', problem, { retryAfterSeconds: 1 });
    }
    idle.sort(([, one], [, other]) => one.usedAt - other.usedAt);
    for (const [key, entry] of idle.slice(0, Math.ceil(bound * LEAVING_SHARE))) {
      this.close(key, entry);
      this.closed += 1;
    }
  }

  private close(key: string, { pool, madeFor }: Entry): void {
    this.entries.delete(key);
    this.count(madeFor, -1);
    void pool.destroy();
  }

  private count(accountId: AccountId | null, change: 1 | -1): void {
    if (accountId === null) return;
    const count = (this.countOf.get(accountId) ?? 0) + change;
    if (count === 0) this.countOf.delete(accountId);
    else this.countOf.set(accountId, count);
  }
}

/** Callers dispatch at once: between being handed out and having a call on it, no pool can be seen here. */
const isIdle = ({ pool }: Entry): boolean => pool.size === 0;

/** An origin begins with its scheme, an account's id with a hexadecimal digit, and neither holds a space. */
function keyOf({ origin, accountId, egress }: Destination): string {
  if (accountId === null && egress === null) return origin;
  return `${accountId ?? '-'} ${egress?.key ?? '-'} ${origin}`;
}
