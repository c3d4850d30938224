/**
 * One version of the price list, ready for the hot path: a model is resolved to its rules once, then a price is a few
 * integer multiplications. Same results as the source's own calculation, but exact. Where the source would leave tokens
 * out for want of a rate, the cost is UNPRICED; where it leaves web searches out, it is the tokens' and ESTIMATED.
 */
import { LRUCache } from 'lru-cache';
import type { ModelPrice } from '../../schema/contracts/prices.js';
import type { Cost } from '../../schema/contracts/usage-record.js';
import type { UsageSource, UsageUnits } from '../../schema/contracts/usage-units.js';
import { compileRule, type CompiledRule } from './compiled-rule.js';
import { compileMatch, spellDate, type ModelMatcher } from './model-matcher.js';

/** Model ids are the clients' own text: their number and length are bounded. Beyond, an id is resolved again. */
const MODELS_MAX = 10_000;
const MODEL_CHARACTERS_MAX = 256;
/** Tiers that are charged at list price. Any other one (flex, priority, batch, …) needs a rule of its own. */
const STANDARD_TIERS = new Set(['default', 'auto', 'standard', 'standard_only', 'on_demand']);

export interface PriceRequest {
  readonly provider: string;
  /** as it was answered, or else as it was asked for */
  readonly model: string | null;
  readonly units: UsageUnits;
  readonly usageSource: UsageSource;
  /** Unix ms of the attempt's start: prices have dates */
  readonly atMs: number;
  readonly serviceTier: string | null;
}

export interface PriceBook {
  readonly version: number;
  /**
   * Never throws. What cannot be priced is UNPRICED, and so is a call of which nothing is known, not even its model; a
   * known model's answer that reports no use is NOT_BILLABLE.
   */
  price(request: PriceRequest): Cost;
}

/** The cost of what no provider bills. */
export const NOT_BILLABLE: Cost = Object.freeze({
  costPico: 0n,
  costStatus: 'NOT_BILLABLE',
  priceVersion: null,
  priceRule: null,
});

/** The cost of what is billed at a price that we do not know. */
const UNPRICED: Cost = Object.freeze({
  costPico: null,
  costStatus: 'UNPRICED',
  priceVersion: null,
  priceRule: null,
});

interface PricedModel {
  readonly matches: ModelMatcher;
  readonly rules: readonly CompiledRule[];
}

export function createPriceBook(version: number, prices: readonly ModelPrice[]): PriceBook {
  const providers = new Map<string, PricedModel[]>();
  for (const price of prices) {
    const name = `${price.provider}/${price.model}`;
    const models = providers.get(price.provider) ?? [];
    models.push({ matches: compileMatch(price.match), rules: price.rules.map((rule) => compileRule(name, rule)) });
    providers.set(price.provider, models);
  }
  const resolved = new LRUCache<string, readonly CompiledRule[]>({ max: MODELS_MAX });

  function rulesOf(provider: string, model: string): readonly CompiledRule[] {
    const key = `${provider}/${model}`;
    let rules = resolved.get(key);
    if (rules === undefined) {
      rules = findRules(providers.get(provider) ?? [], model.toLowerCase().trim());
      resolved.set(key, rules);
    }
    return rules;
  }

  return {
    version,
    price({ provider, model, units, usageSource, atMs, serviceTier }) {
      if (model === null || model.length > MODEL_CHARACTERS_MAX) return UNPRICED;
      if (usageSource === 'NONE') return NOT_BILLABLE;
      const rule = ruleInForce(rulesOf(provider, model), atMs, serviceTier);
      const cost = rule?.cost(units) ?? null;
      if (rule === null || cost === null) return UNPRICED;
      const isEstimated = usageSource === 'ESTIMATED' || !cost.isWhole;
      const costStatus = isEstimated ? 'ESTIMATED' : 'PRICED';
      return { costPico: cost.pico, costStatus, priceVersion: version, priceRule: rule.name };
    },
  };
}

function findRules(models: readonly PricedModel[], model: string): readonly CompiledRule[] {
  const dated = spellDate(model);
  const found =
    models.find(({ matches }) => matches(model)) ??
    (dated === model ? undefined : models.find(({ matches }) => matches(dated)));
  return found?.rules ?? [];
}

function ruleInForce(rules: readonly CompiledRule[], atMs: number, serviceTier: string | null): CompiledRule | null {
  const tier = serviceTier === null || STANDARD_TIERS.has(serviceTier.toLowerCase()) ? null : serviceTier.toLowerCase();
  const candidates = rules.filter((rule) => rule.serviceTier === tier);
  return candidates.findLast((rule) => rule.isInForce(atMs)) ?? candidates[0] ?? null;
}
