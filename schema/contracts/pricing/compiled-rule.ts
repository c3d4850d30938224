/**
 * A price rule made ready to multiply: parents' rates filled in, prices as bigint, conditions as numbers. The proxy
 * prices by it, the api explains and recalculates by it: one code, one result.
 */
import { PARENT_UNITS, type PriceRule, type Rate, type TimeCondition } from '../prices.js';
import { totalTokensIn, USAGE_UNITS, type OtherUnits, type UsageUnit, type UsageUnits } from '../usage-units.js';

interface CompiledRate {
  readonly base: bigint;
  /** the same, if there are no tiers and a double holds it exactly; else 0 */
  readonly flat: number;
  /** in ascending order of `start` */
  readonly tiers: readonly { readonly start: number; readonly price: bigint }[];
}

export interface RuleCost {
  readonly pico: bigint;
  /**
   * false: web searches were made that the list has no price for, and the cost is the tokens' alone; or one-hour cache
   * writes, which cost more than those of five minutes whose price they were given
   */
  readonly isWhole: boolean;
}

/** One unit's part of a cost: `quantity` × `ratePico` = `amountPico`. */
export interface CostLine {
  /** one of `USAGE_UNITS`, or the name of another unit */
  readonly unit: string;
  readonly quantity: bigint;
  readonly ratePico: bigint;
  readonly amountPico: bigint;
}

export interface CompiledRule {
  /** `provider/model#condition`, as usage records name it */
  readonly name: string;
  /** the tier that it prices; null: every tier without a price of its own */
  readonly serviceTier: string | null;
  /** whether it is in force at this Unix time */
  isInForce(atMs: number): boolean;
  /** the exact cost; null when tokens or other units were used that nothing prices */
  cost(units: UsageUnits): RuleCost | null;
  /** what `cost` sums up, one line for each unit that costs; their amounts are its sum */
  lines(units: UsageUnits): CostLine[];
}

const DAY_MS = 86_400_000;

/** `model` is what the rule's name begins with. */
export function compileRule(model: string, rule: PriceRule): CompiledRule {
  const rates = USAGE_UNITS.map((unit) => ({ unit, rate: compileRate(rateOf(rule, unit)) }));
  const otherRates = new Map(Object.keys(rule.rates).map((name) => [name, compileRate(rule.rates[name])]));
  const { condition } = rule;
  const hasHourRate = rule.rates['cacheWrite1hTokens'] !== undefined;
  return {
    name: `${model}${conditionName(condition)}`,
    serviceTier: condition?.type === 'service_tier' ? condition.tier : null,
    isInForce: compileTime(condition?.type === 'service_tier' ? (condition.when ?? null) : condition),
    cost(units) {
      const inputTokens = totalTokensIn(units);
      let small = 0; // what a double holds exactly: nearly everything, and quicker by far
      let large: bigint | null = null; // all else; null: nothing
      let isWhole = hasHourRate || units.cacheWrite1hTokens === 0;
      for (const { unit, rate } of rates) {
        // a price by the request is due once for every answer, which no dialect counts
        const count = unit === 'requests' && rate !== null ? Math.max(1, units.requests) : units[unit];
        if (count === 0) continue;
        if (rate === null) {
          if (unit !== 'webSearches') return null;
          isWhole = false;
          continue;
        }
        const sum = small + rate.flat * count;
        if (rate.flat !== 0 && sum <= Number.MAX_SAFE_INTEGER) small = sum;
        else large = (large ?? 0n) + priceAt(rate, inputTokens) * BigInt(count);
      }
      const pico = large === null ? BigInt(small) : large + BigInt(small);
      if (units.other === null) return { pico, isWhole };
      const other = otherCost(units.other, otherRates, inputTokens);
      return other === null ? null : { pico: pico + other, isWhole };
    },
    lines(units) {
      const inputTokens = totalTokensIn(units);
      const line = (unit: string, rate: CompiledRate | null, count: number): CostLine[] => {
        if (count === 0 || rate === null) return [];
        const [quantity, ratePico] = [BigInt(count), priceAt(rate, inputTokens)];
        return [{ unit, quantity, ratePico, amountPico: quantity * ratePico }];
      };
      return [
        ...rates.flatMap(({ unit, rate }) =>
          line(unit, rate, unit === 'requests' ? Math.max(1, units.requests) : units[unit]),
        ),
        ...Object.entries(units.other ?? {}).flatMap(([name, count]) =>
          line(name, otherRates.get(name) ?? null, count),
        ),
      ];
    },
  };
}

/** Each other unit is one that the provider bills: without a rate for it there is no cost. */
function otherCost(
  other: OtherUnits,
  rates: ReadonlyMap<string, CompiledRate | null>,
  inputTokens: number,
): bigint | null {
  let pico = 0n;
  for (const [name, count] of Object.entries(other)) {
    if (count === 0) continue;
    const rate = rates.get(name) ?? null;
    if (rate === null) return null;
    pico += priceAt(rate, inputTokens) * BigInt(count);
  }
  return pico;
}

function rateOf(rule: PriceRule, unit: UsageUnit): Rate | undefined {
  const own = rule.rates[unit];
  const parent = PARENT_UNITS[unit];
  return own ?? (parent === undefined ? undefined : rateOf(rule, parent));
}

function compileRate(rate: Rate | undefined): CompiledRate | null {
  if (rate === undefined) return null;
  if (typeof rate === 'string') return { base: BigInt(rate), flat: flatOf(rate), tiers: [] };
  const tiers = rate.tiers.map(({ start, price }) => ({ start, price: BigInt(price) }));
  return { base: BigInt(rate.base), flat: 0, tiers: tiers.sort((a, b) => a.start - b.start) };
}

const flatOf = (rate: string): number => (Number.isSafeInteger(Number(rate)) ? Number(rate) : 0);

function priceAt(rate: CompiledRate, inputTokens: number): bigint {
  let price = rate.base;
  for (const tier of rate.tiers) if (inputTokens > tier.start) price = tier.price;
  return price;
}

function compileTime(condition: TimeCondition | null): (atMs: number) => boolean {
  switch (condition?.type) {
    case 'start_date': {
      const startMs = Date.parse(`${condition.startDate}T00:00:00Z`);
      return (atMs) => atMs >= startMs;
    }
    case 'time_of_day': {
      const start = timeOfDayMs(condition.startTime);
      const end = timeOfDayMs(condition.endTime);
      const isOverMidnight = end < start;
      return (atMs) => {
        const time = atMs % DAY_MS;
        return isOverMidnight ? time >= start || time < end : time >= start && time < end;
      };
    }
    case undefined:
      return () => true;
  }
}

const timeOfDayMs = (time: string): number => Date.parse(`1970-01-01T${time}Z`);

function conditionName(condition: PriceRule['condition']): string {
  if (condition === null) return '';
  switch (condition.type) {
    case 'start_date':
      return `#from ${condition.startDate}`;
    case 'time_of_day':
      return `#${condition.startTime}-${condition.endTime}`;
    case 'service_tier':
      return `${tierMark(condition.tier)}${conditionName(condition.when ?? null)}`;
  }
}

const TIER_CHARACTERS_MAX = 64;

/** How a rule's name tells the tier that it prices, and the rule of an UNPRICED record the tier that nothing priced. */
export const tierMark = (tier: string): string => `#tier ${tier.slice(0, TIER_CHARACTERS_MAX)}`;

/** The tier inside a rule's name; null: no tier of its own. */
export function markedTier(rule: string | null): string | null {
  return rule === null ? null : (/#tier ([^#]*)/.exec(rule)?.[1] ?? null);
}
