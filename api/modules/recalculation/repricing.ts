/** One record priced anew. Pure: what prices are in force is given. */
import type { PriceRequest } from '../../../schema/contracts/pricing/compiled-prices.js';
import { markedTier } from '../../../schema/contracts/pricing/compiled-rule.js';
import { COST_PICO_MAX, type Cost, type CostStatus } from '../../../schema/contracts/usage-record.js';
import type { PricedAttempt } from '../log/index.js';

/** Never throws. */
export type PriceNow = (request: PriceRequest) => Cost;

/** What a record costs under the prices of now; `cost` is null when an attempt has none. */
export interface Repricing {
  readonly cost: (Cost & { readonly costPico: bigint }) | null;
  readonly attempts: readonly (Cost & { readonly number: number })[];
}

/** Statuses whose cost a price list decides. */
export const LIST_PRICED: readonly CostStatus[] = ['PRICED', 'ESTIMATED', 'UNPRICED'];

/**
 * Dated prices are those of the record's own time, in the lists of now. Units that were estimated stay so, and an
 * attempt whose cost no list decides keeps it.
 */
export function reprice(attempts: readonly PricedAttempt[], atMs: number, priceNow: PriceNow): Repricing {
  const costs = attempts.map((attempt) => ({ number: attempt.number, ...costNow(attempt, atMs, priceNow) }));
  return { cost: sumOf(costs), attempts: costs };
}

function costNow(attempt: PricedAttempt, atMs: number, priceNow: PriceNow): Cost {
  const { provider, model, units, usageSource, costPico, costStatus, priceVersion, priceRule } = attempt;
  if (!LIST_PRICED.includes(costStatus)) return { costPico, costStatus, priceVersion, priceRule };
  return priceNow({ provider, model, units, usageSource, atMs, serviceTier: markedTier(priceRule) });
}

function sumOf(costs: readonly Cost[]): Repricing['cost'] {
  let costPico = 0n;
  let priced: Cost | undefined;
  for (const cost of costs) {
    if (cost.costPico === null) return null;
    costPico += cost.costPico;
    if (cost.costStatus === 'PRICED' || cost.costStatus === 'ESTIMATED') priced = cost;
  }
  if (priced === undefined || costPico > COST_PICO_MAX) return null;
  const costStatus = costs.some((cost) => cost.costStatus === 'ESTIMATED') ? 'ESTIMATED' : 'PRICED';
  return { costPico, costStatus, priceVersion: priced.priceVersion, priceRule: priced.priceRule };
}
