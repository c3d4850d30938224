/**
 * Permits that this proxy has taken ahead from a gateway's limits, so that not every request of a busy gateway asks
 * Redis. They are counted there already, by all of the rules, in the windows that were open then; whoever is given one
 * is admitted at once.
 *
 * So no more are ever admitted than by asking for each. About a hundredth of what a limit has left, at most, is with
 * all proxies together for a tenth of a second at most, after which it is given back; a limit that others use up in
 * that time refuses them so much too early. Rules that tell requests apart have no permits ahead. While Redis does not
 * answer none are asked for: what it counts late, nobody is told.
 */

import { PERMITS_AHEAD_MIN } from './limit-script.js';

/** Since they were asked for. */
const HELD_MS_MAX = 100;
/** Requests are counted for so long to know how many come. */
const PERIOD_MS = 100;
/** Fewer in a period ask one by one: 100 a second. */
const PERIOD_REQUESTS_MIN = 10;
/** What is taken at once lasts for about 25 ms, or is the least that is given, so that little is ever left over. */
const PERIOD_PARTS = 4;
/** After a failure. */
const PAUSE_MS = 1_000;

/** What was taken: none, or how many, ms until the first of the rules' windows ends, and the number of each rule's. */
export type TakenAhead = readonly [count: number, toNextMs?: number, ...windows: number[]];

/** Permits that are to be given back, and the numbers of the windows in which they are counted. */
export interface UnusedPermits {
  readonly count: number;
  readonly windows: readonly number[];
}

const NONE: UnusedPermits = { count: 0, windows: [] };

/** Times are of the monotonic clock, in ms. */
export class PermitsAhead {
  /** until when those that are held may be used */
  endsAtMs = -Infinity;
  private left = 0;
  private lowAt = 0;
  private windows: readonly number[] = [];
  private isAsking = false;
  private pausedUntilMs = -Infinity;
  private beganAtMs = -Infinity;
  private requests = 0;
  private perPeriod = 0;

  /** A request takes one; false: there is none. */
  use(nowMs: number): boolean {
    this.meet(nowMs);
    if (this.left === 0 || nowMs >= this.endsAtMs) return false;
    this.left -= 1;
    return true;
  }

  /** There are few left, and more were not asked for yet. */
  get isLow(): boolean {
    return this.left <= this.lowAt && !this.isAsking;
  }

  /** How many to ask for now; whoever asks says how that ended. */
  ask(nowMs: number): number {
    if (this.isAsking || nowMs < this.pausedUntilMs || this.perPeriod < PERIOD_REQUESTS_MIN) return 0;
    this.isAsking = true;
    return Math.max(PERMITS_AHEAD_MIN, Math.ceil(this.perPeriod / PERIOD_PARTS));
  }

  /** They were asked for at `askedAtMs`. What is told is to be given back: counted in windows that have passed. */
  taken([count, toNextMs = 0, ...windows]: TakenAhead, askedAtMs: number): UnusedPermits {
    this.isAsking = false;
    if (count === 0) return NONE;
    const isSame = windows.every((window, rule) => window === this.windows[rule]);
    const unused = isSame ? NONE : this.end();
    this.left += count;
    this.lowAt = this.left / PERIOD_PARTS;
    this.windows = windows;
    // Redis took them later than they were asked for, so that its window ends later too.
    this.endsAtMs = askedAtMs + Math.min(HELD_MS_MAX, toNextMs);
    return unused;
  }

  failed(nowMs: number): void {
    this.isAsking = false;
    this.pausedUntilMs = nowMs + PAUSE_MS;
  }

  /** Nobody uses them any more. */
  end(): UnusedPermits {
    const unused = { count: this.left, windows: this.windows };
    this.left = 0;
    return unused;
  }

  private meet(nowMs: number): void {
    const passedMs = nowMs - this.beganAtMs;
    if (passedMs >= PERIOD_MS) {
      this.perPeriod = passedMs < 2 * PERIOD_MS ? (this.requests * PERIOD_MS) / passedMs : 0;
      this.beganAtMs = nowMs;
      this.requests = 0;
    }
    this.requests += 1;
  }
}
