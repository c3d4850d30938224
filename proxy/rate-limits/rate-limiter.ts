/**
 * Decides whether a request keeps to its gateway's rate limits: what was refused a moment ago from memory, of a busy
 * gateway by permits that were taken ahead, anything else by the counters in Redis, in one round trip for all rules.
 * While Redis does not answer, this proxy decides alone, each limit divided by the proxies that lived when it was last
 * heard of: never off, and never an error.
 */
import type { Redis } from 'ioredis';
import type { Logger } from '../../platform/logger.js';
import type { GatewayPolicy } from '../../schema/contracts/gateway-policy.js';
import { SHARED_VALUE } from '../../schema/contracts/request-counts.js';
import type { Arrival, Caller } from '../exchange.js';
import { RedisTimeout } from '../redis-script.js';
import { RuleCompiler, type CompiledRule, type CompiledRules } from './compiled-rules.js';
import { KeyValues } from './key-values.js';
import { LiveProxies } from './live-proxies.js';
import { CounterRoom } from './local-counters.js';
import type { PermitsAhead } from './permits-ahead.js';
import { SharedCounters, type Verdict } from './shared-counters.js';
import { StoreBreaker } from './store-breaker.js';
import { remainingOf, waitMsOf, type WindowCounts } from './window.js';

/** Why a request is refused: by the rule that is longest in the way. */
export interface LimitRefusal {
  readonly rule: CompiledRule;
  /** until that rule would admit one */
  readonly waitMs: number;
}

/** How one rule stands to one request that is not counted. */
export interface RulePreview {
  readonly rule: CompiledRule;
  /** how many more like it would be admitted now */
  readonly remaining: number;
  /** until the rule would admit one; 0: it does */
  readonly waitMs: number;
  /** until its window ends */
  readonly windowMs: number;
}

export interface RateLimiterBounds {
  /** values that have a counter of their own, or are remembered as refused, in this proxy */
  readonly valuesMax: number;
  /** how long a refusal is believed without asking Redis again: what somebody reset there acts after that */
  readonly rememberedMsMax: number;
}

export const RATE_LIMITER_BOUNDS: RateLimiterBounds = Object.freeze({ valuesMax: 200_000, rememberedMsMax: 5_000 });

/** Between two attempts to make room. */
const SWEEP_INTERVAL_MS = 1_000;

/** What a proxy that decides alone tells anybody to wait at most. */
const ALONE_WAIT_MS_MAX = 60_000;

/** Between two connections of which the first did not answer. */
const RECONNECT_INTERVAL_MS = 5_000;

export interface RateLimiterOptions {
  readonly redis: Redis;
  /** under which the values of keys are hashed */
  readonly hashKey: Buffer;
  readonly log: Logger;
  readonly bounds: RateLimiterBounds;
  /** proxies of this machine that share one port; 1 without */
  readonly siblings?: number;
}

export class RateLimiter {
  /** read by the metrics; each is of requests; `failures` counts asks for permits as well */
  readonly counts = { asked: 0, byPermit: 0, remembered: 0, alone: 0, failures: 0, sharedCounters: 0 };
  readonly proxies: LiveProxies;
  private readonly room: CounterRoom;
  private readonly compiler: RuleCompiler;
  private readonly values: KeyValues;
  private readonly shared: SharedCounters;
  private readonly breaker = new StoreBreaker();
  /** Redis' clock, ahead of the monotonic one by so much; until it is heard, this machine's */
  private clockOffsetMs = Date.now() - performance.now();
  private sweptAtMs = 0;
  private reconnectedAtMs = -Infinity;

  constructor(private readonly options: RateLimiterOptions) {
    this.room = new CounterRoom(this.bounds.valuesMax);
    this.compiler = new RuleCompiler(this.room);
    this.values = new KeyValues(options.hashKey);
    this.proxies = new LiveProxies(options.redis, options.siblings);
    this.shared = new SharedCounters(options.redis, this.proxies);
  }

  /** null: the request is admitted, and counted. At once where nobody has to be asked. */
  decide(policy: GatewayPolicy, arrival: Arrival, caller: Caller): LimitRefusal | null | Promise<LimitRefusal | null> {
    const compiled = this.compiler.of(policy);
    const nowMs = performance.now();
    if (compiled.permits?.use(nowMs) === true) return this.admittedByPermit(compiled, compiled.permits, nowMs);
    const values: string[] = [];
    for (const rule of compiled.rules) values.push(this.values.of(rule, arrival, caller));
    const known = remembered(compiled, values, nowMs);
    if (known !== null) {
      this.counts.remembered += 1;
      return known;
    }
    if (!this.breaker.mayAsk(nowMs)) return this.alone(compiled, values);
    return this.ask(compiled, values, nowMs);
  }

  /** What `decide` would say, and why, with nothing counted, remembered or tried. */
  async preview(
    policy: GatewayPolicy,
    arrival: Arrival,
    caller: Caller,
  ): Promise<{ readonly rules: readonly RulePreview[]; readonly refusal: LimitRefusal | null }> {
    const compiled = this.compiler.of(policy);
    if (compiled.rules.length === 0) return { rules: [], refusal: null };
    const values = compiled.rules.map((rule) => this.values.of(rule, arrival, caller));
    const { counted, waitMsMax } = await this.counted(compiled, values);
    const nowMs = performance.now();
    const rules = compiled.rules.map((rule, index) => {
      const [limit, counts] = counted[index] ?? [rule.limit, EMPTY];
      const known = rule.counters.refusalOf(values[index] ?? '', nowMs);
      const waitMs = known === null ? Math.min(waitMsOf(limit, counts), waitMsMax) : known.freeAtMs - nowMs;
      const remaining = known === null ? remainingOf(limit, counts) : 0;
      return { rule, remaining, waitMs, windowMs: counts.intervalMs - counts.elapsedMs };
    });
    const longest = rules.reduce((a, b) => (b.waitMs > a.waitMs ? b : a));
    return { rules, refusal: remembered(compiled, values, nowMs) ?? (longest.waitMs > 0 ? longest : null) };
  }

  /** The limit that holds for each rule, and what was counted: in Redis, or by this proxy alone. */
  private async counted(compiled: CompiledRules, values: readonly string[]): Promise<Counted> {
    if (!this.breaker.isOpen) {
      try {
        const states = await this.shared.preview(compiled, values);
        const counted = compiled.rules.map(({ limit, intervalSeconds, isSliding }, index) => {
          const [current, previous, toNextMs] = states[index] ?? [0, 0, 0];
          const intervalMs = intervalSeconds * 1_000;
          return [limit, { intervalMs, isSliding, elapsedMs: intervalMs - toNextMs, current, previous }] as const;
        });
        return { counted, waitMsMax: Infinity };
      } catch {
        // `decide` would be alone too
      }
    }
    const nowMs = this.clockOffsetMs + performance.now();
    const counted = compiled.rules.map(({ limit, counters }, index) => {
      const share = counters.share(limit, this.proxies.count, nowMs);
      return [share, counters.countsOf(values[index] ?? '', nowMs)] as const;
    });
    return { counted, waitMsMax: ALONE_WAIT_MS_MAX };
  }

  /** No request is decided on any more: gives back what it has ahead, and lives no more for the others. */
  async stop(): Promise<void> {
    await Promise.all([this.shared.letGo(), this.proxies.stop()]);
  }

  /** what its counters and memories hold, and how often there was no room for one */
  get held(): Readonly<Record<'held' | 'crowded', number>> {
    return this.room;
  }

  /** Whether Redis is left alone because it failed */
  get isAlone(): boolean {
    return this.breaker.isOpen;
  }

  /** Admitted by a permit that Redis has counted already. */
  private admittedByPermit(compiled: CompiledRules, permits: PermitsAhead, nowMs: number): null {
    this.counts.byPermit += 1;
    this.countHere(compiled, null, this.clockOffsetMs + nowMs);
    if (permits.isLow && !this.breaker.isOpen) {
      this.shared.takeAhead(compiled, {
        told: () => this.heard(),
        failed: (error) => this.failed(error),
      });
    }
    return null;
  }

  private ask(compiled: CompiledRules, values: readonly string[], askedAtMs: number): Promise<LimitRefusal | null> {
    return new Promise((resolve) => {
      this.shared.ask(compiled, {
        values,
        told: (verdict) => resolve(this.decided(compiled, values, { verdict, askedAtMs })),
        failed: (error) => {
          this.failed(error);
          resolve(this.alone(compiled, values));
        },
      });
    });
  }

  private decided(
    compiled: CompiledRules,
    values: readonly string[],
    { verdict, askedAtMs }: { readonly verdict: Verdict; readonly askedAtMs: number },
  ): LimitRefusal | null {
    this.heard();
    this.counts.asked += 1;
    if (typeof verdict !== 'number') return this.refused(compiled, values, { verdict, askedAtMs });
    if (verdict < 0) this.counts.sharedCounters += 1;
    const redisMs = Math.abs(verdict);
    this.clockOffsetMs = redisMs - performance.now();
    this.countHere(compiled, values, redisMs);
    return null;
  }

  /**
   * What was admitted by Redis' counters is counted here as well, in case that it goes away. `values` null: requests
   * are not told apart.
   */
  private countHere({ rules }: CompiledRules, values: readonly string[] | null, redisMs: number): void {
    this.makeRoom(redisMs);
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i];
      // a quota was told what all proxies have counted, with the verdict or when the permit was taken
      if (rule?.isQuota === false) rule.counters.count(values?.[i] ?? SHARED_VALUE, redisMs);
    }
  }

  private refused(
    { rules }: CompiledRules,
    values: readonly string[],
    { verdict: [number, waitMs], askedAtMs }: { verdict: readonly [number, number]; askedAtMs: number },
  ): LimitRefusal {
    const rule = rules[number - 1];
    if (rule === undefined) throw new Error('Redis refused by a rule that there is not');
    // From when it was asked on, which is not later than when Redis decided: nothing is refused for longer than there.
    const freeAtMs = askedAtMs + waitMs;
    const askAgainAtMs = Math.min(freeAtMs, askedAtMs + this.bounds.rememberedMsMax);
    rule.counters.remember(values[number - 1] ?? '', { askAgainAtMs, freeAtMs });
    return { rule, waitMs };
  }

  /** By this proxy's own counters, which know what it admitted before. */
  private alone({ rules }: CompiledRules, values: readonly string[]): LimitRefusal | null {
    this.counts.alone += 1;
    const nowMs = this.clockOffsetMs + performance.now();
    this.makeRoom(nowMs);
    let refusal: LimitRefusal | null = null;
    for (const [index, rule] of rules.entries()) {
      const share = rule.counters.share(rule.limit, this.proxies.count, nowMs);
      // Redis may be back at any time, and admit what this proxy's share does not.
      const waitMs = Math.min(rule.counters.waitMs(values[index] ?? '', share, nowMs), ALONE_WAIT_MS_MAX);
      if (waitMs > (refusal?.waitMs ?? 0)) refusal = { rule, waitMs };
    }
    if (refusal !== null) return refusal;
    for (const [index, rule] of rules.entries()) rule.counters.count(values[index] ?? '', nowMs);
    return null;
  }

  /** Redis has answered. */
  private heard(): void {
    if (this.breaker.isOpen) this.options.log.info('rate limits are counted in Redis again');
    this.breaker.succeeded();
  }

  private failed(error: unknown): void {
    const wasOpen = this.breaker.isOpen;
    this.counts.failures += 1;
    this.breaker.failed(performance.now());
    if (this.breaker.isOpen && error instanceof RedisTimeout) this.reconnect();
    if (wasOpen || !this.breaker.isOpen) return;
    this.options.log.warn({ err: error, proxies: this.proxies.count }, 'Redis is away: each proxy limits by its share');
  }

  /** A connection whose other end has vanished says so after a quarter of an hour; a new one works or fails at once. */
  private reconnect(): void {
    const nowMs = performance.now();
    if (nowMs - this.reconnectedAtMs < RECONNECT_INTERVAL_MS) return;
    this.reconnectedAtMs = nowMs;
    this.options.redis.disconnect(true);
  }

  private makeRoom(nowMs: number): void {
    if (this.room.held < this.room.valuesMax || nowMs - this.sweptAtMs < SWEEP_INTERVAL_MS) return;
    this.sweptAtMs = nowMs;
    this.compiler.sweep(nowMs);
  }

  private get bounds(): RateLimiterBounds {
    return this.options.bounds;
  }
}

interface Counted {
  readonly counted: readonly (readonly [limit: number, counts: WindowCounts])[];
  /** the longest that a request is told to wait */
  readonly waitMsMax: number;
}

const EMPTY: WindowCounts = { intervalMs: 0, isSliding: false, elapsedMs: 0, current: 0, previous: 0 };

/** The longest of the refusals that are still in force; null: there is none. */
function remembered({ rules }: CompiledRules, values: readonly string[], nowMs: number): LimitRefusal | null {
  let longest: LimitRefusal | null = null;
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i];
    const refusal = rule?.counters.refusalOf(values[i] ?? '', nowMs) ?? null;
    if (rule === undefined || refusal === null) continue;
    const waitMs = refusal.freeAtMs - nowMs;
    if (waitMs > (longest?.waitMs ?? 0)) longest = { rule, waitMs };
  }
  return longest;
}
