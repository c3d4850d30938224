/**
 * How a rate limit counts: windows begin at multiples of its interval since 1970. A fixed limit looks at the present
 * window alone; a sliding one adds the share of the window before that a trailing interval would still reach into. The
 * script in Redis does the same sums (`limit-script.ts`); this is for a proxy that has to decide alone.
 */
export interface WindowCounts {
  readonly intervalMs: number;
  readonly isSliding: boolean;
  /** since the present window began */
  readonly elapsedMs: number;
  /** admitted in the present window */
  readonly current: number;
  /** admitted in the window before; of a fixed limit it does not count */
  readonly previous: number;
}

/** How many more would be admitted now, one after the other. */
export function remainingOf(limit: number, counts: WindowCounts): number {
  const { intervalMs, isSliding, elapsedMs, current } = counts;
  if (waitMsOf(limit, counts) > 0) return 0;
  const counted = current + (isSliding ? (counts.previous * (intervalMs - elapsedMs)) / intervalMs : 0);
  return Math.max(1, Math.floor(limit - counted));
}

/** How long until one more would be admitted if nobody else were, in ms; 0: it is now. */
export function waitMsOf(limit: number, counts: WindowCounts): number {
  const { intervalMs, isSliding, elapsedMs, current } = counts;
  const previous = isSliding ? counts.previous : 0;
  const left = limit - 1 - current;
  const toNextMs = intervalMs - elapsedMs;
  if (previous * toNextMs <= left * intervalMs) return 0;
  if (left >= 0) return Math.max(1, Math.ceil(toNextMs - (left * intervalMs) / previous));
  // What was counted in this window still counts in the next.
  return isSliding ? toNextMs + Math.ceil(intervalMs - ((limit - 1) * intervalMs) / current) : toNextMs;
}
