/**
 * A client's own price for one request (`cf-aig-custom-cost`), in USD as exact decimals, and the text in which a usage
 * record keeps it: the cost of such a record can be explained years later.
 */
import { decimalText, toPico, type Decimal } from '../decimal.js';
import { totalTokensIn, totalTokensOut, USAGE_UNITS, type UsageUnit, type UsageUnits } from '../usage-units.js';
import type { CostLine } from './compiled-rule.js';

/** USD per token, or in total. */
export type CustomRates =
  | { readonly kind: 'total'; readonly total: Decimal }
  | {
      readonly kind: 'perToken';
      readonly tokenIn: Decimal;
      readonly tokenOut: Decimal;
      readonly cacheReadToken: Decimal;
      readonly cacheWriteToken: Decimal;
    };

const RULE = 'custom';
const PER_TOKEN = /^custom in=([\d.]+) out=([\d.]+) cacheRead=([\d.]+) cacheWrite=([\d.]+)$/;
const TOTAL = /^custom total=([\d.]+)$/;

export function customRule(rates: CustomRates): string {
  if (rates.kind === 'total') return `${RULE} total=${decimalText(rates.total)}`;
  const { tokenIn, tokenOut, cacheReadToken, cacheWriteToken } = rates;
  const [read, written] = [decimalText(cacheReadToken), decimalText(cacheWriteToken)];
  return `${RULE} in=${decimalText(tokenIn)} out=${decimalText(tokenOut)} cacheRead=${read} cacheWrite=${written}`;
}

/** The rates that a rule tells; null for another rule. */
export function ratesOfRule(rule: string): CustomRates | null {
  const [, totalText] = TOTAL.exec(rule) ?? [];
  if (totalText !== undefined) return { kind: 'total', total: plainDecimal(totalText) };
  const [tokenIn, tokenOut, cacheReadToken, cacheWriteToken] = (PER_TOKEN.exec(rule) ?? []).slice(1).map(plainDecimal);
  if (!tokenIn || !tokenOut || !cacheReadToken || !cacheWriteToken) return null;
  return { kind: 'perToken', tokenIn, tokenOut, cacheReadToken, cacheWriteToken };
}

/** The decimal of a text that `decimalText` made. */
function plainDecimal(text: string): Decimal {
  const [whole = '', fraction = ''] = text.split('.');
  return { digits: BigInt(whole + fraction), decimals: fraction.length };
}

/**
 * The cost of these units, summed exactly and rounded once, to the nearest pico-USD. Fresh input, audio and images cost
 * `per_token_in`; so do cache reads and writes without a rate of their own.
 */
export function customPico(rates: CustomRates, units: UsageUnits): bigint {
  if (rates.kind === 'total') return toPico(rates.total).pico;
  const written = units.cacheWriteTokens + units.cacheWrite1hTokens;
  const fresh = totalTokensIn(units) - units.cachedInputTokens - written;
  const sum = [
    times(rates.tokenIn, fresh),
    times(rates.tokenOut, totalTokensOut(units)),
    times(rates.cacheReadToken, units.cachedInputTokens),
    times(rates.cacheWriteToken, written),
  ].reduce(add);
  return toPico(sum).pico;
}

/**
 * What `customPico` sums up, one line for each unit that was used; a total is one line. Rates finer than a pico-USD are
 * shown rounded; a line's amount is what it adds to the rounded sum of the lines before it, so that all of them
 * together are the cost.
 */
export function customLines(rates: CustomRates, units: UsageUnits): CostLine[] {
  if (rates.kind === 'total') {
    const { pico } = toPico(rates.total);
    return [{ unit: 'requests', quantity: 1n, ratePico: pico, amountPico: pico }];
  }
  let sum: Decimal = { digits: 0n, decimals: 0 };
  let rounded = 0n;
  return USAGE_UNITS.flatMap((unit) => {
    const rate = rateOf(rates, unit);
    if (rate === null || units[unit] === 0) return [];
    sum = add(sum, times(rate, units[unit]));
    const amountPico = toPico(sum).pico - rounded;
    rounded += amountPico;
    return [{ unit, quantity: BigInt(units[unit]), ratePico: toPico(rate).pico, amountPico }];
  });
}

function rateOf(rates: CustomRates & { kind: 'perToken' }, unit: UsageUnit): Decimal | null {
  switch (unit) {
    case 'cachedInputTokens':
      return rates.cacheReadToken;
    case 'cacheWriteTokens':
    case 'cacheWrite1hTokens':
      return rates.cacheWriteToken;
    case 'inputTokens':
    case 'audioInputTokens':
    case 'imageInputTokens':
      return rates.tokenIn;
    case 'outputTokens':
    case 'reasoningTokens':
    case 'audioOutputTokens':
    case 'imageOutputTokens':
      return rates.tokenOut;
    case 'requests':
    case 'webSearches':
      return null;
  }
}

const times = (price: Decimal, count: number): Decimal => ({ ...price, digits: price.digits * BigInt(count) });

function add(a: Decimal, b: Decimal): Decimal {
  const decimals = Math.max(a.decimals, b.decimals);
  const scaled = (value: Decimal): bigint => value.digits * 10n ** BigInt(decimals - value.decimals);
  return { digits: scaled(a) + scaled(b), decimals };
}
