/** A checked question to analytics: its range, its steps, its groups, its filter. */
import { z } from 'zod';
import type { GatewayId } from '../../../schema/contracts/ids.js';
import { badInput } from '../../errors.js';
import { isGiven, parseInput } from '../../input.js';
import { notBefore1970 } from '../../iso-time.js';
import { metadataFilters, type CheckedMetadata } from '../../metadata-filter.js';
import { anyOf, anyOfIds, plainText } from '../../text-input.js';
import { keptForSteps } from './rollup-segments.js';
import {
  FINE_DIMENSIONS,
  VALUE_CHARACTERS_MAX,
  type CubeColumn,
  type FineDimension,
  type SumName,
} from './rollup-views.js';
import type { AnalyticsDimension, AnalyticsFilter, Interval } from './analytics.inputs.js';

export const SERIES_POINTS_MAX = 1_500;
/** Points of all groups' series together. */
export const GROUP_POINTS_MAX = 30_000;
/**
 * The same when percentiles are asked for: a point's distributions are up to 5 KB of digits, and all are held at once.
 */
export const LATENCY_POINTS_MAX = 3_000;
const TOP_DEFAULT = 20;
const TOP_MAX = 100;

const INTERVAL_SECONDS: Readonly<Record<Interval, number>> = {
  MINUTE: 60,
  FIVE_MINUTES: 300,
  HOUR: 3_600,
  DAY: 86_400,
};
const CUBE: Readonly<Partial<Record<AnalyticsDimension, CubeColumn>>> = {
  PROVIDER: 'provider',
  MODEL: 'model',
  STATUS_CODE: 'status_code',
  CACHED: 'cached',
};
const FINE: ReadonlySet<AnalyticsDimension> = new Set(FINE_DIMENSIONS);
const isFine = (dimension: AnalyticsDimension): dimension is FineDimension => FINE.has(dimension);

/** Those with the most of it come first. */
export const GROUP_ORDERS = ['REQUESTS', 'COST', 'TOKENS'] as const;
export type GroupOrder = (typeof GROUP_ORDERS)[number];

export interface AnalyticsRequest {
  readonly from: Date;
  readonly to: Date;
  /** null: no series */
  readonly steps: Steps | null;
  readonly groupBy: readonly AnalyticsDimension[];
  readonly top: number;
  /** which groups are the first */
  readonly order: GroupOrder;
  readonly filter: CheckedAnalyticsFilter;
  /** the cube's dimensions that are grouped by or filtered */
  readonly cubeColumns: ReadonlySet<CubeColumn>;
  readonly fine: FineQuestion | null;
  /** null: the whole account */
  readonly gatewayId: GatewayId | null;
}

/** The one dimension beside the cube's that a question names. */
export interface FineQuestion {
  readonly dimension: FineDimension;
  /** of METADATA the key; '' otherwise */
  readonly key: string;
  /** those that are asked for; null: all */
  readonly values: readonly string[] | null;
  /** requests that have none are left out */
  readonly onlyWithValue: boolean;
}

/** What is read of each point of a group's series. */
export interface TotalsSelection {
  readonly sums: readonly SumName[];
  readonly hasLatency: boolean;
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
  metadataKey: plainText.nullish(),
  metadata: metadataFilters,
});
export type CheckedAnalyticsFilter = z.infer<typeof filterSchema>;

/** Throws BAD_USER_INPUT naming the field that cannot be answered. */
export function analyticsRequest(
  input: AnalyticsFilter,
  gatewayId: GatewayId | null,
  order: GroupOrder = 'REQUESTS',
): AnalyticsRequest {
  if (input.to <= input.from) throw badInput('filter.to', 'must be after from');
  const [from, to] = [notBefore1970(input.from), notBefore1970(input.to)];
  const groupBy = input.groupBy ?? [];
  if (new Set(groupBy).size < groupBy.length) throw badInput('filter.groupBy', 'must not name a dimension twice');
  const top = input.top ?? TOP_DEFAULT;
  if (top < 1 || top > TOP_MAX) throw badInput('filter.top', `must be from 1 to ${TOP_MAX}`);
  const filter = parseInput(filterSchema, input, 'filter');
  if (isGiven(filter.metadataKey) && !groupBy.includes('METADATA')) {
    throw badInput('filter.metadataKey', 'must be given only where METADATA is grouped by');
  }
  const fine = fineQuestion(groupBy, filter, input.apiTokenIds !== null && input.apiTokenIds !== undefined);
  const steps = input.interval ? stepsOf(from, to, input.interval) : null;
  return { from, to, steps, groupBy, top, order, filter, cubeColumns: cubeColumns(groupBy, filter), fine, gatewayId };
}

function cubeColumns(groupBy: readonly AnalyticsDimension[], filter: CheckedAnalyticsFilter): Set<CubeColumn> {
  const columns = new Set(groupBy.flatMap((dimension) => CUBE[dimension] ?? []));
  if (filter.providers) columns.add('provider');
  if (filter.models) columns.add('model');
  if (filter.statusCodes) columns.add('status_code');
  if (typeof filter.cached === 'boolean') columns.add('cached');
  return columns;
}

/** The same of all groups together: what groups alone need is not read. */
export const withoutGroups = (request: AnalyticsRequest): AnalyticsRequest => ({
  ...request,
  groupBy: [],
  cubeColumns: cubeColumns([], request.filter),
  fine: request.fine?.onlyWithValue === true ? request.fine : null,
});

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
  const firstMs = first * seconds * 1_000;
  if (firstMs < keptForSteps(seconds, Date.now())) {
    throw badInput('filter.interval', `${interval} is not kept for so long ago: take a longer one, or a later from`);
  }
  return { seconds, firstMs, count };
}

/** Throws when the question names more than one fine dimension, or more than one metadata key. */
function fineQuestion(
  groupBy: readonly AnalyticsDimension[],
  filter: CheckedAnalyticsFilter,
  filtersTokens: boolean,
): FineQuestion | null {
  const fine = new Set(groupBy.filter(isFine));
  if (fine.size > 1) {
    throw badInput(
      'filter.groupBy',
      `must name at most one of ${FINE_DIMENSIONS.join(', ')}, not ${[...fine].join(' and ')}`,
    );
  }
  const metadata = filter.metadata ?? [];
  addFiltered(fine, 'API_TOKEN', { isFiltered: filtersTokens, field: 'filter.apiTokenIds' });
  addFiltered(fine, 'METADATA', { isFiltered: metadata.length > 0, field: 'filter.metadata' });
  const [dimension] = fine;
  if (dimension === undefined) return null;
  switch (dimension) {
    case 'METADATA':
      return metadataQuestion(filter.metadataKey, metadata, groupBy);
    case 'API_TOKEN':
      return { dimension, key: '', values: filter.apiTokenIds, onlyWithValue: filter.apiTokenIds !== null };
    case 'PATH':
    case 'ERROR_CODE':
      return { dimension, key: '', values: null, onlyWithValue: false };
  }
}

function addFiltered(
  fine: Set<FineDimension>,
  dimension: FineDimension,
  { isFiltered, field }: { readonly isFiltered: boolean; readonly field: string },
): void {
  if (!isFiltered) return;
  if (fine.size > 0 && !fine.has(dimension)) throw badInput(field, `must not be combined with ${[...fine].join()}`);
  fine.add(dimension);
}

function metadataQuestion(
  groupedKey: string | null | undefined,
  entries: readonly CheckedMetadata[],
  groupBy: readonly AnalyticsDimension[],
): FineQuestion {
  if (groupBy.includes('METADATA') && typeof groupedKey !== 'string') {
    throw badInput('filter.metadataKey', 'must name the key that METADATA groups by');
  }
  const keys = new Set([...(typeof groupedKey === 'string' ? [groupedKey] : []), ...entries.map(({ key }) => key)]);
  if (keys.size > 1) throw badInput('filter.metadata', `must name one metadata key, not ${[...keys].join(' and ')}`);
  const [key = ''] = keys;
  const named = new Set(
    // as Postgres counts characters
    entries.flatMap(({ value }) =>
      typeof value === 'string' ? [Array.from(value).slice(0, VALUE_CHARACTERS_MAX).join('')] : [],
    ),
  );
  // All entries must hold: two values of one key never do.
  const values = named.size === 0 ? null : named.size === 1 ? [...named] : [];
  return { dimension: 'METADATA', key, values, onlyWithValue: entries.length > 0 };
}
