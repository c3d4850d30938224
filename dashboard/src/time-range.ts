/** Ranges of time as addresses and questions have them. */

export const RANGES = { '1h': 1, '6h': 6, '24h': 24, '7d': 168, '30d': 720 } as const;
export type RangeName = keyof typeof RANGES;
const RANGE_DEFAULT: RangeName = '24h';

export type Interval = 'MINUTE' | 'FIVE_MINUTES' | 'HOUR' | 'DAY';
export const INTERVAL_MS: Readonly<Record<Interval, number>> = {
  MINUTE: 60_000,
  FIVE_MINUTES: 300_000,
  HOUR: 3_600_000,
  DAY: 86_400_000,
};

/** Half-open, as all ranges of the api are. */
export interface TimeRange {
  /** null: a range of its own, from one moment to another */
  readonly name: RangeName | null;
  readonly fromMs: number;
  readonly toMs: number;
  /** the step of its charts */
  readonly interval: Interval;
}

const HOUR_MS = INTERVAL_MS.HOUR;
/** The most points of a chart: more than a screen shows. */
const POINTS_MAX = 400;
/**
 * How long the api keeps steps of a length, in days (api/modules/analytics/rollup-views.ts); it refuses finer ones of
 * before.
 */
const KEPT_DAYS: Readonly<Record<Interval, number>> = { MINUTE: 3, FIVE_MINUTES: 3, HOUR: 60, DAY: Infinity };

const isRangeName = (name: string | null): name is RangeName => name !== null && Object.hasOwn(RANGES, name);

/** Out of an address: `range=7d`, or `from=…&to=…`. What cannot be read is the default. */
export function timeRange(
  given: { readonly [Part in 'range' | 'from' | 'to']: string | null },
  nowMs: number,
): TimeRange {
  const fromMs = Date.parse(given.from ?? '');
  const toMs = Date.parse(given.to ?? '');
  if (fromMs < toMs) return { name: null, fromMs, toMs, interval: intervalOf(fromMs, toMs, nowMs) };
  const name = isRangeName(given.range) ? given.range : RANGE_DEFAULT;
  const lengthMs = RANGES[name] * HOUR_MS;
  const interval = intervalOf(nowMs - lengthMs, nowMs, nowMs);
  // Whole steps, the last one unfinished: the range stays the same until a new step begins.
  const stepMs = INTERVAL_MS[interval];
  const endMs = Math.ceil((nowMs + 1) / stepMs) * stepMs;
  return { name, fromMs: endMs - lengthMs, toMs: endMs, interval };
}

/** The finest step that draws no more points than a chart takes, and that the api keeps for so long ago. */
function intervalOf(fromMs: number, toMs: number, nowMs: number): Interval {
  const intervals = ['MINUTE', 'FIVE_MINUTES', 'HOUR', 'DAY'] as const;
  const fits = (interval: Interval): boolean =>
    (toMs - fromMs) / INTERVAL_MS[interval] <= POINTS_MAX && nowMs - fromMs <= KEPT_DAYS[interval] * INTERVAL_MS.DAY;
  return intervals.find(fits) ?? 'DAY';
}

/** The range before it, of the same length. */
export const previousRange = ({ fromMs, toMs, interval }: TimeRange): TimeRange => ({
  name: null,
  fromMs: fromMs - (toMs - fromMs),
  toMs: fromMs,
  interval,
});

/** As variables of an operation. */
export const rangeVariables = ({ fromMs, toMs }: TimeRange): { readonly from: string; readonly to: string } => ({
  from: new Date(fromMs).toISOString(),
  to: new Date(toMs).toISOString(),
});
