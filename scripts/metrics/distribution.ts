/** How a set of sizes is spread: what `npm run metrics` shows of files and functions. */

export interface Distribution {
  readonly count: number;
  readonly median: number;
  readonly p90: number;
  readonly max: number;
}

/** Nearest-rank percentiles: each is a size that occurs. All zero for an empty set. */
export function distribution(sizes: readonly number[]): Distribution {
  const sorted = sizes.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { count: sorted.length, median: at(0.5), p90: at(0.9), max: at(1) };
}
