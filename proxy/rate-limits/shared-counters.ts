/**
 * The counters that all proxies share, in Redis. Requests of one gateway that arrive in the same turn of the event loop
 * are decided by one call: the script takes them one after the other, so each sees what those before it counted.
 */
import type { Redis } from 'ioredis';
import type { Asker } from '../asker.js';
import { RedisScript } from '../redis-script.js';
import { TurnBatches } from '../turn-batches.js';
import type { CompiledRule, CompiledRules } from './compiled-rules.js';
import { giveBackScript, limitScript, previewScript, type RuleState } from './limit-script.js';
import type { LiveProxies } from './live-proxies.js';
import type { PermitsAhead, TakenAhead, UnusedPermits } from './permits-ahead.js';

/**
 * The time at Redis in ms, negative when a value shared its counter; or the refusing rule's number (from 1) and ms to
 * wait.
 */
export type Verdict = number | readonly [rule: number, waitMs: number];

/** A request under limits: one value per rule, and who hears the verdict. */
export interface Limited extends Asker<Verdict> {
  readonly values: readonly string[];
}

/** A request waits so long for Redis: then its proxy decides alone. */
const DEADLINE_MS = 50;
/** What else is asked on the connection of the limits, for which nobody waits. */
export const LIMITS_COMMAND_TIMEOUT_MS = 2_000;

/** Bounds how long one call keeps Redis: 512 values take about 2 ms. */
const CALL_VALUES_MAX = 512;

const DECIDE = new RedisScript(limitScript(), DEADLINE_MS);
const PREVIEW = new RedisScript(previewScript(), DEADLINE_MS);
const GIVE_BACK = new RedisScript(giveBackScript());

export class SharedCounters {
  private readonly calls = new TurnBatches<CompiledRules, Limited, Verdict>({
    weightMax: CALL_VALUES_MAX,
    open: () => [],
    send: (rules, requests, asker) => this.decide(rules, requests, asker),
  });

  /** those of which something may be left when their time is over */
  private readonly held = new Map<PermitsAhead, CompiledRules>();
  private isOver = false;

  constructor(
    private readonly redis: Pick<Redis, 'sendCommand'>,
    private readonly proxies: Pick<LiveProxies, 'count'>,
  ) {}

  /** Fails when Redis does not answer, or answers with an error. */
  ask(rules: CompiledRules, request: Limited): void {
    this.calls.ask(rules, request, request.values.length);
  }

  /** How each rule stands to its value, with nothing counted. Rejects when `ask` fails. */
  preview(rules: CompiledRules, values: readonly string[]): Promise<readonly RuleState[]> {
    const told = PREVIEW.run(this.redis, rules.keys, [...rules.parameters, ...values]);
    return told as Promise<readonly RuleState[]>; // what our script returns
  }

  /**
   * Takes permits ahead, if so many requests come that it is worth it; who asks hears nothing otherwise. Fails as
   * above.
   */
  takeAhead(rules: CompiledRules, asker: Asker<unknown>): void {
    const wanted = rules.permits?.ask(performance.now()) ?? 0;
    if (wanted > 0) this.call(rules, [], wanted, asker);
  }

  /** Gives back what is held ahead, and what is still told of; resolves once Redis has it, or does not answer. */
  async letGo(): Promise<void> {
    this.isOver = true;
    await Promise.all([...this.held].map(([permits, rules]) => this.giveBack(rules, permits.end())));
  }

  private decide(rules: CompiledRules, requests: readonly Limited[], asker: Asker<readonly Verdict[]>): void {
    this.call(rules, requests, rules.permits?.ask(performance.now()) ?? 0, asker);
  }

  private call(
    rules: CompiledRules,
    requests: readonly Limited[],
    wanted: number,
    asker: Asker<readonly Verdict[]>,
  ): void {
    const { keys, parameters, quota, permits } = rules;
    const askedAtMs = performance.now();
    const all = [...parameters, String(wanted), String(this.proxies.count)];
    for (const { values } of requests) for (const value of values) all.push(value);
    DECIDE.call(this.redis, keys, all, {
      told: (answer) => {
        const told = answer as Verdict[]; // what our script returns
        if (quota !== null) hearCount(told, quota);
        if (permits !== null && wanted > 0) {
          const taken = told.pop() as unknown as TakenAhead; // likewise
          this.hold(rules, permits, permits.taken(taken, askedAtMs));
        }
        asker.told(told);
      },
      failed: (error) => {
        if (wanted > 0) permits?.failed(performance.now());
        asker.failed(error);
      },
    });
  }

  private hold(rules: CompiledRules, permits: PermitsAhead, unused: UnusedPermits): void {
    void this.giveBack(rules, unused);
    if (this.isOver) return void this.giveBack(rules, permits.end());
    if (this.held.has(permits)) return;
    this.held.set(permits, rules);
    this.endLater(rules, permits);
  }

  /**
   * What is left of them when their time is over is given back; a process that is killed before leaves them counted.
   */
  private endLater(rules: CompiledRules, permits: PermitsAhead): void {
    const waitMs = permits.endsAtMs - performance.now();
    if (waitMs > 0) return void setTimeout(() => this.endLater(rules, permits), waitMs).unref();
    this.held.delete(permits);
    void this.giveBack(rules, permits.end());
  }

  /** Never rejects: what Redis does not take back stays counted till the end of its windows. */
  private async giveBack({ keys }: CompiledRules, { count, windows }: UnusedPermits): Promise<void> {
    if (count > 0) await GIVE_BACK.run(this.redis, keys, [count, ...windows].map(String)).catch(() => undefined);
  }
}

/**
 * Takes off the verdicts what was counted by the quota, which its rule is told in case that it has to do without Redis.
 */
function hearCount(told: Verdict[], quota: CompiledRule): void {
  const [count, month] = told.splice(-2);
  if (typeof count !== 'number' || typeof month !== 'number') throw new Error('Redis did not tell what was counted');
  quota.counters.heard(count, month);
}
