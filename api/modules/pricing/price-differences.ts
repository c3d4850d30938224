/** What another price list would change: model by model, rate by rate. */
import type { ModelPrice, Rate } from '../../../schema/contracts/prices.js';
import { compileRule } from '../../../schema/contracts/pricing/compiled-rule.js';
import { usdPerMillion } from '../../../schema/contracts/decimal.js';

export interface RateDifference {
  /** the rule's condition, as `AppliedPrice.condition` tells it; null: none */
  readonly condition: string | null;
  /** a unit, or `match`: which model ids it is for */
  readonly unit: string;
  /** USD per million, with the steps of long contexts; null: it has none */
  readonly from: string | null;
  readonly to: string | null;
}

export type PriceDifferenceKind = 'ADDED' | 'REMOVED' | 'CHANGED';

export interface PriceDifference {
  readonly kind: PriceDifferenceKind;
  readonly provider: string;
  readonly model: string;
  readonly rates: readonly RateDifference[];
}

export function priceDifferences(from: readonly ModelPrice[], to: readonly ModelPrice[]): PriceDifference[] {
  const before = byName(from);
  const after = byName(to);
  const added = to.filter((price) => !before.has(nameOf(price))).map((price) => difference('ADDED', price, []));
  const removed = from.filter((price) => !after.has(nameOf(price))).map((price) => difference('REMOVED', price, []));
  const changed = to.flatMap((price) => {
    const old = before.get(nameOf(price));
    const rates = old === undefined ? [] : rateDifferences(old, price);
    return rates.length === 0 ? [] : [difference('CHANGED', price, rates)];
  });
  return [...changed, ...added, ...removed];
}

const nameOf = ({ provider, model }: ModelPrice): string => `${provider}/${model}`;
const byName = (prices: readonly ModelPrice[]) => new Map(prices.map((price) => [nameOf(price), price]));

const difference = (
  kind: PriceDifferenceKind,
  { provider, model }: ModelPrice,
  rates: readonly RateDifference[],
): PriceDifference => ({ kind, provider, model, rates });

function rateDifferences(from: ModelPrice, to: ModelPrice): RateDifference[] {
  const [before, after] = [rateTexts(from), rateTexts(to)];
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  return keys.flatMap((key) => {
    const [old, now] = [before.get(key), after.get(key)];
    if (old?.text === now?.text) return [];
    const { condition, unit } = old ?? now ?? { condition: null, unit: '' };
    return [{ condition, unit, from: old?.text ?? null, to: now?.text ?? null }];
  });
}

interface RateText {
  readonly condition: string | null;
  readonly unit: string;
  readonly text: string;
}

function rateTexts(price: ModelPrice): Map<string, RateText> {
  const texts = new Map<string, RateText>();
  texts.set('match', { condition: null, unit: 'match', text: JSON.stringify(price.match) });
  for (const rule of price.rules) {
    const condition = compileRule('', rule).name.slice(1) || null;
    for (const [unit, rate] of Object.entries(rule.rates)) {
      texts.set(`${condition ?? ''} ${unit}`, { condition, unit, text: rateText(rate) });
    }
  }
  return texts;
}

function rateText(rate: Rate): string {
  if (typeof rate === 'string') return usdPerMillion(rate);
  const steps = rate.tiers.map(({ start, price }) => `${usdPerMillion(price)} above ${start} input tokens`);
  return [usdPerMillion(rate.base), ...steps].join(', ');
}
