/** The sums of a set of cells: their SQL, and from its row to the contract's totals. */
import { usdFromPico } from '../../scalars/numeric-scalars.js';
import type { Latency, UsageTotals } from './analytics.types.js';
import { percentilesOf } from './latency-sketch.js';
import { AMOUNTS, COUNTS, SKETCHES } from './rollup-views.js';

const NAMES = [...COUNTS, ...AMOUNTS];
const sum = (name: string): string => `coalesce(sum(c.${name}), 0)::text AS ${name}`;
/** Over cells `c`. */
export const TOTALS_SQL = NAMES.map(sum).join(', ');
/** Over rows `c` that have the sums. */
export const SUMMED_SQL = NAMES.map((name) => `c.${name}::text AS ${name}`).join(', ');
/** The same as one text, which `totalsRow` takes apart. */
export const PACKED_TOTALS_SQL = `concat_ws(' ', ${NAMES.map((name) => `sum(c.${name})`).join(', ')}) AS packed`;
/** Apart: a distribution is kilobytes of digits. */
export const LATENCY_SQL = SKETCHES.map(sum).join(', ');
/** Whether anything was counted or cost anything: of cells, and of rows that have the sums. */
export const ANYTHING_SQL = NAMES.map((name) => `sum(c.${name}) <> 0`).join(' OR ');
const ANYTHING_SUMMED_SQL = NAMES.map((name) => `c.${name} <> 0`).join(' OR ');

/**
 * The sums of cells by `dimensions`, as rows with the columns k0, k1, …: where the one at `fine` is null, the cells have all,
 * and what remains of all without those that have a value is none's. Each cell is read once.
 */
export function lessThoseWithValue(cells: string, dimensions: readonly string[], fine: number): string {
  const keys = dimensions.map((_, index) => `k${index}`);
  const others = keys.filter((_, index) => index !== fine);
  const within = others.length === 0 ? '' : `PARTITION BY ${others.join(', ')}`;
  const remaining = (name: string): string =>
    `CASE WHEN k${fine} IS NULL THEN ${name} - coalesce(sum(${name}) FILTER (WHERE k${fine} IS NOT NULL) OVER (${within}), 0)
      ELSE ${name} END AS ${name}`;
  return `SELECT * FROM (SELECT ${[...keys, ...NAMES.map(remaining)].join(', ')} FROM (
    SELECT ${dimensions.map((dimension, index) => `${dimension} AS k${index}`).join(', ')},
      ${NAMES.map((name) => `sum(c.${name}) AS ${name}`).join(', ')}
    FROM (${cells}) c GROUP BY ${dimensions.join(', ')}) g) c WHERE ${ANYTHING_SUMMED_SQL}`;
}

/** A row of TOTALS_SQL: digits. */
export type TotalsRow = Readonly<Record<(typeof COUNTS)[number] | (typeof AMOUNTS)[number], string>>;

/** Of the sums in the order of PACKED_TOTALS_SQL. */
export function totalsRow(sums: readonly string[]): TotalsRow {
  const [requests = '', errors = '', cached = '', limited = '', unpriced = '', tokensIn = '', tokensOut = '', cachedIn = '', cost = '', saved = ''] = sums; // prettier-ignore
  return {
    requests,
    errors,
    cached_requests: cached,
    rate_limited: limited,
    unpriced,
    tokens_in: tokensIn,
    tokens_out: tokensOut,
    tokens_cached_in: cachedIn,
    cost_pico: cost,
    saved_pico: saved,
  };
}
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
  return new TotalsOfRow(row, loadLatency);
}

/** Reads its digits when they are asked for: a series of many groups has thousands of these, and a question few of their fields. */
class TotalsOfRow implements UsageTotals {
  constructor(
    private readonly row: TotalsRow,
    readonly loadLatency: () => Promise<Latency>,
  ) {}

  get requests(): bigint {
    return BigInt(this.row.requests);
  }
  get errors(): bigint {
    return BigInt(this.row.errors);
  }
  get cached(): bigint {
    return BigInt(this.row.cached_requests);
  }
  get rateLimited(): bigint {
    return BigInt(this.row.rate_limited);
  }
  get unpriced(): bigint {
    return BigInt(this.row.unpriced);
  }
  get successRate(): number | null {
    const all = Number(this.row.requests);
    return all === 0 ? null : (all - Number(this.row.errors) - Number(this.row.rate_limited)) / all;
  }
  get tokensIn(): bigint {
    return BigInt(this.row.tokens_in);
  }
  get tokensOut(): bigint {
    return BigInt(this.row.tokens_out);
  }
  get tokensCachedIn(): bigint {
    return BigInt(this.row.tokens_cached_in);
  }
  get costUsd(): string {
    return usdFromPico(this.row.cost_pico);
  }
  get savedUsd(): string {
    return usdFromPico(this.row.saved_pico);
  }
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
