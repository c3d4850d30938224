/** Durations by the microsecond, counted in buckets: a record costs one addition, however many there are. */

/** Above it, durations share the last bucket. */
const DURATION_US_MAX = 500_000;

export class Durations {
  private readonly buckets = new Uint32Array(DURATION_US_MAX + 1);
  private count = 0;

  record(us: number): void {
    const bucket = Math.min(Math.max(Math.round(us), 0), DURATION_US_MAX);
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1;
    this.count += 1;
  }

  /** null without any */
  summary(): { readonly p50Ms: number; readonly p99Ms: number } | null {
    return this.count === 0 ? null : { p50Ms: this.below(0.5) / 1_000, p99Ms: this.below(0.99) / 1_000 };
  }

  private below(share: number): number {
    let left = Math.ceil(share * this.count);
    return this.buckets.findIndex((inBucket) => (left -= inBucket) <= 0);
  }
}
