/**
 * How much one caller may ask for in a minute, in points of cost: each user (all his sessions) and each API token has a
 * bucket that fills steadily, all tokens of an account share a greater one beside their own, and all who show no valid
 * credential have one for each network address. Counted in Redis, for all apis; while Redis is away each api counts by
 * itself, so that the bound is never off.
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
/** Of all tokens of an account together, for each point of one of them: more tokens are not ever more points. */
const ACCOUNT_TOKENS = 10;
/** Buckets that this process remembers while Redis is away; the one used longest ago is full again. */
const LOCAL_BUCKETS_MAX = 20_000;

interface Size {
  /** points that come in a minute */
  readonly rate: number;
  readonly capacity: number;
}

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
    const { principal } = access;
    const isKnown = principal.kind !== 'anonymous';
    const rate = isKnown ? this.pointsPerMinute : this.pointsPerMinute * ANONYMOUS_SHARE;
    const own = queryBudgetKey(nameOf(principal, client.ip));
    const capacity = Math.max(rate, QUERY_LIMITS.costMax); // any one operation may run, sooner or later
    let waitMs = await this.taken(own, cost, { rate, capacity });
    if (waitMs === 0 && principal.kind === 'token') {
      const shared = queryBudgetKey(`account:${principal.accountId}`);
      const all = { rate: rate * ACCOUNT_TOKENS, capacity: capacity * ACCOUNT_TOKENS };
      waitMs = await this.taken(shared, cost, all);
      if (waitMs > 0) await this.taken(own, -cost, { rate, capacity }); // a refusal takes nothing
    }
    if (waitMs > 0) {
      throw rateLimited(
        'Too much was asked for in too short a time: wait, or ask for less.',
        Math.ceil(waitMs / 1_000),
      );
    }
  }

  private async taken(key: string, cost: number, { rate, capacity }: Size): Promise<number> {
    try {
      return Number(await this.redis.eval(SPEND_POINTS_LUA, 1, key, cost, rate, capacity));
    } catch {
      return this.takenHere(key, cost, { rate, capacity });
    }
  }

  private takenHere(key: string, cost: number, { rate, capacity }: Size): number {
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
      return `user:${principal.userId}`;
    case 'anonymous':
      return `address:${network(ip)}`;
  }
}
