/** The rate limits of a policy, and its account's quota of requests, made ready once for all of its requests. */
import { createHash } from 'node:crypto';
import type { LRUCache } from 'lru-cache';
import type { GatewayPolicy } from '../../schema/contracts/gateway-policy.js';
import type { RateLimitRule } from '../../schema/contracts/gateway-settings.js';
import { rateLimitKeys } from '../../schema/contracts/redis-keys.js';
import { monthlyRequestKeys } from '../../schema/contracts/request-counts.js';
import { lruMap } from '../lru-map.js';
import { VALUES_MAX } from './limit-script.js';
import { LocalCounters, type CounterRoom, type CounterShape } from './local-counters.js';
import { PermitsAhead } from './permits-ahead.js';

export interface CompiledRule {
  readonly name: string;
  readonly limit: number;
  readonly intervalSeconds: number;
  readonly isSliding: boolean;
  /** it is no rule of the gateway's, but what all of the account may have in a calendar month */
  readonly isQuota: boolean;
  readonly key: RateLimitRule['key'];
  /** of a header: in lower case; empty for the keys that have none */
  readonly keyName: string;
  /** outlives the policy document: another one with the same rule goes on counting */
  readonly counters: LocalCounters;
}

export interface CompiledRules {
  readonly rules: readonly CompiledRule[];
  /** what the script is told of the rules, whatever the request: its keys, and the first of its parameters */
  readonly keys: readonly string[];
  readonly parameters: readonly string[];
  /** the last of the rules, if there is a quota */
  readonly quota: CompiledRule | null;
  /** null: a rule tells requests apart, or there is none */
  readonly permits: PermitsAhead | null;
}

const MONTH_SECONDS_MAX = 31 * 86_400;
/** Rules whose counters are held; at the bound the rule used longest ago begins anew in this proxy. */
const RULES_MAX = 50_000;

export class RuleCompiler {
  private readonly compiled = new WeakMap<readonly RateLimitRule[], CompiledRules>();
  private readonly counters: LRUCache<string, LocalCounters>;

  constructor(private readonly room: CounterRoom) {
    this.counters = lruMap(RULES_MAX, { dispose: (counters) => counters.leave() });
  }

  of(policy: GatewayPolicy): CompiledRules {
    const { rateLimits } = policy.settings;
    let compiled = this.compiled.get(rateLimits);
    if (compiled === undefined) this.compiled.set(rateLimits, (compiled = this.compile(policy)));
    return compiled;
  }

  /** Makes room: lets go of what says nothing any more. `nowMs` is of Redis' clock. */
  sweep(nowMs: number): void {
    const monotonicMs = performance.now();
    for (const counters of this.counters.values()) counters.sweep(nowMs, monotonicMs);
  }

  private compile(policy: GatewayPolicy): CompiledRules {
    const { accountId, gatewayId, settings, requestsPerMonthMax } = policy;
    const keys: string[] = [];
    const constants: (string | number)[] = [];
    const rules = settings.rateLimits.map((rule): CompiledRule => {
      const { name, limit, intervalSeconds, key } = rule;
      const pair = rateLimitKeys(accountId, gatewayId, ruleId(rule));
      keys.push(...pair);
      constants.push(limit, intervalSeconds * 1_000, rule.technique === 'SLIDING' ? 1 : 0);
      const keyName = rule.keyName ?? '';
      const counters = this.countersOf(pair[0], rule);
      counters.setLimit(limit);
      return {
        name,
        limit,
        intervalSeconds,
        isSliding: rule.technique === 'SLIDING',
        isQuota: false,
        key,
        keyName: key === 'HEADER' ? keyName.toLowerCase() : keyName,
        counters,
      };
    });
    let quota: CompiledRule | null = null;
    if (requestsPerMonthMax !== null) {
      const pair = monthlyRequestKeys(accountId);
      keys.push(...pair);
      constants.push(requestsPerMonthMax, 0, 0);
      quota = this.quotaRule(pair[0], requestsPerMonthMax);
      rules.push(quota);
    }
    const permits = rules.length > 0 && rules.every(({ key }) => key === 'GATEWAY') ? new PermitsAhead() : null;
    return { rules, keys, parameters: [VALUES_MAX, ...constants].map(String), quota, permits };
  }

  private quotaRule(id: string, limit: number): CompiledRule {
    const shape = { intervalMs: MONTH_SECONDS_MAX * 1_000, isSliding: false, isMonthly: true };
    const counters = this.heldCounters(id, shape);
    counters.setLimit(limit);
    const rule = { name: 'requests a month', limit, intervalSeconds: MONTH_SECONDS_MAX, isSliding: false };
    return { ...rule, isQuota: true, key: 'GATEWAY', keyName: '', counters };
  }

  private countersOf(id: string, { intervalSeconds, technique }: RateLimitRule): LocalCounters {
    const shape = { intervalMs: intervalSeconds * 1_000, isSliding: technique === 'SLIDING' };
    return this.heldCounters(`${id}:${technique}`, shape);
  }

  private heldCounters(id: string, shape: CounterShape): LocalCounters {
    let counters = this.counters.get(id);
    if (counters === undefined) this.counters.set(id, (counters = new LocalCounters(this.room, shape)));
    return counters;
  }
}

/**
 * What a rule's counters are kept under. Another limit or technique goes on with what was counted; what makes the
 * counts mean something else begins anew.
 */
function ruleId({ name, key, keyName, intervalSeconds }: RateLimitRule): string {
  const identity = JSON.stringify([name, key, keyName, intervalSeconds]);
  return createHash('sha256').update(identity).digest('base64url').slice(0, 16);
}
