/**
 * Cached answers in Redis, which all proxies share. What the requests of one turn of the event loop look for, or keep, is
 * one command for each account, whose answers stand in one slot; alone, each of the two cost a miss 100 µs.
 */
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { errorMessage } from '../../platform/error-code.js';
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
import { LargeReads } from './large-reads.js';

/** Keys of one look-up. */
const READ_MAX = 32;
/** Bytes of one command that keeps answers, and what an answer counts for at least: the script's time is everybody's. */
const KEPT_BYTES_MAX = 1024 * 1024;
const KEPT_BYTES_MIN = KEPT_BYTES_MAX / 64;
/** Answers that one command removes at most. */
const REMOVED_MAX = 1_000;
/** What one answer takes in Redis besides its bytes: its key, and its place in three indexes. */
export const REDIS_OVERHEAD_BYTES = 640;

/** Bytes of all answers that one look-up brings: a larger one is asked for by itself, or Redis would serve nobody else meanwhile. */
const READ_BYTES_MAX = 1024 * 1024;

/** KEYS: of answers; ARGV: how many bytes. Returns each answer, its length where it is too large, and nothing where there is none. */
const READ_LUA = `
local told, left = {}, tonumber(ARGV[1])
for at, key in ipairs(KEYS) do
  local bytes = redis.call('STRLEN', key)
  if bytes > left then
    told[at] = bytes
  else
    told[at] = redis.call('GET', key)
    left = left - bytes
  end
end
return told`;

const READ_SHA1 = createHash('sha1').update(READ_LUA).digest('hex');
const KEEP_ANSWERS_SHA1 = createHash('sha1').update(KEEP_ANSWERS_LUA).digest('hex');

interface Kept {
  readonly member: string;
  readonly written: Buffer;
  readonly ttlMs: number;
}

export class SharedAnswers {
  private readonly reads: TurnBatches<AccountId, string, Buffer | number | null>;
  private readonly large: LargeReads;
  private readonly keeps: TurnBatches<AccountId, Kept, number>;

  /** `accountBytesMax`: what the answers of one account may take in Redis. */
  constructor(
    private readonly redis: Redis,
    private readonly accountBytesMax: number,
  ) {
    this.reads = new TurnBatches({ weightMax: READ_MAX, send: (_, keys) => this.readAll(keys) });
    this.large = new LargeReads(redis);
    this.keeps = new TurnBatches({
      weightMax: KEPT_BYTES_MAX,
      send: (accountId, kept) => this.keepAll(accountId, kept),
    });
  }

  /** What stands under the name, perhaps as a view into more; null: nothing. Rejects when Redis does not tell. */
  async read(name: CachedAnswerName): Promise<Buffer | null> {
    const key = cachedAnswerKey(name);
    const told = await this.reads.ask(name.accountId, key);
    return typeof told === 'number' ? this.large.read(key) : told;
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

  /** Each key is asked for once, however many look for it. */
  private async readAll(keys: readonly string[]): Promise<(Buffer | number | null)[]> {
    const distinct = [...new Set(keys)];
    const told = (await this.runToRead(distinct)) as (Buffer | number | null)[]; // what our script returns
    if (told.length !== distinct.length) throw new Error('Redis did not answer to every key');
    if (distinct.length === keys.length) return told;
    const byKey = new Map(distinct.map((key, index) => [key, told[index] ?? null]));
    return keys.map((key) => byKey.get(key) ?? null);
  }

  private async runToRead(keys: readonly string[]): Promise<unknown> {
    try {
      return await this.redis.callBuffer('EVALSHA', READ_SHA1, keys.length, ...keys, READ_BYTES_MAX);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return this.redis.callBuffer('EVAL', READ_LUA, keys.length, ...keys, READ_BYTES_MAX);
    }
  }

  private async keepAll(accountId: AccountId, kept: readonly Kept[]): Promise<number[]> {
    const keys = [...cacheIndexKeys(accountId), cachedAnswersPrefix(accountId)];
    let list = '';
    for (const { member, written, ttlMs } of kept) {
      list += `${member} ${written.length + REDIS_OVERHEAD_BYTES} ${ttlMs} ${written.length}\n`;
    }
    const answers = Buffer.concat(kept.map(({ written }) => written));
    const values = [this.accountBytesMax, REMOVED_MAX, list, answers];
    return (await this.run(keys, values)) as number[]; // what our script returns
  }

  /** By the script's digest; Redis forgets scripts when it starts anew. */
  private async run(keys: readonly string[], values: readonly (string | number | Buffer)[]): Promise<unknown> {
    try {
      return await this.redis.evalsha(KEEP_ANSWERS_SHA1, keys.length, ...keys, ...values);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return this.redis.eval(KEEP_ANSWERS_LUA, keys.length, ...keys, ...values);
    }
  }
}

const isUnknownScript = (error: unknown): boolean => errorMessage(error).startsWith('NOSCRIPT');
