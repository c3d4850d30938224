/**
 * What is known not to be kept, so that a look-up need not ask Redis. Where many of an account's look-ups find nothing,
 * this proxy watches what all proxies keep of it: what it keeps itself it knows at once, what others keep within a
 * tenth of a second. Of all other accounts it knows nothing, and their look-ups ask.
 */
import type { Redis } from 'ioredis';
import type { AccountId } from '../../schema/contracts/ids.js';
import type { CachedAnswerName } from '../../schema/contracts/redis-keys.js';
import { WatchedAccount } from './watched-account.js';

/** An account is watched from so many look-ups on that asked Redis, and found nothing, in one period. */
const PERIOD_MS = 1_000;
const PERIOD_MISSES_MIN = 100;
/** At a time: each takes a mebibyte here. */
const WATCHED_MAX = 16;
/** Before an account is watched again that could not be. */
const REST_MS = 10_000;

export class AbsentAnswers {
  /**
   * `absent`: look-ups that did not ask. Of accounts, `crowded`: those that were not watched because too many were;
   * `unable`: those that could not be
   */
  readonly counts = { absent: 0, crowded: 0, unable: 0 };
  private readonly watched = new Map<AccountId, WatchedAccount>();
  /** accounts that could not be watched → until when they rest */
  private readonly resting = new Map<AccountId, number>();
  private misses = new Map<AccountId, number>();
  private periodEndsAtMs = -Infinity;

  /** `now`: ms of a clock that never goes back. */
  constructor(
    private readonly redis: Redis,
    private readonly now: () => number,
  ) {}

  get watchedAccounts(): number {
    return this.watched.size;
  }

  /** Whether nothing is kept under the name. False: nobody knows. */
  isAbsent({ accountId, keyHash }: CachedAnswerName, nowMs: number): boolean {
    if (this.watched.size === 0) return false;
    const isAbsent = this.watched.get(accountId)?.isAbsent(keyHash, nowMs) === true;
    if (isAbsent) this.counts.absent += 1;
    return isAbsent;
  }

  /** This proxy keeps an answer: from now on it may be found. */
  noteKept({ accountId, keyHash }: CachedAnswerName): void {
    if (this.watched.size > 0) this.watched.get(accountId)?.add(keyHash);
  }

  /** A look-up asked Redis, and found nothing. */
  noteMiss({ accountId }: CachedAnswerName): void {
    const nowMs = this.now();
    if (nowMs >= this.periodEndsAtMs) {
      this.periodEndsAtMs = nowMs + PERIOD_MS;
      this.misses = new Map();
    }
    const misses = (this.misses.get(accountId) ?? 0) + 1;
    this.misses.set(accountId, misses);
    if (misses === PERIOD_MISSES_MIN) this.watch(accountId, nowMs);
  }

  /** Nobody is watched any more. */
  stop(): void {
    for (const account of this.watched.values()) account.end('QUIET');
  }

  private watch(accountId: AccountId, nowMs: number): void {
    if (this.watched.has(accountId) || (this.resting.get(accountId) ?? 0) > nowMs) return;
    if (this.watched.size >= WATCHED_MAX) {
      this.counts.crowded += 1;
      return;
    }
    for (const [resting, untilMs] of this.resting) if (untilMs <= nowMs) this.resting.delete(resting);
    const account = new WatchedAccount(this.redis, accountId, this.now, (why) => {
      this.watched.delete(accountId);
      if (why === 'QUIET') return;
      this.counts.unable += 1;
      this.resting.set(accountId, this.now() + REST_MS);
    });
    this.watched.set(accountId, account);
  }
}
