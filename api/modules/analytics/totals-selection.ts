/**
 * What a query asks of totals, known before any is read: percentiles cost far more memory than sums, and of the
 * thousands of points of a series each sum that nobody asks for is one to add up, to write and to send.
 */
import { Kind, type GraphQLResolveInfo, type SelectionSetNode } from 'graphql';
import type { TotalsSelection } from './analytics-request.js';
import type { Latency } from './analytics.types.js';
import type { SumName } from './rollup-views.js';

const PERCENTILES: Readonly<Record<keyof Latency, true>> = {
  durationP50Ms: true,
  durationP95Ms: true,
  durationP99Ms: true,
  timeToFirstTokenP95Ms: true,
};

/** What each field of the totals is made of. */
const SUMS = new Map<string, readonly SumName[]>([
  ['requests', ['requests']],
  ['errors', ['errors']],
  ['cached', ['cached_requests']],
  ['rateLimited', ['rate_limited']],
  ['unpriced', ['unpriced']],
  ['successRate', ['requests', 'errors', 'rate_limited']],
  ['tokensIn', ['tokens_in']],
  ['tokensOut', ['tokens_out']],
  ['tokensCachedIn', ['tokens_cached_in']],
  ['costUsd', ['cost_pico']],
  ['savedUsd', ['saved_pico']],
]);

/** What is selected anywhere below the field that is resolved, by the names of `UsageTotals`. */
export function selectedTotals({ fieldNodes, fragments }: GraphQLResolveInfo): TotalsSelection {
  const names = new Set<string>();
  const visited = new Set<string>();
  const visit = (set: SelectionSetNode | undefined): void => {
    for (const node of set?.selections ?? []) {
      if (node.kind !== Kind.FRAGMENT_SPREAD) {
        if (node.kind === Kind.FIELD) names.add(node.name.value);
        visit(node.selectionSet);
      } else if (!visited.has(node.name.value)) {
        visited.add(node.name.value);
        visit(fragments[node.name.value]?.selectionSet);
      }
    }
  };
  for (const { selectionSet } of fieldNodes) visit(selectionSet);
  return {
    sums: [...new Set([...names].flatMap((name) => SUMS.get(name) ?? []))],
    hasLatency: [...names].some((name) => Object.hasOwn(PERCENTILES, name)),
  };
}
