/** The sums of a set of cells: their SQL, and from its row to the contract's totals. */
import { usdFromPico } from '../../scalars/numeric-scalars.js';
import type { Latency, UsageTotals } from './analytics.types.js';
import { percentilesOf } from './latency-sketch.js';
import { AMOUNTS, COUNTS, SKETCHES } from './rollup-views.js';

const sum = (name: string): string => `coalesce(sum(c.${name}), 0)::text AS ${name}`;
/** Over cells `c`. */
export const TOTALS_SQL = [...COUNTS, ...AMOUNTS].map(sum).join(', ');
/** Apart: a distribution is kilobytes of digits. */
export const LATENCY_SQL = SKETCHES.map(sum).join(', ');
/** Whether anything was counted or cost anything. */
export const ANYTHING_SQL = [...COUNTS, ...AMOUNTS].map((name) => `sum(c.${name}) <> 0`).join(' OR ');

/** A row of TOTALS_SQL: digits. */
export type TotalsRow = Readonly<Record<(typeof COUNTS)[number] | (typeof AMOUNTS)[number], string>>;
/** A row of LATENCY_SQL: digits. */
export type LatencyRow = Readonly<Record<(typeof SKETCHES)[number], string>>;

/** No row at all. */
export const NO_USAGE_ROW: TotalsRow = Object.freeze({
  requests: '0',
  errors: '0',
  cached_requests: '0',
  rate_limited: '0',
  unpriced: '0',
  tokens_in: '0',
  tokens_out: '0',
  tokens_cached_in: '0',
  cost_pico: '0',
  saved_pico: '0',
});

export function totalsOf(row: TotalsRow, loadLatency: () => Promise<Latency>): UsageTotals {
  const all = Number(row.requests);
  return {
    requests: BigInt(row.requests),
    errors: BigInt(row.errors),
    cached: BigInt(row.cached_requests),
    rateLimited: BigInt(row.rate_limited),
    unpriced: BigInt(row.unpriced),
    successRate: all === 0 ? null : (all - Number(row.errors) - Number(row.rate_limited)) / all,
    tokensIn: BigInt(row.tokens_in),
    tokensOut: BigInt(row.tokens_out),
    tokensCachedIn: BigInt(row.tokens_cached_in),
    costUsd: usdFromPico(row.cost_pico),
    savedUsd: usdFromPico(row.saved_pico),
    loadLatency,
  };
}

const NO_LATENCY: Latency = Object.freeze({
  durationP50Ms: null,
  durationP95Ms: null,
  durationP99Ms: null,
  timeToFirstTokenP95Ms: null,
});

export function latencyOf(row: LatencyRow | undefined): Latency {
  if (row === undefined) return NO_LATENCY;
  const [durationP50Ms = null, durationP95Ms = null, durationP99Ms = null] = percentilesOf(
    row.durations,
    [0.5, 0.95, 0.99],
  );
  const [timeToFirstTokenP95Ms = null] = percentilesOf(row.first_tokens, [0.95]);
  return { durationP50Ms, durationP95Ms, durationP99Ms, timeToFirstTokenP95Ms };
}
