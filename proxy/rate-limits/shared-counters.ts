/**
 * The counters that all proxies share, in Redis. Requests of one gateway that arrive in the same turn of the event loop are
 * decided by one call: the script takes them one after the other, so each sees what those before it counted.
 */
import type { Redis } from 'ioredis';
import type { Asker } from '../asker.js';
import { RedisScript } from '../redis-script.js';
import { TurnBatches } from '../turn-batches.js';
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
/** What else is asked on the connection of the limits, for which nobody waits. */
export const LIMITS_COMMAND_TIMEOUT_MS = 2_000;

/** Bounds how long one call keeps Redis: 512 values take about 2 ms. */
const CALL_VALUES_MAX = 512;

const DECIDE = new RedisScript(limitScript(), DEADLINE_MS);
const PREVIEW = new RedisScript(previewScript(), DEADLINE_MS);

export class SharedCounters {
  private readonly calls = new TurnBatches<CompiledRules, Limited, Verdict>({
    weightMax: CALL_VALUES_MAX,
    send: (rules, requests, asker) => this.decide(rules, requests, asker),
  });

  constructor(private readonly redis: Pick<Redis, 'sendCommand'>) {}

  /** Fails when Redis does not answer, or answers with an error. */
  ask(rules: CompiledRules, request: Limited): void {
    this.calls.ask(rules, request, request.values.length);
  }

  /** How each rule stands to its value, with nothing counted. Rejects when `ask` fails. */
  preview(rules: CompiledRules, values: readonly string[]): Promise<readonly RuleState[]> {
    const told = PREVIEW.run(this.redis, rules.keys, [...rules.parameters, ...values]);
    return told as Promise<readonly RuleState[]>; // what our script returns
  }

  private decide(rules: CompiledRules, requests: readonly Limited[], asker: Asker<readonly Verdict[]>): void {
    const { keys, quota } = rules;
    const all = rules.parameters.slice();
    for (const { values } of requests) for (const value of values) all.push(value);
    DECIDE.call(this.redis, keys, all, {
      told(answer) {
        const verdicts = answer as readonly Verdict[]; // what our script returns
        asker.told(quota === null ? verdicts : withoutCount(verdicts, quota));
      },
      failed: (error) => asker.failed(error),
    });
  }
}

/** The verdicts, without what was counted by the quota, which its rule is told in case that it has to do without Redis. */
function withoutCount(told: readonly Verdict[], quota: CompiledRule): readonly Verdict[] {
  const [count, month] = told.slice(-2);
  if (typeof count !== 'number' || typeof month !== 'number') throw new Error('Redis did not tell what was counted');
  quota.counters.heard(count, month);
  return told.slice(0, -2);
}
