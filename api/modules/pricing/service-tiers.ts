/** Adds the prices of service tiers to a list: rules beside the standard ones of the models that it has. */
import { MILLION, parseDecimal, toPico } from '../../../schema/contracts/decimal.js';
import type { ModelPrice, PriceRule, Rate } from '../../../schema/contracts/prices.js';
import type { UsageUnit } from '../../../schema/contracts/usage-units.js';
import {
  LONG_CONTEXT_TOKENS,
  TIER_FACTORS,
  TIER_TABLES,
  type TierFactor,
  type TierRow,
} from './service-tier-prices.js';

type Rates = PriceRule['rates'];
const BY_THE_PIECE: readonly string[] = ['requests', 'webSearches'] satisfies UsageUnit[];

export function withServiceTiers(prices: readonly ModelPrice[]): ModelPrice[] {
  return prices.map((price) => {
    const tiers = [...tableRules(price), ...TIER_FACTORS.flatMap((factor) => factorRules(price, factor))];
    return tiers.length === 0 ? price : { ...price, rules: [...price.rules, ...tiers] };
  });
}

function tableRules({ provider, model, rules }: ModelPrice): PriceRule[] {
  const standard = rules.find(({ condition }) => condition === null)?.rates ?? {};
  return TIER_TABLES.filter((table) => table.provider === provider).flatMap((table) => {
    const row = table.rows.find((each) => each.model === model);
    if (row === undefined) return [];
    const rates = { ...untiered(standard), ...rowRates(row, standard) };
    return table.tiers.map((tier): PriceRule => ({ condition: { type: 'service_tier', tier }, rates }));
  });
}

/** What is billed by the piece costs the same in every tier. */
const untiered = (rates: Rates): Rates =>
  Object.fromEntries(Object.entries(rates).filter(([unit]) => BY_THE_PIECE.includes(unit)));

function rowRates(row: TierRow, standard: Rates): Rates {
  const [longInput, longCached, longWritten, longOutput] = row.long ?? [];
  const start = stepOf(standard['inputTokens']) ?? LONG_CONTEXT_TOKENS;
  return {
    inputTokens: stepped(row.input, longInput, start),
    ...(row.cached === null ? {} : { cachedInputTokens: stepped(row.cached, longCached, start) }),
    ...(row.written === null ? {} : { cacheWriteTokens: stepped(row.written, longWritten, start) }),
    outputTokens: stepped(row.output, longOutput, start),
  };
}

/**
 * Where the standard rate steps: a tier's price is another one, and its context is long where the standard one's is.
 */
const stepOf = (rate: Rate | undefined): number | undefined =>
  rate === undefined || typeof rate === 'string' ? undefined : rate.tiers[0]?.start;

function stepped(base: string, long: string | null | undefined, start: number): Rate {
  if (long === null || long === undefined) return pico(base);
  return { base: pico(base), tiers: [{ start, price: pico(long) }] };
}

/** Of a price in our own table, which is exact or a mistake in it. */
function pico(usdPerMillion: string): string {
  const decimal = parseDecimal(usdPerMillion);
  const value = decimal === null ? null : toPico(decimal, MILLION);
  if (value === null || !value.isExact) throw new Error(`no exact price: ${usdPerMillion}`);
  return value.pico.toString();
}

/** Each standard rule times the factor, under the same times. */
function factorRules({ provider, model, rules }: ModelPrice, factor: TierFactor): PriceRule[] {
  if (factor.provider !== provider || !factor.models.test(model)) return [];
  return factor.tiers.flatMap((tier) =>
    rules.flatMap(({ condition, rates }): PriceRule[] => {
      if (condition?.type === 'service_tier') return [];
      const when = condition === null ? {} : { when: condition };
      return [{ condition: { type: 'service_tier', tier, ...when }, rates: scaled(rates, factor) }];
    }),
  );
}

function scaled(rates: Rates, factor: TierFactor): Rates {
  const entries = Object.entries(rates).map(
    ([unit, rate]) => [unit, BY_THE_PIECE.includes(unit) ? rate : scaledRate(rate, factor)] as const,
  );
  return Object.fromEntries(entries);
}

function scaledRate(rate: Rate, factor: TierFactor): Rate {
  if (typeof rate === 'string') return scaledPico(rate, factor);
  const tiers = rate.tiers.map(({ start, price }) => ({ start, price: scaledPico(price, factor) }));
  return { base: scaledPico(rate.base, factor), tiers };
}

/** To the nearest pico-USD, a half up. */
const scaledPico = (rate: string, { numerator, denominator }: TierFactor): string =>
  ((BigInt(rate) * numerator * 2n + denominator) / (denominator * 2n)).toString();
