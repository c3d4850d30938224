/**
 * What one proxy knows of one rate limit by itself: what it admitted in this window and the one before, in case that
 * Redis goes away, and which values Redis has refused until when, so that whoever goes on asking costs no round trip.
 *
 * Bounded: so many values a rule (those beyond share a counter, as in Redis), and so many in all rules together.
 */
import { monthNumber, monthStartMs } from '../../schema/contracts/request-counts.js';
import { CROWDED_VALUE, VALUES_MAX } from './limit-script.js';
import { waitMsOf, type WindowCounts } from './window.js';

/** What all counters of a proxy may hold together. */
export class CounterRoom {
  held = 0;
  /** times that a value had no counter of its own, or a refusal was not remembered, because there was no room */
  crowded = 0;

  constructor(readonly valuesMax: number) {}
}

/** Times are of the monotonic clock, in ms. */
export interface RememberedRefusal {
  /** when Redis is asked again, at the latest */
  readonly askAgainAtMs: number;
  /** when the limit would admit one */
  readonly freeAtMs: number;
}

/** Of one rule. */
export interface CounterShape {
  readonly intervalMs: number;
  readonly isSliding: boolean;
  /** its windows are calendar months (UTC), whatever the interval */
  readonly isMonthly?: boolean;
}

export class LocalCounters {
  private window = -1;
  /** of a month: what all proxies had counted in it when Redis told last; what is counted here came after that */
  private shared = 0;
  private current = new Map<string, number>();
  private previous = new Map<string, number>();
  private readonly refusals = new Map<string, RememberedRefusal>();
  /** what the remembered refusals were decided by */
  private limit = 0;

  constructor(
    private room: CounterRoom,
    private readonly shape: CounterShape,
  ) {}

  /** The rule's limit is this one: refusals by another say nothing any more. */
  setLimit(limit: number): void {
    if (this.limit !== limit) this.forgetRefusals();
    this.limit = limit;
  }

  /** The refusal that is still in force at `atMs`; null: there is none, or Redis should be asked again. */
  refusalOf(value: string, atMs: number): RememberedRefusal | null {
    if (this.refusals.size === 0) return null;
    const refusal = this.refusals.get(value);
    if (refusal === undefined) return null;
    if (atMs < refusal.askAgainAtMs) return refusal;
    this.refusals.delete(value);
    this.room.held -= 1;
    return null;
  }

  remember(value: string, refusal: RememberedRefusal): void {
    if (!this.refusals.has(value)) {
      if (this.refusals.size >= VALUES_MAX) this.forgetRefusals(); // most of them are over
      if (this.room.held >= this.room.valuesMax) return void (this.room.crowded += 1);
      this.room.held += 1;
    }
    this.refusals.set(value, refusal);
  }

  /** One was admitted; `nowMs` is of Redis' clock, as far as is known. */
  count(value: string, nowMs: number): void {
    this.turnTo(nowMs);
    const counted = this.current.get(value);
    if (counted !== undefined) return void this.current.set(value, counted + 1);
    const isFull = this.current.size >= VALUES_MAX || this.room.held >= this.room.valuesMax;
    if (!isFull || value === CROWDED_VALUE) {
      this.room.held += 1;
      return void this.current.set(value, 1);
    }
    this.room.crowded += 1;
    return this.count(CROWDED_VALUE, nowMs);
  }

  /** Redis has told what all proxies have counted in that month. */
  heard(count: number, month: number): void {
    this.turnToWindow(month);
    if (month !== this.window) return; // an answer that was under way when the month ended
    this.shared = count;
    this.room.held -= this.current.size;
    this.current.clear();
  }

  /**
   * What this proxy may admit by itself of a limit that `proxies` share, beside what is counted here: of a month a
   * share of what was left when Redis told last, for what others had is known.
   */
  share(limit: number, proxies: number, nowMs: number): number {
    this.turnTo(nowMs);
    const left = limit - this.shared;
    return left <= 0 ? 0 : Math.max(1, Math.floor(left / proxies));
  }

  /** How long until one more is admitted by `limit`, in ms, if this proxy decides alone; 0: now. */
  waitMs(value: string, limit: number, nowMs: number): number {
    return waitMsOf(limit, this.countsOf(value, nowMs));
  }

  /** What this proxy admitted of it. */
  countsOf(value: string, nowMs: number): WindowCounts {
    this.turnTo(nowMs);
    const { isSliding } = this.shape;
    const startMs = this.startOf(this.window);
    const isFull = this.current.size >= VALUES_MAX || this.room.held >= this.room.valuesMax;
    const counter = this.current.has(value) || !isFull ? value : CROWDED_VALUE;
    return {
      intervalMs: this.startOf(this.window + 1) - startMs,
      isSliding,
      elapsedMs: Math.max(0, nowMs - startMs),
      current: this.current.get(counter) ?? 0,
      previous: this.previous.get(counter) ?? 0,
    };
  }

  /**
   * Lets go of what says nothing any more: of windows that have passed, at `nowMs` of Redis' clock, and refusals that
   * are over at `monotonicMs`.
   */
  sweep(nowMs: number, monotonicMs: number): void {
    this.turnTo(nowMs);
    for (const [value, { askAgainAtMs }] of this.refusals) {
      if (askAgainAtMs > monotonicMs) continue;
      this.refusals.delete(value);
      this.room.held -= 1;
    }
  }

  private turnTo(nowMs: number): void {
    const { isMonthly, intervalMs } = this.shape;
    this.turnToWindow(isMonthly === true ? monthNumber(nowMs) : Math.floor(nowMs / intervalMs));
  }

  private turnToWindow(window: number): void {
    // Redis' clock is estimated, and may seem to go back a little behind a window's beginning.
    if (window === this.window || window === this.window - 1) return;
    this.room.held -= this.previous.size;
    this.previous = this.current;
    this.current = new Map();
    if (window !== this.window + 1 || !this.shape.isSliding) {
      this.room.held -= this.previous.size;
      this.previous = new Map();
    }
    this.window = window;
    this.shared = 0;
  }

  private startOf(window: number): number {
    return this.shape.isMonthly === true ? monthStartMs(window) : window * this.shape.intervalMs;
  }

  /**
   * Gives back all the room that it takes, and takes none from now on: whoever has it still counts with room of its
   * own.
   */
  leave(): void {
    this.room.held -= this.current.size + this.previous.size;
    this.current.clear();
    this.previous.clear();
    this.forgetRefusals();
    this.room = new CounterRoom(VALUES_MAX);
  }

  private forgetRefusals(): void {
    this.room.held -= this.refusals.size;
    this.refusals.clear();
  }
}
