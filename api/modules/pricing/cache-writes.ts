/**
 * Fills in what a one-hour cache write of a Claude model costs, where the price source has the five-minute price alone:
 * priced by that, it would cost five eighths of what is due.
 *
 * "1-hour cache write tokens are 2 times the base input tokens price"
 * (https://platform.claude.com/docs/en/about-claude/pricing, read 2026-11-29); so it is on Bedrock where the source has
 * both.
 */
import type { ModelPrice, PriceRule, Rate } from '../../../schema/contracts/prices.js';

const CLAUDE = /claude/;

export function withHourCacheWrites(prices: readonly ModelPrice[]): ModelPrice[] {
  return prices.map((price) => (CLAUDE.test(price.model) ? { ...price, rules: price.rules.map(filled) } : price));
}

function filled(rule: PriceRule): PriceRule {
  const { inputTokens, cacheWriteTokens, cacheWrite1hTokens } = rule.rates;
  if (inputTokens === undefined || cacheWriteTokens === undefined || cacheWrite1hTokens !== undefined) return rule;
  return { ...rule, rates: { ...rule.rates, cacheWrite1hTokens: doubled(inputTokens) } };
}

function doubled(rate: Rate): Rate {
  if (typeof rate === 'string') return twice(rate);
  return { base: twice(rate.base), tiers: rate.tiers.map(({ start, price }) => ({ start, price: twice(price) })) };
}

const twice = (pico: string): string => (BigInt(pico) * 2n).toString();
