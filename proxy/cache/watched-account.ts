/**
 * One account that this proxy watches: what its cache may have, as far as it is known here. Its logs in Redis are read
 * once, and from before that on the news of whatever is kept (schema/contracts/cache-news.ts).
 */
import type { Redis } from 'ioredis';
import { cacheKeys, MEMBER_TAIL_LENGTH } from '../../schema/contracts/cache-log.js';
import { HEAR_NEWS_LUA, READ_LOG_LUA } from '../../schema/contracts/cache-news.js';
import type { AccountId } from '../../schema/contracts/ids.js';
import { RedisScript } from '../redis-script.js';
import { KeyFilter } from './key-filter.js';

/** Between two askings for news: what others keep is found so much later at most, as a rule. */
const NEWS_INTERVAL_MS = 20;
/** So long after news were asked for they are believed to be all. */
const BELIEVED_MS = 100;
/** Entries of a log that are read at once. */
const READ_ENTRIES = 1_000;
/** Look-ups are counted for so long; when there are fewer than these, so many times in turn, nobody needs to watch. */
const PERIOD_MS = 1_000;
const PERIOD_LOOK_UPS_MIN = 50;
const QUIET_PERIODS_MAX = 10;

const HEAR_NEWS = new RedisScript(HEAR_NEWS_LUA);
const READ_LOG = new RedisScript(READ_LOG_LUA);

/** As our script returns. */
type News = readonly [heard: Buffer, tails: Buffer | null, logs?: readonly Buffer[]];

/** Why an account is not watched any more. UNABLE: more is kept of it than a filter takes, or Redis did not tell. */
export type WatchEnd = 'QUIET' | 'UNABLE';

export class WatchedAccount {
  /** null: nothing was heard yet */
  private filter: KeyFilter | null = null;
  /** whether the logs were read into `filter`, and all news since */
  private isRead = false;
  private isKnown = false;
  private isEnded = false;
  private believedUntilMs = -Infinity;
  /** the last entry of the news; empty: none */
  private heard = '';
  private timer: NodeJS.Timeout | null = null;
  private lookUps = 0;
  private quietPeriods = 0;
  private periodEndsAtMs: number;

  /** `now`: ms of a clock that never goes back. `ended` hears once. Begins at once. */
  constructor(
    private readonly redis: Redis,
    private readonly accountId: AccountId,
    private readonly now: () => number,
    private readonly ended: (why: WatchEnd) => void,
  ) {
    this.periodEndsAtMs = now() + PERIOD_MS;
    void this.hear();
  }

  /** Nothing that Redis had a tenth of a second ago is kept under the key. False: nobody knows. */
  isAbsent(keyHash: string, nowMs: number): boolean {
    this.lookUps += 1;
    return this.isKnown && nowMs < this.believedUntilMs && this.filter?.mayHave(keyHash) === false;
  }

  /** This proxy keeps an answer itself. */
  add(keyHash: string): void {
    this.filter?.add(keyHash);
  }

  end(why: WatchEnd): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.isKnown = false;
    if (this.timer !== null) clearTimeout(this.timer);
    this.ended(why);
  }

  private async hear(): Promise<void> {
    const askedAtMs = this.now();
    const wasRead = this.isRead;
    try {
      const news = (await HEAR_NEWS.run(this.redis, cacheKeys(this.accountId), [this.heard])) as News; // as our script returns
      if (this.isEnded) return;
      this.take(news);
    } catch {
      return this.end('UNABLE');
    }
    // What this proxy keeps itself reaches Redis in front of what it asks later: behind the logs, it is in the news.
    if (wasRead && this.isRead) this.isKnown = true;
    this.believedUntilMs = askedAtMs + BELIEVED_MS;
    if (this.filter?.isFull === true) this.heard = ''; // too many "perhaps": once more, of what is there now
    if (this.isQuiet()) return this.end('QUIET');
    if (this.isEnded) return;
    this.timer = setTimeout(() => void this.hear(), NEWS_INTERVAL_MS);
    this.timer.unref();
  }

  private take([heard, tails, logs = []]: News): void {
    this.heard = heard.toString('latin1');
    if (tails !== null && this.filter !== null) return addTails(this.filter, tails);
    this.filter = new KeyFilter();
    this.isRead = false;
    this.isKnown = false;
    void this.read(this.filter, logs.map(String));
  }

  private async read(filter: KeyFilter, logs: readonly string[]): Promise<void> {
    try {
      for (const log of logs) {
        for (let read = 0; ; read += READ_ENTRIES) {
          const values = [log, String(read), String(READ_ENTRIES)];
          const tails = (await READ_LOG.run(this.redis, cacheKeys(this.accountId), values)) as Buffer; // as our script returns
          if (filter !== this.filter || this.isEnded) return;
          addTails(filter, tails);
          if (filter.isFull) return this.end('UNABLE');
          if (tails.length < READ_ENTRIES * MEMBER_TAIL_LENGTH) break;
        }
      }
      this.isRead = true;
    } catch {
      this.end('UNABLE');
    }
  }

  /** Whether there have been few look-ups for so long that nobody needs to watch. */
  private isQuiet(): boolean {
    const nowMs = this.now();
    if (nowMs < this.periodEndsAtMs) return false;
    this.quietPeriods = this.lookUps < PERIOD_LOOK_UPS_MIN ? this.quietPeriods + 1 : 0;
    this.periodEndsAtMs = nowMs + PERIOD_MS;
    this.lookUps = 0;
    return this.quietPeriods >= QUIET_PERIODS_MAX;
  }
}

function addTails(filter: KeyFilter, tails: Buffer): void {
  const text = tails.toString('latin1');
  for (let end = MEMBER_TAIL_LENGTH; end <= text.length; end += MEMBER_TAIL_LENGTH) filter.add(text, end);
}
