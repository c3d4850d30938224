/** What one upstream call costs: by its nature, its client's word, or the price list. */
import { NOT_BILLABLE } from '../../schema/contracts/pricing/compiled-prices.js';
import { COST_PICO_MAX, type Cost } from '../../schema/contracts/usage-record.js';
import type { Answered, Arrival, UpstreamCall } from '../exchange.js';
import { customCost } from './custom-cost.js';
import type { PriceBook } from './price-book.js';

export interface CostDeps {
  /** the price list in force */
  readonly prices: { readonly current: PriceBook };
}

/** What a cost depends on. */
type Billed = Pick<Answered, 'reading' | 'statusCode'>;

const UNPRICED: Cost = Object.freeze({
  costPico: null,
  costStatus: 'UNPRICED',
  priceVersion: null,
  priceRule: null,
});

/**
 * What nobody bills costs nothing, whatever a custom cost says: a call that is free by nature, and one that the
 * provider refused, that it sent elsewhere or that never reached it. Then the client's own cost (none, where it is per
 * token and nobody counts them), then the price list (unpriced, estimated, priced).
 */
export function costOf(deps: CostDeps, arrival: Arrival, call: UpstreamCall, answered: Billed): Cost {
  const cost = unboundedCost(deps, arrival, call, answered);
  return cost.costPico !== null && cost.costPico > COST_PICO_MAX ? UNPRICED : cost;
}

function unboundedCost(deps: CostDeps, arrival: Arrival, call: UpstreamCall, answered: Billed): Cost {
  const { reading, statusCode } = answered;
  const wasUseless = reading.usageSource === 'NONE' && (call.dialect !== null || statusCode >= 300);
  if (!call.isBillable || wasUseless) return NOT_BILLABLE;
  const custom = arrival.options.customCost;
  if (custom !== null) {
    const isUncounted = custom.kind === 'perToken' && reading.usageSource === 'NONE';
    return isUncounted ? UNPRICED : customCost(custom, reading.units);
  }
  const request = {
    provider: call.target.provider.slug,
    model: reading.model ?? call.facts?.model ?? null,
    units: reading.units,
    usageSource: reading.usageSource,
    atMs: arrival.arrivedAtMs,
    serviceTier: reading.serviceTier ?? call.facts?.serviceTier ?? null,
  };
  return deps.prices.current.price(request, call.target.policy.priceOverrides);
}
