/**
 * A price list made ready to look up: which rules price a model, and which of them is in force. No cache: see its
 * users.
 */
import type { ModelPrice } from '../prices.js';
import type { Cost } from '../usage-record.js';
import type { UsageSource, UsageUnits } from '../usage-units.js';
import { compileRule, tierMark, type CompiledRule } from './compiled-rule.js';
import { compileMatch, spellDate, type ModelMatcher } from './model-matcher.js';

export const MODEL_CHARACTERS_MAX = 256;
/** Tiers that are charged at list price. Any other one (flex, priority, batch, …) needs a rule of its own. */
const STANDARD_TIERS = new Set(['default', 'auto', 'standard', 'standard_only', 'on_demand']);

export interface PriceRequest {
  readonly provider: string;
  /** as it was answered, or else as it was asked for */
  readonly model: string | null;
  readonly units: UsageUnits;
  readonly usageSource: UsageSource;
  /** Unix ms of the request's arrival: prices have dates */
  readonly atMs: number;
  readonly serviceTier: string | null;
}

/** The rules of a model, in the list's order; none for a model that it does not price. */
export type RuleFinder = (provider: string, model: string) => readonly CompiledRule[];

interface PricedModel {
  readonly matches: ModelMatcher;
  readonly rules: readonly CompiledRule[];
}

/** Throws a SyntaxError on a regex that is none. */
export function compilePrices(prices: readonly ModelPrice[]): RuleFinder {
  const providers = new Map<string, PricedModel[]>();
  for (const price of prices) {
    const name = `${price.provider}/${price.model}`;
    const models = providers.get(price.provider) ?? [];
    models.push({ matches: compileMatch(price.match), rules: price.rules.map((rule) => compileRule(name, rule)) });
    providers.set(price.provider, models);
  }
  return (provider, model) => findRules(providers.get(provider) ?? [], model.toLowerCase().trim());
}

function findRules(models: readonly PricedModel[], model: string): readonly CompiledRule[] {
  const dated = spellDate(model);
  const found =
    models.find(({ matches }) => matches(model)) ??
    (dated === model ? undefined : models.find(({ matches }) => matches(dated)));
  return found?.rules ?? [];
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

/**
 * The cost under the list of this version. Never throws. What cannot be priced is UNPRICED, and so is a call of which
 * nothing is known, not even its model; a known model's answer that reports no use is NOT_BILLABLE.
 */
export function priceByList(version: number, rulesOf: RuleFinder, request: PriceRequest): Cost {
  const { provider, model, units, usageSource, atMs } = request;
  if (model === null || model.length > MODEL_CHARACTERS_MAX) return UNPRICED;
  if (usageSource === 'NONE') return NOT_BILLABLE;
  const tier = tierOf(request.serviceTier);
  const rule = ruleInForce(rulesOf(provider, model), atMs, tier);
  return rule === null ? unpriced(tier) : priceByRule(rule, { version, units, usageSource, tier });
}

interface Priced {
  /** the list's; null: the rule is of no list */
  readonly version: number | null;
  readonly units: UsageUnits;
  readonly usageSource: UsageSource;
  readonly tier: string | null;
}

export function priceByRule(rule: CompiledRule, { version, units, usageSource, tier }: Priced): Cost {
  const cost = rule.cost(units);
  if (cost === null) return unpriced(tier);
  const isEstimated = usageSource === 'ESTIMATED' || !cost.isWhole;
  const costStatus = isEstimated ? 'ESTIMATED' : 'PRICED';
  return { costPico: cost.pico, costStatus, priceVersion: version, priceRule: rule.name };
}

/** Remembers the tier: once it has a price, the record is recalculated at that price and no other. */
function unpriced(tier: string | null): Cost {
  return tier === null ? UNPRICED : { ...UNPRICED, priceRule: tierMark(tier) };
}

/** The tier by the name under which rules know it; null: charged at list price. */
export function tierOf(serviceTier: string | null): string | null {
  if (serviceTier === null || serviceTier === 'default') return null; // as nearly all say, or say nothing
  const tier = serviceTier.toLowerCase();
  return STANDARD_TIERS.has(tier) ? null : tier;
}

/** Of a tier's rules the last that is in force; if none is, the first. */
function ruleInForce(rules: readonly CompiledRule[], atMs: number, tier: string | null): CompiledRule | null {
  let first: CompiledRule | null = null;
  for (let i = rules.length - 1; i >= 0; i--) {
    const rule = rules[i];
    if (rule === undefined || rule.serviceTier !== tier) continue;
    if (rule.isInForce(atMs)) return rule;
    first = rule;
  }
  return first;
}
