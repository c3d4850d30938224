/** A document's prices and the list in force, made into one list. */
import type { ModelPrice } from '../../../schema/contracts/prices.js';
import { compilePrices } from '../../../schema/contracts/pricing/compiled-prices.js';
import type { PriceCandidate } from './price-candidate.js';

export const IMPORT_MODES = ['REPLACE', 'MERGE', 'FILL'] as const;
/**
 * `REPLACE`: the document is the whole list. `MERGE`: its models take the place of those of the same name, or stand
 * before the provider's others. `FILL`: only models that the list in force does not price are added.
 */
export type ImportMode = (typeof IMPORT_MODES)[number];

export function mergedPrices(
  inForce: readonly ModelPrice[],
  candidates: readonly PriceCandidate[],
  mode: ImportMode,
): ModelPrice[] {
  const known = new Map(inForce.map((price) => [nameOf(price), price]));
  const prices = candidates.map((candidate): ModelPrice => {
    const { provider, model, rules } = candidate;
    const match = candidate.match ?? known.get(nameOf(candidate))?.match ?? { equals: model };
    return { provider, model, match, rules: [...rules] };
  });
  switch (mode) {
    case 'REPLACE':
      return prices;
    case 'MERGE': {
      const names = new Set(prices.map(nameOf));
      const added = prices.filter((price) => !known.has(nameOf(price)));
      const replaced = new Map(prices.map((price) => [nameOf(price), price]));
      // In their old places: the order decides which of two that match a model prices it.
      return [
        ...added,
        ...inForce.map((price) => (names.has(nameOf(price)) ? (replaced.get(nameOf(price)) ?? price) : price)),
      ];
    }
    case 'FILL': {
      const rulesOf = compilePrices(inForce);
      return [
        ...inForce,
        ...prices.filter((price) => isUnknown(price) && rulesOf(price.provider, price.model).length === 0),
      ];
    }
  }

  function isUnknown(price: ModelPrice): boolean {
    return !known.has(nameOf(price));
  }
}

const nameOf = ({ provider, model }: { readonly provider: string; readonly model: string }): string =>
  `${provider}/${model}`;
