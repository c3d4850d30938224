/**
 * Cached answers in Redis, which all proxies share. What the requests of one turn of the event loop look for, or keep, is
 * one command for each account, whose answers stand in one slot; alone, each of the two cost a miss 100 µs.
 */
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { AccountId } from '../../schema/contracts/ids.js';
import {
  KEEP_ANSWERS_LUA,
  cachedAnswerKey,
  cachedAnswerMember,
  cachedAnswersPrefix,
  cacheIndexKeys,
  type CachedAnswerName,
} from '../../schema/contracts/redis-keys.js';
import { TurnBatches } from '../turn-batches.js';

/** Keys of one look-up. */
const READ_MAX = 32;
/** Bytes of one command that keeps answers, and what an answer counts for at least: the script's time is everybody's. */
const KEPT_BYTES_MAX = 1024 * 1024;
const KEPT_BYTES_MIN = KEPT_BYTES_MAX / 64;
/** Answers that one command removes at most. */
const REMOVED_MAX = 1_000;
/** What one answer takes in Redis besides its bytes: its key, and its place in three indexes. */
export const REDIS_OVERHEAD_BYTES = 640;

const KEEP_ANSWERS_SHA1 = createHash('sha1').update(KEEP_ANSWERS_LUA).digest('hex');

interface Kept {
  readonly member: string;
  readonly written: Buffer;
  readonly ttlMs: number;
}

export class SharedAnswers {
  private readonly reads: TurnBatches<AccountId, string, Buffer | null>;
  private readonly keeps: TurnBatches<AccountId, Kept, number>;

  /** `accountBytesMax`: what the answers of one account may take in Redis. */
  constructor(
    private readonly redis: Redis,
    private readonly accountBytesMax: number,
  ) {
    this.reads = new TurnBatches({ weightMax: READ_MAX, send: (_, keys) => redis.mgetBuffer(...keys) });
    this.keeps = new TurnBatches({
      weightMax: KEPT_BYTES_MAX,
      send: (accountId, kept) => this.keepAll(accountId, kept),
    });
  }

  /** What stands under the name, perhaps as a view into more; null: nothing. Rejects when Redis does not tell. */
  read(name: CachedAnswerName): Promise<Buffer | null> {
    return this.reads.ask(name.accountId, cachedAnswerKey(name));
  }

  /** Resolves with how many answers left for it before their end; -1: there is no room. Rejects likewise. */
  keep(name: CachedAnswerName, written: Buffer, ttlMs: number): Promise<number> {
    const kept = { member: cachedAnswerMember(name), written, ttlMs };
    return this.keeps.ask(name.accountId, kept, Math.max(written.length, KEPT_BYTES_MIN));
  }

  /** Says that what stands there was used, and for how long it still will; negative: it is gone. Rejects likewise. */
  async use(name: CachedAnswerName): Promise<number> {
    const [used] = cacheIndexKeys(name.accountId);
    const [ttlMs] = await Promise.all([
      this.redis.pttl(cachedAnswerKey(name)),
      this.redis.zadd(used, 'XX', Date.now(), cachedAnswerMember(name)),
    ]);
    return ttlMs;
  }

  private async keepAll(accountId: AccountId, kept: readonly Kept[]): Promise<number[]> {
    const keys = [...cacheIndexKeys(accountId), cachedAnswersPrefix(accountId)];
    const values: (string | number | Buffer)[] = [this.accountBytesMax, REMOVED_MAX];
    for (const { member, written, ttlMs } of kept) {
      values.push(member, written.length + REDIS_OVERHEAD_BYTES, ttlMs, written);
    }
    return (await this.run(keys, values)) as number[]; // what our script returns
  }

  /** By the script's digest; Redis forgets scripts when it starts anew. */
  private async run(keys: readonly string[], values: readonly (string | number | Buffer)[]): Promise<unknown> {
    try {
      return await this.redis.evalsha(KEEP_ANSWERS_SHA1, keys.length, ...keys, ...values);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return this.redis.eval(KEEP_ANSWERS_LUA, keys.length, ...keys, ...values);
    }
  }
}
