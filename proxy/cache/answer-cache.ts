/**
 * The cache of answers: a bounded memory of this process over Redis, which all proxies share. It promises nothing but
 * speed: with Redis away, slow or full, a look-up finds nothing and a store stores nothing, and neither is an error.
 * Redis's bytes are bounded for each account, least used first out; by us, since limits and policies share the server.
 */
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import {
  KEEP_ANSWER_LUA,
  cachedAnswerKey,
  cachedAnswerMember,
  cacheIndexKeys,
  type CachedAnswerName,
} from '../../schema/contracts/redis-keys.js';
import { cachedBytes, type CachedAnswer } from './cached-answer.js';
import { readAnswer, writtenAnswer } from './stored-answer.js';

export interface AnswerCacheOptions {
  /** of one account in Redis */
  readonly accountBytesMax: number;
  /** of all accounts in this process */
  readonly memoryBytesMax: number;
  /** of one answer in this process; a larger one is in Redis alone */
  readonly memoryAnswerBytesMax: number;
  /** ms of a clock that never goes back */
  readonly now: () => number;
}

const MEBIBYTE = 1024 * 1024;
export const ANSWER_CACHE_OPTIONS: AnswerCacheOptions = {
  accountBytesMax: 256 * MEBIBYTE,
  memoryBytesMax: 64 * MEBIBYTE,
  memoryAnswerBytesMax: MEBIBYTE,
  now: () => performance.now(),
};

/** After a command that Redis did not answer in time: look-ups do not wait for it again so soon. */
const AWAY_MS = 1_000;
/** What came from Redis while a look-up waited in vain: so much says that it is busy with large answers, and not away. */
const BUSY_BYTES_MIN = 64 * 1024;
/** Answers that one store removes at most: the script's time is everybody's. */
const REMOVED_MAX = 1_000;
/** What one answer takes in Redis besides its bytes: its key, and its place in three indexes. */
const REDIS_OVERHEAD_BYTES = 640;
/** Writes that have not reached Redis yet; what comes beyond is in this process's memory alone. */
const UNWRITTEN_BYTES_MAX = 64 * MEBIBYTE;

const KEEP_ANSWER_SHA1 = createHash('sha1').update(KEEP_ANSWER_LUA).digest('hex');

interface Held {
  readonly answer: CachedAnswer;
  readonly endsAtMs: number;
}

export class AnswerCache {
  readonly counts = {
    memoryHits: 0,
    redisHits: 0,
    misses: 0,
    failures: 0,
    tooSlow: 0,
    stored: 0,
    memoryEvictions: 0,
    redisEvictions: 0,
    notShared: 0,
  };
  private readonly held: LRUCache<string, Held>;
  private awayUntilMs = 0;
  private unwrittenBytes = 0;

  constructor(
    private readonly redis: Redis,
    private readonly options: AnswerCacheOptions = ANSWER_CACHE_OPTIONS,
  ) {
    this.held = new LRUCache<string, Held>({
      maxSize: options.memoryBytesMax,
      maxEntrySize: options.memoryAnswerBytesMax,
      sizeCalculation: ({ answer }) => cachedBytes(answer),
      dispose: (_held, _key, reason) => {
        if (reason === 'evict') this.counts.memoryEvictions += 1;
      },
    });
  }

  get heldBytes(): number {
    return this.held.calculatedSize;
  }

  /**
   * An answer that `suits`; null: there is none. No promise when memory knows it, or Redis cannot be asked. What does not
   * suit in memory may suit in Redis, where another proxy may have stored a newer one.
   */
  find(name: CachedAnswerName, suits: (answer: CachedAnswer) => boolean): FoundAnswer | Promise<FoundAnswer> {
    const key = cachedAnswerMember(name);
    const held = this.held.get(key);
    if (held !== undefined) {
      if (held.endsAtMs <= this.options.now()) this.held.delete(key);
      else if (suits(held.answer)) {
        this.counts.memoryHits += 1;
        return held.answer;
      }
    }
    if (this.isAway()) {
      this.counts.misses += 1;
      return null;
    }
    return this.findShared(name, suits);
  }

  /** What `find` would find, with nothing counted, moved up or taken into memory. */
  async peek(name: CachedAnswerName, suits: (answer: CachedAnswer) => boolean): Promise<FoundAnswer> {
    const held = this.held.peek(cachedAnswerMember(name));
    if (held !== undefined && held.endsAtMs > this.options.now() && suits(held.answer)) return held.answer;
    if (this.isAway()) return null;
    try {
      const written = await this.redis.getBuffer(cachedAnswerKey(name));
      const answer = written === null ? null : readAnswer(written);
      return answer !== null && suits(answer) ? answer : null;
    } catch {
      return null;
    }
  }

  /** Keeps the answer: here at once, for the other proxies as soon as Redis has it. */
  put(name: CachedAnswerName, answer: CachedAnswer, ttlSeconds: number): void {
    const ttlMs = ttlSeconds * 1_000;
    this.counts.stored += 1;
    this.hold(name, answer, ttlMs);
    const bytes = answer.body.length + REDIS_OVERHEAD_BYTES;
    if (this.isAway() || this.unwrittenBytes + bytes > UNWRITTEN_BYTES_MAX) {
      this.counts.notShared += 1;
      return;
    }
    this.unwrittenBytes += bytes;
    this.share(name, answer, ttlMs)
      .catch(() => this.fail())
      .finally(() => (this.unwrittenBytes -= bytes));
  }

  private hold(name: CachedAnswerName, answer: CachedAnswer, ttlMs: number): void {
    const endsAtMs = this.options.now() + ttlMs;
    this.held.set(cachedAnswerMember(name), { answer, endsAtMs });
  }

  private async findShared(name: CachedAnswerName, suits: (answer: CachedAnswer) => boolean): Promise<FoundAnswer> {
    const { stream } = this.redis;
    const bytesBefore = stream?.bytesRead;
    try {
      const written = await this.redis.getBuffer(cachedAnswerKey(name));
      const answer = written === null ? null : readAnswer(written);
      if (answer !== null && suits(answer)) {
        this.counts.redisHits += 1;
        this.holdShared(name, answer).catch(() => this.fail());
        return answer;
      }
    } catch {
      const bytes = stream === this.redis.stream ? stream.bytesRead - bytesBefore : 0;
      if (bytes >= BUSY_BYTES_MIN) this.counts.tooSlow += 1;
      else this.fail();
    }
    this.counts.misses += 1;
    return null;
  }

  /** Takes what Redis had into memory for the time that it still has there, and says that it was used. */
  private async holdShared(name: CachedAnswerName, answer: CachedAnswer): Promise<void> {
    const [used] = cacheIndexKeys(name.accountId);
    const [ttlMs] = await Promise.all([
      this.redis.pttl(cachedAnswerKey(name)),
      this.redis.zadd(used, 'XX', Date.now(), cachedAnswerMember(name)),
    ]);
    if (ttlMs > 0) this.hold(name, answer, ttlMs);
  }

  private async share(name: CachedAnswerName, answer: CachedAnswer, ttlMs: number): Promise<void> {
    const written = writtenAnswer(answer);
    const member = cachedAnswerMember(name);
    const prefix = cachedAnswerKey(name).slice(0, -member.length);
    const bytes = written.length + REDIS_OVERHEAD_BYTES;
    const { accountBytesMax } = this.options;
    const keys = [...cacheIndexKeys(name.accountId), prefix];
    const evicted = await this.keep(keys, [member, bytes, ttlMs, accountBytesMax, REMOVED_MAX, written]);
    if (typeof evicted !== 'number' || evicted < 0) this.counts.notShared += 1;
    else this.counts.redisEvictions += evicted;
  }

  /** By the script's digest; Redis forgets scripts when it starts anew. */
  private async keep(keys: readonly string[], values: readonly (string | number | Buffer)[]): Promise<unknown> {
    try {
      return await this.redis.evalsha(KEEP_ANSWER_SHA1, keys.length, ...keys, ...values);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return this.redis.eval(KEEP_ANSWER_LUA, keys.length, ...keys, ...values);
    }
  }

  private isAway(): boolean {
    return this.redis.status !== 'ready' || this.options.now() < this.awayUntilMs;
  }

  /** Counted, and no more: whoever runs Redis sees in `failures` that the cache is not shared. */
  private fail(): void {
    this.counts.failures += 1;
    this.awayUntilMs = this.options.now() + AWAY_MS;
  }
}

export type FoundAnswer = CachedAnswer | null;

/** What the pipeline needs of it. */
export type AnswerStore = Pick<AnswerCache, 'find' | 'put'>;

/** What only looks. */
export type AnswerPeek = Pick<AnswerCache, 'peek'>;
