/** What a record says of all its attempts: their units and their cost are its own, summed exactly. */
import { ratesOfRule } from '../../schema/contracts/pricing/custom-rates.js';
import { COST_PICO_MAX, type AttemptRecord, type UsageRecord } from '../../schema/contracts/usage-record.js';
import { addUnits, noUnits, type UsageUnits } from '../../schema/contracts/usage-units.js';

type AttemptSum = Pick<UsageRecord, 'units' | 'usageSource' | 'costPico' | 'costStatus' | 'priceVersion' | 'priceRule'>;

/**
 * Of one attempt it is that attempt, so that nothing is made for nearly every request. An attempt of unknown cost
 * leaves the whole cost unknown; an estimated one makes all of it an estimate. The price named is the last attempt's
 * that has one.
 */
export function attemptSum(attempts: readonly [AttemptRecord, ...AttemptRecord[]]): AttemptSum {
  const first = attempts[0];
  if (attempts.length === 1) return first;
  const { priceVersion, priceRule } = attempts.findLast((attempt) => attempt.priceRule !== null) ?? first;
  const costStatus = statusOf(attempts);
  const units: UsageUnits = attempts.reduce((sum, attempt) => addUnits(sum, attempt.units), noUnits());
  const costPico = attempts.reduce((sum, attempt) => sum + (attempt.costPico ?? 0n), 0n);
  const isKnown = costStatus !== 'UNPRICED' && costPico <= COST_PICO_MAX;
  return {
    units,
    usageSource: sourceOf(attempts),
    costPico: isKnown ? costPico : null,
    costStatus: isKnown ? costStatus : 'UNPRICED',
    priceVersion: isKnown ? priceVersion : null,
    priceRule: isKnown ? priceRule : null,
  };
}

/**
 * The same attempts, of which a client's own price in total (`cf-aig-custom-cost`) costs the last one alone that it is
 * for: it says what the request costs, however often it was tried.
 */
export function withTotalOnce(attempts: readonly AttemptRecord[]): AttemptRecord[] {
  const charged = new Set<string>();
  return attempts
    .toReversed()
    .map((attempt) => {
      const { costStatus, priceRule } = attempt;
      if (costStatus !== 'CUSTOM' || priceRule === null || ratesOfRule(priceRule)?.kind !== 'total') return attempt;
      if (charged.has(priceRule)) return { ...attempt, costPico: 0n, priceRule: null };
      charged.add(priceRule);
      return attempt;
    })
    .toReversed();
}

/** The first that applies, but for attempts that cost nothing beside others that do. */
function statusOf(attempts: readonly AttemptRecord[]): UsageRecord['costStatus'] {
  for (const status of ['UNPRICED', 'CUSTOM', 'ESTIMATED', 'PRICED'] as const) {
    if (attempts.some((attempt) => attempt.costStatus === status)) return status;
  }
  return 'NOT_BILLABLE';
}

function sourceOf(attempts: readonly AttemptRecord[]): UsageRecord['usageSource'] {
  for (const source of ['ESTIMATED', 'PROVIDER'] as const) {
    if (attempts.some((attempt) => attempt.usageSource === source)) return source;
  }
  return 'NONE';
}
