/** The sums of a set of cells: their SQL, and from its row to the contract's totals. */
import { usdFromPico } from '../../../schema/contracts/decimal.js';
import type { Latency, UsageTotals } from './analytics.types.js';
import { percentilesOf } from './latency-sketch.js';
import { SKETCHES, SUMS, type SumName } from './rollup-views.js';

const sum = (name: string): string => `coalesce(sum(c.${name}), 0)::text AS ${name}`;
/** Over cells `c`. */
export const TOTALS_SQL = SUMS.map(sum).join(', ');
/** Over rows `c` that have the sums. */
export const SUMMED_SQL = SUMS.map((name) => `c.${name}::text AS ${name}`).join(', ');
/** Apart: a distribution is kilobytes of digits. */
export const LATENCY_SQL = SKETCHES.map(sum).join(', ');
/** Whether anything was counted or cost anything: of cells, and of rows that have the sums. */
export const ANYTHING_SQL = SUMS.map((name) => `sum(c.${name}) <> 0`).join(' OR ');
const ANYTHING_SUMMED_SQL = SUMS.map((name) => `c.${name} <> 0`).join(' OR ');

/**
 * The sums of cells by their keys k0, k1, …: where the one at `fine` is null, the cells have all, and what remains of
 * all without those that have a value is none's. Each cell is read once.
 */
export function lessThoseWithValue(cells: string, keys: number, fine: number): string {
  const names = Array.from({ length: keys }, (_, index) => `k${index}`);
  const others = names.filter((_, index) => index !== fine);
  const within = others.length === 0 ? '' : `PARTITION BY ${others.join(', ')}`;
  const remaining = (name: string): string =>
    `CASE WHEN k${fine} IS NULL THEN ${name} - coalesce(sum(${name}) FILTER (WHERE k${fine} IS NOT NULL) OVER (${within}), 0)
      ELSE ${name} END AS ${name}`;
  return `SELECT * FROM (SELECT ${[...names, ...SUMS.map(remaining)].join(', ')} FROM (
    SELECT ${[...names, ...SUMS.map((name) => `sum(c.${name}) AS ${name}`)].join(', ')}
    FROM (${cells}) c GROUP BY ${names.join(', ')}) g) c WHERE ${ANYTHING_SUMMED_SQL}`;
}

/** A row of TOTALS_SQL: digits. */
export type TotalsRow = Readonly<Record<SumName, string>>;

/** Sums of cells that are to be added up, a text each, in the order of `names`: taken apart when they are asked for. */
export interface PackedSums {
  readonly names: readonly SumName[];
  readonly cells: readonly string[];
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

export function totalsOf(sums: TotalsRow | PackedSums, loadLatency: () => Promise<Latency>): UsageTotals {
  return new TotalsOfSums(sums, loadLatency);
}

/**
 * Reads its digits when they are asked for: a series of many groups has thousands of these, and a question few of their
 * fields.
 */
class TotalsOfSums implements UsageTotals {
  private row: Partial<TotalsRow> | null = null;
  /**
   * read once for all of its percentiles, which are read off kilobytes of digits; its own, for resolvers get no
   * prototype
   */
  readonly loadLatency: () => Promise<Latency>;

  constructor(
    private readonly sums: TotalsRow | PackedSums,
    readLatency: () => Promise<Latency>,
  ) {
    let latency: Promise<Latency> | null = null;
    this.loadLatency = () => (latency ??= readLatency());
  }

  get requests(): bigint {
    return BigInt(this.digits('requests'));
  }
  get errors(): bigint {
    return BigInt(this.digits('errors'));
  }
  get cached(): bigint {
    return BigInt(this.digits('cached_requests'));
  }
  get rateLimited(): bigint {
    return BigInt(this.digits('rate_limited'));
  }
  get unpriced(): bigint {
    return BigInt(this.digits('unpriced'));
  }
  get successRate(): number | null {
    const all = Number(this.digits('requests'));
    return all === 0 ? null : (all - Number(this.digits('errors')) - Number(this.digits('rate_limited'))) / all;
  }
  get tokensIn(): bigint {
    return BigInt(this.digits('tokens_in'));
  }
  get tokensOut(): bigint {
    return BigInt(this.digits('tokens_out'));
  }
  get tokensCachedIn(): bigint {
    return BigInt(this.digits('tokens_cached_in'));
  }
  get costUsd(): string {
    return usdFromPico(this.digits('cost_pico'));
  }
  get savedUsd(): string {
    return usdFromPico(this.digits('saved_pico'));
  }

  private digits(name: SumName): string {
    this.row ??= 'cells' in this.sums ? unpacked(this.sums) : this.sums;
    const digits = this.row[name];
    if (digits === undefined) throw new Error(`${name} was not asked for when the sums were read`);
    return digits;
  }
}

function unpacked({ names, cells: [first = '', ...others] }: PackedSums): Partial<TotalsRow> {
  const sums = first.split(' ');
  for (const cell of others) {
    for (const [index, digits] of cell.split(' ').entries())
      sums[index] = String(BigInt(sums[index] ?? 0) + BigInt(digits));
  }
  return Object.fromEntries(names.map((name, index) => [name, sums[index]]));
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
