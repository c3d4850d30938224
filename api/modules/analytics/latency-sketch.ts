/**
 * Reads percentiles off a distribution that Postgres has summed up as one number (`usage_sketch` in the migrations):
 * its digits, twelve by twelve from the right, are the counts of buckets. A percentile is off by 2 % at most, and by
 * nothing below 50 ms.
 */

const DIGITS = 12;
/** Below, each millisecond has a bucket of its own. */
const EXACT_MS = 50;
const GROWTH = 1.04;

interface Bucket {
  readonly ms: number;
  readonly count: number;
}

/** The percentiles `shares` (0 … 1), interpolated between neighbours; null where there is no value. */
export function percentilesOf(sketch: string, shares: readonly number[]): (number | null)[] {
  const buckets = bucketsOf(sketch);
  const count = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
  return shares.map((share) => {
    if (count === 0) return null;
    const rank = share * (count - 1);
    const below = valueAt(buckets, Math.floor(rank));
    const above = valueAt(buckets, Math.ceil(rank));
    return below + (above - below) * (rank - Math.floor(rank));
  });
}

/** Those that are not empty, in order. */
function bucketsOf(sketch: string): Bucket[] {
  const buckets: Bucket[] = [];
  for (let end = sketch.length, index = 0; end > 0; end -= DIGITS, index++) {
    const count = Number(sketch.slice(Math.max(0, end - DIGITS), end));
    if (count > 0) buckets.push({ ms: middleOf(index), count });
  }
  return buckets;
}

/** As far from both ends of its bucket, relative to them. */
function middleOf(index: number): number {
  if (index < EXACT_MS) return index;
  return (EXACT_MS * GROWTH ** (index - EXACT_MS) * 2 * GROWTH) / (1 + GROWTH);
}

/** The value with the 0-based `rank`. */
function valueAt(buckets: readonly Bucket[], rank: number): number {
  let seen = 0;
  for (const { ms, count } of buckets) {
    seen += count;
    if (rank < seen) return ms;
  }
  return buckets.at(-1)?.ms ?? 0;
}
