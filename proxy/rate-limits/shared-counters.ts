/**
 * The counters that all proxies share, in Redis. Requests of one gateway that arrive in the same turn of the event loop are
 * decided by one call: the script takes them one after the other, so each sees what those before it counted.
 */
import type { Redis } from 'ioredis';
import { RedisScript } from '../redis-script.js';
import { TurnBatches, type Asker } from '../turn-batches.js';
import type { CompiledRule, CompiledRules } from './compiled-rules.js';
import { limitScript, previewScript, type RuleState } from './limit-script.js';

/** The time at Redis in ms, negative when a value shared its counter; or the refusing rule's number (from 1) and ms to wait. */
export type Verdict = number | readonly [rule: number, waitMs: number];

/** A request under limits: one value per rule, and who hears the verdict. */
export interface Limited extends Asker<Verdict> {
  readonly values: readonly string[];
}

/** A request waits so long for Redis: then its proxy decides alone. */
const DEADLINE_MS = 50;
/** When the client gives a command up that nobody waits for any more: bounds how many it remembers. */
export const LIMITS_COMMAND_TIMEOUT_MS = 2_000;

/** Bounds how long one call keeps Redis: 512 values take about 2 ms. */
const CALL_VALUES_MAX = 512;

const DECIDE = new RedisScript(limitScript());
const PREVIEW = new RedisScript(previewScript());

/** Redis did not answer in time. */
export class LimitsTimeout extends Error {
  constructor() {
    super(`Redis did not answer within ${DEADLINE_MS} ms`);
    this.name = 'LimitsTimeout';
  }
}

export class SharedCounters {
  private readonly calls = new TurnBatches<CompiledRules, Limited, Verdict>({
    weightMax: CALL_VALUES_MAX,
    send: (rules, requests) => this.decide(rules, requests),
  });

  constructor(private readonly redis: Pick<Redis, 'sendCommand'>) {}

  /** Fails when Redis does not answer, or answers with an error. */
  ask(rules: CompiledRules, request: Limited): void {
    this.calls.ask(rules, request, request.values.length);
  }

  /** How each rule stands to its value, with nothing counted. Rejects when `ask` fails. */
  preview(rules: CompiledRules, values: readonly string[]): Promise<readonly RuleState[]> {
    return withinDeadline(this.run(PREVIEW, rules, [...rules.parameters, ...values]));
  }

  private decide(rules: CompiledRules, requests: readonly Limited[]): Promise<readonly Verdict[]> {
    const { quota } = rules;
    const all = rules.parameters.slice();
    for (const { values } of requests) for (const value of values) all.push(value);
    const told = withinDeadline(this.run<Verdict>(DECIDE, rules, all));
    return quota === null ? told : told.then((verdicts) => withoutCount(verdicts, quota));
  }

  private run<Told>(script: RedisScript, { keys }: CompiledRules, values: readonly string[]): Promise<readonly Told[]> {
    return script.run(this.redis, keys, values) as Promise<readonly Told[]>; // what our scripts return
  }
}

/** The verdicts, without what was counted by the quota, which its rule is told in case that it has to do without Redis. */
function withoutCount(told: readonly Verdict[], quota: CompiledRule): readonly Verdict[] {
  const [count, month] = told.slice(-2);
  if (typeof count !== 'number' || typeof month !== 'number') throw new Error('Redis did not tell what was counted');
  quota.counters.heard(count, month);
  return told.slice(0, -2);
}

/**
 * Rejects when the answer is not there after the deadline. An answer that has arrived while this process was too busy to read
 * it is not late: the sockets are looked at once more before it is given up.
 */
function withinDeadline<T>(answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void => void setImmediate(() => reject(new LimitsTimeout()));
    const timer = setTimeout(late, DEADLINE_MS);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
