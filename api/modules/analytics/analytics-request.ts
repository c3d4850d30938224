/** A checked question to analytics: its range, its steps, its groups, its filter. */
import { z } from 'zod';
import type { GatewayId } from '../../../schema/contracts/ids.js';
import { badInput } from '../../errors.js';
import { parseInput } from '../../input.js';
import { anyOf, anyOfIds, plainText } from '../../text-input.js';
import type { AnalyticsDimension, AnalyticsFilter, Interval } from './analytics.inputs.js';

export const SERIES_POINTS_MAX = 1_500;
/** Points of all groups' series together. */
export const GROUP_POINTS_MAX = 30_000;
const TOP_DEFAULT = 20;
const TOP_MAX = 100;

const INTERVAL_SECONDS: Readonly<Record<Interval, number>> = {
  MINUTE: 60,
  FIVE_MINUTES: 300,
  HOUR: 3_600,
  DAY: 86_400,
};
/** Dimensions of which one question names at most one, grouped by or filtered. */
const FINE_DIMENSIONS: readonly AnalyticsDimension[] = ['API_TOKEN', 'PATH', 'ERROR_CODE'];

export interface AnalyticsRequest {
  readonly from: Date;
  readonly to: Date;
  /** null: no series */
  readonly steps: Steps | null;
  readonly groupBy: readonly AnalyticsDimension[];
  readonly top: number;
  readonly filter: CheckedAnalyticsFilter;
  /** null: the whole account */
  readonly gatewayId: GatewayId | null;
}

/** The points of a series: `count` of them, `seconds` apart, the first at `firstMs`. */
export interface Steps {
  readonly seconds: number;
  readonly firstMs: number;
  readonly count: number;
}

const filterSchema = z.object({
  gatewayIds: anyOfIds,
  providers: anyOf(plainText),
  models: anyOf(plainText),
  statusCodes: anyOf(z.int()),
  apiTokenIds: anyOfIds,
  cached: z.boolean().nullish(),
});
export type CheckedAnalyticsFilter = z.infer<typeof filterSchema>;

/** Throws BAD_USER_INPUT naming the field that cannot be answered. */
export function analyticsRequest(input: AnalyticsFilter, gatewayId: GatewayId | null): AnalyticsRequest {
  if (input.to <= input.from) throw badInput('filter.to', 'must be after from');
  // Nothing was recorded before 1970, and Postgres has no year 0.
  const [from, to] = [notBefore1970(input.from), notBefore1970(input.to)];
  const groupBy = input.groupBy ?? [];
  if (new Set(groupBy).size < groupBy.length) throw badInput('filter.groupBy', 'must not name a dimension twice');
  assertOneFineDimension(groupBy, input);
  const top = input.top ?? TOP_DEFAULT;
  if (top < 1 || top > TOP_MAX) throw badInput('filter.top', `must be from 1 to ${TOP_MAX}`);
  const steps = input.interval ? stepsOf(from, to, input.interval) : null;
  return { from, to, steps, groupBy, top, filter: parseInput(filterSchema, input, 'filter'), gatewayId };
}

const notBefore1970 = (at: Date): Date => new Date(Math.max(at.getTime(), 0));

function stepsOf(from: Date, to: Date, interval: Interval): Steps {
  const seconds = INTERVAL_SECONDS[interval];
  const first = Math.floor(from.getTime() / 1_000 / seconds);
  const last = Math.floor((to.getTime() - 1) / 1_000 / seconds);
  const count = last - first + 1;
  if (count > SERIES_POINTS_MAX) {
    throw badInput(
      'filter.interval',
      `would give ${count} points; at most ${SERIES_POINTS_MAX} are given: take a longer one`,
    );
  }
  return { seconds, firstMs: first * seconds * 1_000, count };
}

function assertOneFineDimension(groupBy: readonly AnalyticsDimension[], input: AnalyticsFilter): void {
  const fine = new Set(groupBy.filter((dimension) => FINE_DIMENSIONS.includes(dimension)));
  if (fine.size > 1) {
    throw badInput(
      'filter.groupBy',
      `must name at most one of ${FINE_DIMENSIONS.join(', ')}, not ${[...fine].join(' and ')}`,
    );
  }
  if (input.apiTokenIds && fine.size > 0 && !fine.has('API_TOKEN')) {
    throw badInput('filter.apiTokenIds', `must not be combined with groupBy ${[...fine].join()}`);
  }
}
