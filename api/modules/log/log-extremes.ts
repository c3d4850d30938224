/** The least and the greatest of what logs measure: over windows of time, and over both forms of records. */
import { TOKENS_IN_SQL, TOKENS_OUT_SQL } from './log-row.js';

/** In the order of the statement's columns. The cost is in pico-USD. */
export const MEASURES = ['cost', 'durationMs', 'tokensIn', 'tokensOut', 'totalTokens'] as const;
type Measure = (typeof MEASURES)[number];

export interface Extremes {
  readonly min: bigint;
  readonly max: bigint;
}
/** null: no log has that measure */
export type LogExtremes = Readonly<Record<Measure, Extremes | null>>;

/** What a statement answers: the extremes of each measure, as digits. */
export type ExtremesRow = Readonly<Record<`min_${number}` | `max_${number}`, string | number | null>>;

export const NO_EXTREMES: LogExtremes = {
  cost: null,
  durationMs: null,
  tokensIn: null,
  tokensOut: null,
  totalTokens: null,
};

/** The columns that say them of records `u`. */
export function extremesColumnsSql(costSql: string): string {
  const measured = [costSql, 'u.duration_ms', TOKENS_IN_SQL, TOKENS_OUT_SQL, `(${TOKENS_IN_SQL} + ${TOKENS_OUT_SQL})`];
  return measured.map((sql, index) => `min(${sql}) AS min_${index}, max(${sql}) AS max_${index}`).join(', ');
}

export function extremesOf(row: ExtremesRow | undefined): LogExtremes {
  const pairs = MEASURES.map((measure, index) => {
    const [min, max] = [row?.[`min_${index}`] ?? null, row?.[`max_${index}`] ?? null];
    return [measure, min === null || max === null ? null : { min: BigInt(min), max: BigInt(max) }];
  });
  return Object.fromEntries(pairs) as LogExtremes; // one entry for each of MEASURES
}

/** Those of two sets of logs together. */
export function widened(left: LogExtremes, right: LogExtremes): LogExtremes {
  const pairs = MEASURES.map((measure) => [measure, wider(left[measure], right[measure])]);
  return Object.fromEntries(pairs) as LogExtremes; // one entry for each of MEASURES
}

function wider(left: Extremes | null, right: Extremes | null): Extremes | null {
  if (left === null || right === null) return left ?? right;
  return { min: left.min < right.min ? left.min : right.min, max: left.max > right.max ? left.max : right.max };
}
