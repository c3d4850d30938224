/**
 * How much one caller may ask for in a minute, in points of cost: each API token and each session has a bucket that
 * fills steadily, and all who show no valid credential have one for each network address. Counted in Redis, for all
 * apis; while Redis is away each api counts by itself, so that the bound is never off.
 */
import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import { queryBudgetKey, SPEND_POINTS_LUA } from '../../schema/contracts/redis-keys.js';
import type { ApiContext } from '../context.js';
import { rateLimited } from '../errors.js';
import { network } from '../modules/session/index.js';
import type { Principal } from '../principal.js';
import { QUERY_LIMITS } from './query-limits.js';

/** Of those who are nobody, for each point of a caller who is known. */
const ANONYMOUS_SHARE = 0.1;
/** Buckets that this process remembers while Redis is away; the one used longest ago is full again. */
const LOCAL_BUCKETS_MAX = 20_000;

interface Bucket {
  readonly points: number;
  readonly atMs: number;
}

export class QueryBudget {
  private readonly local = new LRUCache<string, Bucket>({ max: LOCAL_BUCKETS_MAX });

  constructor(
    private readonly redis: Pick<Redis, 'eval'>,
    /** of a caller who is known */
    private readonly pointsPerMinute: number,
    private readonly nowMs: () => number = Date.now,
  ) {}

  /** Takes the cost of one operation; throws RATE_LIMITED with the time to wait. */
  async spend({ access, client }: Pick<ApiContext, 'access' | 'client'>, cost: number): Promise<void> {
    const isKnown = access.principal.kind !== 'anonymous';
    const rate = isKnown ? this.pointsPerMinute : this.pointsPerMinute * ANONYMOUS_SHARE;
    const key = queryBudgetKey(nameOf(access.principal, client.ip));
    const waitMs = await this.taken(key, cost, rate);
    if (waitMs > 0) {
      throw rateLimited(
        'Too much was asked for in too short a time: wait, or ask for less.',
        Math.ceil(waitMs / 1_000),
      );
    }
  }

  private async taken(key: string, cost: number, rate: number): Promise<number> {
    const capacity = Math.max(rate, QUERY_LIMITS.costMax); // any one operation may run, sooner or later
    try {
      return Number(await this.redis.eval(SPEND_POINTS_LUA, 1, key, cost, rate, capacity));
    } catch {
      return this.takenHere(key, cost, { rate, capacity });
    }
  }

  private takenHere(key: string, cost: number, { rate, capacity }: { rate: number; capacity: number }): number {
    const nowMs = this.nowMs();
    const held = this.local.get(key) ?? { points: capacity, atMs: nowMs };
    const points = Math.min(capacity, held.points + (Math.max(0, nowMs - held.atMs) * rate) / 60_000);
    if (points < cost) return Math.ceil(((cost - points) * 60_000) / rate);
    this.local.set(key, { points: points - cost, atMs: nowMs });
    return 0;
  }
}

function nameOf(principal: Principal, ip: string | null): string {
  switch (principal.kind) {
    case 'token':
      return `token:${principal.tokenId}`;
    case 'user':
      return `session:${principal.sessionId}`;
    case 'anonymous':
      return `address:${network(ip)}`;
  }
}
