/** The little statistics that the bench needs: medians and percentiles of samples, and their spread. */

/** A figure from several rounds: the middle one, with the least and the greatest beside it. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Throws on an empty list: a figure without a round is a fault of the bench. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const [min, max] = [sorted.at(0), sorted.at(-1)];
  if (min === undefined || max === undefined) throw new Error('no values to take the median of');
  return { median: percentile(sorted, 0.5), min, max };
}

/** The value below which `share` (0 … 1) of an ascending list lies, by the nearest rank; NaN for an empty list. */
export function percentile(ascending: readonly number[], share: number): number {
  const rank = Math.ceil(share * ascending.length) - 1;
  return ascending[Math.max(rank, 0)] ?? Number.NaN;
}
