/**
 * What a gateway's usage looks like as lines of charts. Counts become numbers here: a chart has fewer digits than a
 * sum.
 */
import type { ChartSeries } from '../../components/chart-data.js';
import { errorText } from '../../error-codes.js';

/** One for each group of a chart. */
const COLORS: readonly string[] = Array.from({ length: 8 }, (_, index) => `--series-${index + 1}`);

/** One step of the range, as the api counts it. */
export interface StepTotals {
  readonly requests: string;
  readonly cached: string;
  readonly successRate: number | null;
  readonly tokensIn: string;
  readonly tokensOut: string;
  readonly tokensCachedIn: string;
  readonly costUsd: string;
  readonly savedUsd: string;
  readonly durationP50Ms: number | null;
  readonly durationP95Ms: number | null;
  readonly durationP99Ms: number | null;
  readonly timeToFirstTokenP95Ms: number | null;
}

type Step = { readonly totals: StepTotals };
type ValueOf = (totals: StepTotals) => number | null;

/** Name, colour and value of each line of a chart. */
type Lines = readonly (readonly [label: string, color: string, valueOf: ValueOf])[];

const linesOf = (steps: readonly Step[], lines: Lines): ChartSeries[] =>
  lines.map(([label, color, valueOf]) => ({ label, color, values: steps.map(({ totals }) => valueOf(totals)) }));

export const successSeries = (steps: readonly Step[]): ChartSeries[] =>
  linesOf(steps, [['Succeeded', '--good', (totals) => totals.successRate]]);

export const tokenSeries = (steps: readonly Step[]): ChartSeries[] =>
  linesOf(steps, [
    ['In', '--series-1', (totals) => Number(totals.tokensIn)],
    ['Out', '--series-2', (totals) => Number(totals.tokensOut)],
    ["From the provider's cache", '--series-6', (totals) => Number(totals.tokensCachedIn)],
  ]);

export const costSeries = (steps: readonly Step[]): ChartSeries[] =>
  linesOf(steps, [
    ['Cost', '--series-1', (totals) => Number(totals.costUsd)],
    ['Saved by caching', '--good', (totals) => Number(totals.savedUsd)],
  ]);

export const latencySeries = (steps: readonly Step[]): ChartSeries[] =>
  linesOf(steps, [
    ['p50', '--series-2', (totals) => totals.durationP50Ms],
    ['p95', '--series-1', (totals) => totals.durationP95Ms],
    ['p99', '--series-4', (totals) => totals.durationP99Ms],
  ]);

export const firstTokenSeries = (steps: readonly Step[]): ChartSeries[] =>
  linesOf(steps, [['p95', '--series-1', (totals) => totals.timeToFirstTokenP95Ms]]);

export const cacheSeries = (steps: readonly Step[]): ChartSeries[] =>
  linesOf(steps, [
    ['Hits', '--series-2', ({ cached, requests }) => (requests === '0' ? null : Number(cached) / Number(requests))],
  ]);

export interface CountedGroup {
  readonly key: readonly (string | null)[];
  readonly series: readonly { readonly totals: { readonly requests: string } }[];
}

const STATUS_CLASSES = [
  ['Succeeded', '--good', (status: number) => status < 400],
  ['Too many requests', '--series-6', (status: number) => status === 429],
  ["Client's errors", '--warning', (status: number) => status >= 400 && status < 500 && status !== 429],
  ['Failures', '--bad', (status: number) => status >= 500],
] as const;

/**
 * Requests by the class of their status; what did not happen has no line. 429 is the gateway's limits and the
 * provider's own: the totals tell the gateway's apart.
 */
export function statusSeries(groups: readonly CountedGroup[]): ChartSeries[] {
  return STATUS_CLASSES.flatMap(([label, color, belongs]) => {
    const own = groups.filter(({ key }) => belongs(Number(key[0] ?? NaN)));
    return own.length === 0 ? [] : [{ label, color, values: sumsOf(own) }];
  });
}

export interface FailedGroup {
  readonly key: readonly (string | null)[];
  readonly series: readonly { readonly totals: { readonly errors: string } }[];
}

/** Errors by the code that the gateway gave them; those of the providers have none. */
export const errorSeries = (groups: readonly FailedGroup[]): ChartSeries[] =>
  groups
    .map(({ key, series }) => ({ code: key[0] ?? null, values: series.map(({ totals }) => Number(totals.errors)) }))
    .filter(({ values }) => values.some((value) => value > 0))
    .slice(0, COLORS.length)
    .map(({ code, values }, index) => ({
      label: code === null ? "the provider's own" : errorText(code),
      color: COLORS[index] ?? '',
      values,
    }));

const sumsOf = (groups: readonly CountedGroup[]): number[] =>
  (groups[0]?.series ?? []).map((_, index) =>
    groups.reduce((sum, { series }) => sum + Number(series[index]?.totals.requests ?? 0), 0),
  );

/** A line for each group, the largest first; at most as many as there are colours. */
export const groupSeries = (groups: readonly CountedGroup[], nameOf: (key: string | null) => string): ChartSeries[] =>
  groups.slice(0, COLORS.length).map(({ key, series }, index) => ({
    label: nameOf(key[0] ?? null),
    color: COLORS[index] ?? '',
    values: series.map(({ totals }) => Number(totals.requests)),
  }));

/** How much more or less than before: `+12.5%`; null where nothing was before. */
export function changeText(now: number | null, before: number | null): string | null {
  if (now === null || before === null || before === 0) return null;
  const percent = ((now - before) / before) * 100;
  const digits = Math.abs(percent) < 10 ? 1 : 0;
  const text = Math.abs(percent).toFixed(digits);
  return Number(text) === 0 ? '±0%' : `${percent > 0 ? '+' : '−'}${text}%`;
}
