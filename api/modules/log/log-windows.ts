/**
 * A range of time in windows of days, so that a page of logs opens the partitions that it reads and no others: the
 * first is the one day at which the page begins, each further one is three times as wide.
 */

export const DAY_MS = 86_400_000;
/** A page of a search reads no more than this. */
export const SEARCH_MS_MAX = 24 * 3_600_000;
/** One query holds a lock on every partition of its window, and on each of their indexes. */
const WINDOW_DAYS_MAX = 64;
const GROWTH = 3;

/** `fromMs` is in it, `toMs` is not. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The windows of a range, whole days but for its ends: the newest first when `isDescending`, else the oldest. What lies
 * before `partitionedFromMs`, of which no day has a partition, is one window, or goes with the last one of several
 * days: to look into one table more costs less than to ask once more.
 */
export function* timeWindows(range: TimeWindow, isDescending: boolean, partitionedFromMs = 0): Generator<TimeWindow> {
  let days = 1;
  let { fromMs, toMs } = range;
  while (fromMs < toMs) {
    const bound = isDescending ? dayStart(toMs - 1) - (days - 1) * DAY_MS : dayStart(fromMs) + days * DAY_MS;
    const isLast = toMs <= partitionedFromMs || (days > 1 && bound <= partitionedFromMs);
    const window = isDescending
      ? { fromMs: isLast ? fromMs : Math.max(fromMs, bound), toMs }
      : { fromMs, toMs: Math.min(toMs, Math.max(bound, partitionedFromMs)) };
    yield window;
    if (isDescending) toMs = window.fromMs;
    else fromMs = window.toMs;
    days = Math.min(days * GROWTH, WINDOW_DAYS_MAX);
  }
}

/**
 * A window in parts, the newest first when `isDescending`: the `days` that lie in it (ascending, `2026-01-31`) apart
 * from the others, those that follow each other together. What is planned for some days that lack an index is no plan
 * for the others.
 */
export function daysApart(window: TimeWindow, days: readonly string[], isDescending: boolean): TimeWindow[] {
  const { fromMs, toMs } = window;
  const bounds = new Set<number>();
  for (const day of days) {
    const startMs = Date.parse(day);
    // where one of them ends and the next begins is no bound
    for (const bound of [startMs, startMs + DAY_MS]) if (!bounds.delete(bound)) bounds.add(bound);
  }
  const inside = [...bounds].filter((bound) => bound > fromMs && bound < toMs);
  const parts = [...inside, toMs].map((end, index) => ({ fromMs: inside[index - 1] ?? fromMs, toMs: end }));
  return isDescending ? parts.reverse() : parts;
}

export const isDayStart = (ms: number): boolean => ms % DAY_MS === 0;
const dayStart = (ms: number): number => Math.floor(ms / DAY_MS) * DAY_MS;
export const isoDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** The first and the last day of a window. */
export const windowDays = ({ fromMs, toMs }: TimeWindow): readonly [first: string, last: string] => [
  isoDay(fromMs),
  isoDay(Math.max(fromMs, toMs - 1)),
];
