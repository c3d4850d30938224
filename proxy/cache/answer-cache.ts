/**
 * The cache of answers: a bounded memory of this process over Redis, which all proxies share. It promises nothing but
 * speed: with Redis away, slow or full, a look-up finds what this process alone has, and that is no error. Redis's
 * bytes are bounded for each account, what was kept first and not used since goes first; by us, since limits and
 * policies share the server.
 *
 * Memory takes in what has been asked for a second time, and what Redis did not take. Most answers never are: each one
 * that was held just in case cost a collection more than all that was done for it (docs/decisions/0028).
 */
import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import { REDIS_OVERHEAD_BYTES } from '../../schema/contracts/cache-log.js';
import { cachedAnswerKey, type CachedAnswerName } from '../../schema/contracts/redis-keys.js';
import { RedisTimeout } from '../redis-script.js';
import { AbsentAnswers } from './absent-answers.js';
import type { CachedAnswer } from './cached-answer.js';
import { UNREAD } from './large-reads.js';
import { REPLACES_ANY, SharedAnswers, UnreadAnswer, type AnswerToKeep } from './shared-answers.js';
import { readAnswer, storable, writeAnswer, writtenAnswer, type StorableAnswer } from './stored-answer.js';

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
/**
 * Between two new connections after such a command. The one that is silent holds what was sent on it, answers to keep
 * among them, for as long as it stands: a quarter of an hour, or until a process that was stopped goes on.
 */
const RECONNECT_INTERVAL_MS = 5_000;
/**
 * What came from Redis while a look-up waited in vain: so much says that it is busy with large answers, and not away.
 */
const BUSY_BYTES_MIN = 64 * 1024;
/** Writes that have not reached Redis yet; what comes beyond is in this process's memory alone. */
const UNWRITTEN_BYTES_MAX = 64 * MEBIBYTE;

/**
 * By so much of its beginning an outdated answer is known again: its headers, the policy that it was asked for under.
 */
const OUTDATED_BYTES = 512;
/** About what an answer takes in memory besides its bytes. */
const OVERHEAD_BYTES = 1_024;

/**
 * An answer as Redis has it, in one piece outside of the heap that is collected. It is read when it is first asked for.
 */
interface Held {
  readonly written: Buffer;
  readonly endsAtMs: number;
  /** what `written` says; null: nobody has asked yet */
  answer: CachedAnswer | null;
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
  private readonly shared: SharedAnswers;
  private readonly absent: AbsentAnswers;
  private awayUntilMs = 0;
  private reconnectsFromMs = -Infinity;
  private unwrittenBytes = 0;

  constructor(
    private readonly redis: Redis,
    private readonly options: AnswerCacheOptions = ANSWER_CACHE_OPTIONS,
  ) {
    this.shared = new SharedAnswers(redis, options.accountBytesMax);
    this.absent = new AbsentAnswers(redis, options.now);
    this.held = new LRUCache<string, Held>({
      maxSize: options.memoryBytesMax,
      maxEntrySize: options.memoryAnswerBytesMax,
      sizeCalculation: ({ written }) => written.length + OVERHEAD_BYTES,
      dispose: (_held, _key, reason) => {
        if (reason === 'evict') this.counts.memoryEvictions += 1;
      },
    });
  }

  get heldBytes(): number {
    return this.held.calculatedSize;
  }

  /** Of the look-ups that needed not ask Redis: see there. */
  get absences(): Pick<AbsentAnswers, 'counts' | 'watchedAccounts'> {
    return this.absent;
  }

  /**
   * What is `made` of an answer that `suits`; of null: there is none, or one that is outdated. No promise when memory
   * knows it, or that Redis has none, or Redis cannot be asked. What does not suit in memory may suit in Redis, where
   * another proxy may have stored a newer one.
   */
  find<Made>(
    name: CachedAnswerName,
    suits: Suits,
    made: (found: FoundAnswer, outdated: Outdated) => Made,
  ): Made | Promise<Made> {
    const { member } = name;
    const nowMs = this.options.now();
    const held = this.held.size === 0 ? undefined : this.held.get(member); // `get` hashes all of the member's text
    if (held !== undefined) {
      if (held.endsAtMs <= nowMs) this.held.delete(member);
      else {
        const answer = answerOf(held);
        if (answer !== null && suits(answer)) {
          this.counts.memoryHits += 1;
          return made(answer, null);
        }
      }
    }
    if (this.isAway(nowMs) || this.absent.isAbsent(name, nowMs)) {
      this.counts.misses += 1;
      return made(null, null);
    }
    return new Promise((resolve) => this.findShared(name, suits, (found, outdated) => resolve(made(found, outdated))));
  }

  /** What `find` would find, with nothing counted, moved up or taken into memory. */
  async peek(name: CachedAnswerName, suits: Suits): Promise<FoundAnswer> {
    const held = this.held.peek(name.member);
    const known = held !== undefined && held.endsAtMs > this.options.now() ? answerOf(held) : null;
    if (known !== null && suits(known)) return known;
    if (this.isAway()) return null;
    this.shared.sendKept(); // may it be this one
    try {
      const written = await this.redis.getBuffer(cachedAnswerKey(name));
      const answer = written === null ? null : readAnswer(written);
      return answer !== null && suits(answer) ? answer : null;
    } catch {
      return null;
    }
  }

  /**
   * Keeps the answer, whose body is copied: in Redis, where this process finds it from now on, as commands keep their
   * order, and others after 3 ms (a tenth of a second where they watch the account); in this process alone while Redis
   * is away or has no room. One that stands there by then, and was not found outdated, stays.
   */
  put(name: CachedAnswerName, answer: CachedAnswer, { ttlSeconds, outdated }: Keeping): void {
    const ttlMs = ttlSeconds * 1_000;
    const nowMs = this.options.now();
    const stored = storable(answer);
    const replaces = outdated === UNREAD ? this.replacesUnread(stored) : outdated;
    const unshared = new UnsharedAnswer(this, name, stored, { ttlMs, endsAtMs: nowMs + ttlMs, replaces });
    if (this.isAway(nowMs) || this.unwrittenBytes + stored.bytes + REDIS_OVERHEAD_BYTES > UNWRITTEN_BYTES_MAX) {
      return this.keepAlone(unshared);
    }
    // An older one, which suited no more.
    if (this.held.size > 0) this.held.delete(name.member);
    this.unwrittenBytes += stored.bytes + REDIS_OVERHEAD_BYTES;
    this.absent.noteKept(name);
    return this.shared.keep(name.accountId, unshared);
  }

  /** What was put just now goes to Redis, and nothing is asked there any more. */
  stop(): void {
    this.shared.sendKept();
    this.absent.stop();
  }

  private findShared(name: CachedAnswerName, suits: Suits, found: Found): void {
    const { stream } = this.redis; // which a cluster does not have, and a client that is not connected
    const bytesBefore = stream?.bytesRead ?? 0;
    const missed = (outdated: Outdated): void => {
      this.counts.misses += 1;
      found(null, outdated);
    };
    this.shared.read(name, {
      told: (written) => {
        if (written === null) this.absent.noteMiss(name);
        if (written === null || written === UNREAD) return missed(written);
        const answer = readAnswer(written);
        if (answer === null || !suits(answer)) return missed(Buffer.from(written.subarray(0, OUTDATED_BYTES)));
        this.counts.redisHits += 1;
        this.holdShared(name, written).catch((error: unknown) => this.fail(error));
        found(answer, null);
      },
      failed: (error) => {
        const bytes = stream === this.redis.stream ? (stream?.bytesRead ?? 0) - bytesBefore : 0;
        if (bytes >= BUSY_BYTES_MIN) this.counts.tooSlow += 1;
        else this.fail(error);
        missed(error instanceof UnreadAnswer ? UNREAD : null);
      },
    });
  }

  /** Takes what Redis had into memory for the time that it still has there, and says that it was used. */
  private async holdShared(name: CachedAnswerName, read: Buffer): Promise<void> {
    const ttlMs = await this.shared.use(name, read);
    if (ttlMs <= 0) return;
    const own = Buffer.allocUnsafeSlow(read.length); // what it came with would stay as long as it
    read.copy(own);
    this.held.set(name.member, { written: own, answer: null, endsAtMs: this.options.now() + ttlMs });
  }

  /** Redis was asked to keep an answer: see `AnswerToKeep`. */
  onKept(unshared: UnsharedAnswer, evicted: number | null): void {
    this.unwrittenBytes -= unshared.bytes + REDIS_OVERHEAD_BYTES;
    if (evicted === null) return; // another one stands there
    this.counts.redisEvictions += evicted < 0 ? -1 - evicted : evicted;
    if (evicted < 0) this.keepAlone(unshared);
    else this.counts.stored += 1;
  }

  onKeptFailed(unshared: UnsharedAnswer, error: unknown): void {
    this.fail(error);
    this.onKept(unshared, -1);
  }

  private keepAlone({ member, answer, endsAtMs }: UnsharedAnswer): void {
    this.counts.stored += 1;
    this.counts.notShared += 1;
    this.held.set(member, { written: writtenAnswer(answer), answer: null, endsAtMs });
  }

  /**
   * A small answer takes the place of one that is too large to be read, whatever it is: nobody can see that it suits no
   * more.
   */
  private replacesUnread({ bytes }: StorableAnswer): typeof REPLACES_ANY | null {
    return bytes <= this.options.memoryAnswerBytesMax ? REPLACES_ANY : null;
  }

  private isAway(nowMs = this.options.now()): boolean {
    return this.redis.status !== 'ready' || nowMs < this.awayUntilMs;
  }

  /** Counted, and no more: whoever runs Redis sees in `failures` that the cache is not shared. */
  private fail(error: unknown): void {
    const nowMs = this.options.now();
    this.counts.failures += 1;
    this.awayUntilMs = nowMs + AWAY_MS;
    if (!(error instanceof RedisTimeout) || nowMs < this.reconnectsFromMs) return;
    this.reconnectsFromMs = nowMs + RECONNECT_INTERVAL_MS;
    this.redis.disconnect(true);
  }
}

export type FoundAnswer = CachedAnswer | null;
/**
 * What a look-up found that does not suit: how it begins. UNREAD: one that is too large to be read now; null: nothing.
 */
export type Outdated = Buffer | typeof UNREAD | null;
type Found = (answer: FoundAnswer, outdated: Outdated) => void;

/** How an answer is kept: in the place of what is outdated, if that still stands there, or of nothing. */
export interface Keeping {
  readonly ttlSeconds: number;
  readonly outdated: Outdated;
}

/** An answer on its way to Redis. */
class UnsharedAnswer implements AnswerToKeep {
  readonly member: string;
  readonly ttlMs: number;
  readonly endsAtMs: number;
  readonly replaces: AnswerToKeep['replaces'];

  constructor(
    private readonly owner: Pick<AnswerCache, 'onKept' | 'onKeptFailed'>,
    name: CachedAnswerName,
    readonly answer: StorableAnswer,
    { ttlMs, endsAtMs, replaces }: Pick<UnsharedAnswer, 'ttlMs' | 'endsAtMs' | 'replaces'>,
  ) {
    this.member = name.member;
    this.ttlMs = ttlMs;
    this.endsAtMs = endsAtMs;
    this.replaces = replaces;
  }

  get bytes(): number {
    return this.answer.bytes;
  }

  write(into: Buffer): void {
    writeAnswer(into, this.answer);
  }

  told(evicted: number | null): void {
    this.owner.onKept(this, evicted);
  }

  failed(error: unknown): void {
    this.owner.onKeptFailed(this, error);
  }
}

type Suits = (answer: CachedAnswer) => boolean;

/** Null cannot be: what is held was written here, or has been read once. */
function answerOf(held: Held): CachedAnswer | null {
  return (held.answer ??= readAnswer(held.written));
}

/** What the pipeline needs of it. */
export type AnswerStore = Pick<AnswerCache, 'find' | 'put'>;

/** What only looks. */
export type AnswerPeek = Pick<AnswerCache, 'peek'>;
