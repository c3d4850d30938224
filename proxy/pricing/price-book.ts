/**
 * One version of the price list, ready for the hot path: a model is resolved to its rules once, then a price is a few
 * integer multiplications. Same results as the source's own calculation, but exact. Where the source would leave tokens
 * out for want of a rate, the cost is UNPRICED; where it leaves web searches out, it is the tokens' and ESTIMATED.
 */
import type { ModelPrice } from '../../schema/contracts/prices.js';
import { compilePrices, priceByList, type PriceRequest } from '../../schema/contracts/pricing/compiled-prices.js';
import type { CompiledRule } from '../../schema/contracts/pricing/compiled-rule.js';
import {
  compileOverrides,
  type ActiveOverride,
  type OverrideBook,
} from '../../schema/contracts/pricing/price-overrides.js';
import type { Cost } from '../../schema/contracts/usage-record.js';
import { lruMap } from '../lru-map.js';
import { ownText } from '../own-text.js';

/**
 * Of each provider. Model ids are the clients' own text: their number is bounded, as is their length. Beyond, an id is
 * resolved again.
 */
const MODELS_MAX = 2_000;
const NO_RULES: readonly CompiledRule[] = [];

export interface PriceBook {
  readonly version: number;
  /** Under the account's own prices first, if there are any, then under the list. Never throws. */
  price(request: PriceRequest, overrides?: readonly ActiveOverride[]): Cost;
}

export function createPriceBook(version: number, prices: readonly ModelPrice[]): PriceBook {
  const find = compilePrices(prices);
  const providers = new Set(prices.map(({ provider }) => provider));
  /** by provider, then by model: a key of both would have to be joined and hashed for each look-up */
  const resolved = new Map([...providers].map((provider) => [provider, lruMap<readonly CompiledRule[]>(MODELS_MAX)]));

  function rulesOf(provider: string, model: string): readonly CompiledRule[] {
    const models = resolved.get(provider);
    if (models === undefined) return NO_RULES;
    let rules = models.get(model);
    if (rules === undefined) {
      rules = find(provider, model);
      models.set(ownText(model), rules);
    }
    return rules;
  }

  return {
    version,
    price(request, overrides) {
      const own = overrides === undefined || overrides.length === 0 ? null : overrideBook(overrides).price(request);
      return own ?? priceByList(version, rulesOf, request);
    },
  };
}

/** Compiled once for each policy document that is loaded, and gone with it. */
const overrideBooks = new WeakMap<readonly ActiveOverride[], OverrideBook>();

function overrideBook(overrides: readonly ActiveOverride[]): OverrideBook {
  let book = overrideBooks.get(overrides);
  if (book === undefined) {
    book = compileOverrides(overrides);
    overrideBooks.set(overrides, book);
  }
  return book;
}
