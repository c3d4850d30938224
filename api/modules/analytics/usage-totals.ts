/** The sums of a set of rows: their SQL, and from its row to the contract's totals. */
import { usdFromPico } from '../../scalars/numeric-scalars.js';
import { TOKENS_IN_SQL, TOKENS_OUT_SQL } from '../log/index.js';
import type { UsageTotals } from './analytics.types.js';

/** Wire codes of refusals by a tenant's rate limit or quota. */
const LIMITED_SQL = 'u.error_code IS NOT DISTINCT FROM 2003 OR u.error_code IS NOT DISTINCT FROM 9005';
const requests = (condition: string): string =>
  `coalesce(sum(u.request_count) FILTER (WHERE u.kind = 'USAGE' AND (${condition})), 0)`;
const SERVED_SQL = `u.kind = 'USAGE' AND NOT (${LIMITED_SQL})`;

/**
 * Corrections (`kind` ADJUSTMENT) change the cost, and are no requests; one that gave an UNPRICED record its price takes
 * it out of those that have none.
 */
export const TOTALS_SQL = `
  ${requests('TRUE')} AS requests,
  ${requests(`(u.status_code >= 400 OR u.interrupted) AND NOT (${LIMITED_SQL})`)} AS errors,
  ${requests('u.cached')} AS cached,
  ${requests(LIMITED_SQL)} AS rate_limited,
  ${requests("u.cost_status = 'UNPRICED'")} - count(*) FILTER (WHERE u.prices_unpriced) AS unpriced,
  coalesce(sum(${TOKENS_IN_SQL}), 0) AS tokens_in,
  coalesce(sum(${TOKENS_OUT_SQL}), 0) AS tokens_out,
  coalesce(sum(u.cached_input_tokens), 0) AS tokens_cached_in,
  coalesce(sum(u.cost_pico), 0) AS cost_pico,
  coalesce(sum(u.saved_pico), 0) AS saved_pico,
  percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY u.duration_ms) FILTER (WHERE ${SERVED_SQL}) AS durations,
  percentile_cont(0.95) WITHIN GROUP (ORDER BY u.time_to_first_token_ms) FILTER (WHERE ${SERVED_SQL}) AS first_token_p95`;

/** A row of TOTALS_SQL; exact numbers are digits. */
export interface TotalsRow {
  readonly requests: string;
  readonly errors: string;
  readonly cached: string;
  readonly rate_limited: string;
  readonly unpriced: string;
  readonly tokens_in: string;
  readonly tokens_out: string;
  readonly tokens_cached_in: string;
  readonly cost_pico: string;
  readonly saved_pico: string;
  readonly durations: readonly (number | null)[] | null;
  readonly first_token_p95: number | null;
}

/** No row at all. */
export const NO_USAGE_ROW: TotalsRow = Object.freeze({
  requests: '0',
  errors: '0',
  cached: '0',
  rate_limited: '0',
  unpriced: '0',
  tokens_in: '0',
  tokens_out: '0',
  tokens_cached_in: '0',
  cost_pico: '0',
  saved_pico: '0',
  durations: null,
  first_token_p95: null,
});

export function totalsOf(row: TotalsRow): UsageTotals {
  const all = Number(row.requests);
  const [p50 = null, p95 = null, p99 = null] = row.durations ?? [];
  return {
    requests: BigInt(row.requests),
    errors: BigInt(row.errors),
    cached: BigInt(row.cached),
    rateLimited: BigInt(row.rate_limited),
    unpriced: BigInt(row.unpriced),
    successRate: all === 0 ? null : (all - Number(row.errors) - Number(row.rate_limited)) / all,
    tokensIn: BigInt(row.tokens_in),
    tokensOut: BigInt(row.tokens_out),
    tokensCachedIn: BigInt(row.tokens_cached_in),
    costUsd: usdFromPico(row.cost_pico),
    savedUsd: usdFromPico(row.saved_pico),
    durationP50Ms: p50,
    durationP95Ms: p95,
    durationP99Ms: p99,
    timeToFirstTokenP95Ms: row.first_token_p95,
  };
}
