/**
 * Which logs the wire's query asks for. `filters` come as JSON or in the dotted form of Cloudflare's client, where each
 * `filters.key` opens a filter; the older parameters that name a field each say the same.
 */
import { z } from 'zod';
import { ApiError, badInput } from '../errors.js';
import { parseInput } from '../input.js';
import { isoTimeMs } from '../iso-time.js';
import {
  assertSearchable,
  logFilterSchema,
  type CheckedLogFilter,
  type LogConditionFieldName,
  type LogFilter,
  type LogOrder,
} from '../modules/log/index.js';
import type { QueryParams } from './query-params.js';

const KEYS: Readonly<Record<string, LogConditionFieldName>> = {
  id: 'ID',
  created_at: 'CREATED_AT',
  request_content_type: 'REQUEST_CONTENT_TYPE',
  response_content_type: 'RESPONSE_CONTENT_TYPE',
  request_type: 'REQUEST_TYPE',
  success: 'SUCCESS',
  cached: 'CACHED',
  provider: 'PROVIDER',
  model: 'MODEL',
  model_type: 'MODEL_TYPE',
  cost: 'COST',
  tokens: 'TOKENS',
  tokens_in: 'TOKENS_IN',
  tokens_out: 'TOKENS_OUT',
  duration: 'DURATION',
  feedback: 'FEEDBACK',
  event_id: 'EVENT_ID',
  'metadata.key': 'METADATA_KEY',
  'metadata.value': 'METADATA_VALUE',
  authentication: 'AUTHENTICATION',
  wholesale: 'WHOLESALE',
  compatibilityMode: 'COMPATIBILITY_MODE',
  dlp_action: 'DLP_ACTION',
  user_agent: 'USER_AGENT',
};
export const FILTER_KEYS = Object.keys(KEYS);
const OPERATORS = { eq: 'EQ', neq: 'NEQ', contains: 'CONTAINS', lt: 'LT', gt: 'GT' } as const;
type Operator = keyof typeof OPERATORS;
const ORDERS = [
  'created_at',
  'provider',
  'model',
  'model_type',
  'success',
  'cached',
  'cost',
  'tokens_in',
  'tokens_out',
  'duration',
  'feedback',
] as const;
const DIRECTIONS = ['asc', 'desc'] as const;

/** The older parameters that hold one field against one value. */
const DIRECT: Readonly<Record<string, readonly [key: string, operator: Operator]>> = {
  cached: ['cached', 'eq'],
  success: ['success', 'eq'],
  feedback: ['feedback', 'eq'],
  model: ['model', 'eq'],
  model_type: ['model_type', 'eq'],
  provider: ['provider', 'eq'],
  request_content_type: ['request_content_type', 'eq'],
  response_content_type: ['response_content_type', 'eq'],
};
/** Those that bound one, both bounds inclusive. */
const BOUNDS = {
  cost: ['minCostUsd', 'maxCostUsd'],
  duration: ['minDurationMs', 'maxDurationMs'],
  total_tokens: ['minTokens', 'maxTokens'],
} as const;
const COUNTED = ['tokens_in', 'tokens_out'] as const;

const ORDER_PARAMS = ['order_by', 'order_by_direction'];
const FILTER_PARAMS = ['filters', 'filters.key', 'filters.operator', 'filters.value'];
const OLDER_PARAMS = [
  ...Object.keys(DIRECT),
  ...[...Object.keys(BOUNDS), ...COUNTED].flatMap((name) => [`min_${name}`, `max_${name}`]),
  'start_date',
  'end_date',
  'direction',
];
/** What a deletion takes: `filters` alone. */
export const SELECTION_PARAMS = [...FILTER_PARAMS, ...ORDER_PARAMS];
export const LOG_PARAMS = [...SELECTION_PARAMS, ...OLDER_PARAMS, 'search'];

interface WireFilter {
  readonly key: string;
  readonly operator: Operator;
  readonly value: readonly string[];
}

/** A filter with the place in the query that it comes from. */
interface PlacedFilter extends WireFilter {
  readonly place: string;
}

const wireFilterSchema = z
  .object({
    key: z.enum(FILTER_KEYS, `must be one of ${FILTER_KEYS.join(', ')}`),
    operator: z.enum(['eq', 'neq', 'contains', 'lt', 'gt'], 'must be eq, neq, contains, lt or gt'),
    value: z
      .array(
        z.union([z.string(), z.number(), z.boolean()], 'must be a text, a number or a boolean').transform(String),
        'must be a list',
      )
      .min(1, 'must name a value'),
  })
  .catchall(z.never('is no part of a filter'));
const wireFiltersSchema = z.array(wireFilterSchema, 'must be a list').max(100, 'must be at most 100 filters');

export interface WireSelection {
  /** in the words of GraphQL, and the same checked */
  readonly input: LogFilter;
  readonly filter: CheckedLogFilter;
  readonly order: LogOrder;
}

/** The logs that a query asks for, and their order. Throws BAD_USER_INPUT in the wire's names. */
export function readLogSelection(query: QueryParams): WireSelection {
  const filters = placedFilters(query);
  const order = readOrder(query);
  try {
    const where = filters.flatMap(({ key, operator, value }) => {
      const values = key === 'cost' ? value.map((text) => plainUsd(text) ?? text) : [...value];
      const field = KEYS[key];
      return field === undefined ? [] : [{ field, operator: OPERATORS[operator], values }];
    });
    const input: LogFilter = {
      ...boundsOf(query),
      ...timesOf(query, filters),
      search: query.text('search'),
      where: where.length === 0 ? null : where,
    };
    const filter = parseInput(logFilterSchema, input, 'filter');
    assertSearchable(filter, order);
    return { input, filter, order };
  } catch (error) {
    if (error instanceof ApiError) throw inWords(error, filters);
    throw error;
  }
}

function placedFilters(query: QueryParams): PlacedFilter[] {
  const sent = parseInput(wireFiltersSchema, [...jsonFilters(query), ...dottedFilters(query)], 'filters');
  const older = Object.entries(DIRECT).flatMap(([place, [key, operator]]) => {
    const value = query.text(place);
    return value === null ? [] : [{ key, operator, value: [value], place }];
  });
  const counted = COUNTED.flatMap((key) => {
    const [least, most] = [query.integer(`min_${key}`), query.integer(`max_${key}`)];
    return [
      ...(least === null ? [] : [{ key, operator: 'gt' as const, value: [String(least - 1)], place: `min_${key}` }]),
      ...(most === null ? [] : [{ key, operator: 'lt' as const, value: [String(most + 1)], place: `max_${key}` }]),
    ];
  });
  return [...sent.map((filter, index) => ({ ...filter, place: `filters.${index}` })), ...older, ...counted];
}

function jsonFilters(query: QueryParams): unknown[] {
  const found: unknown[] = [];
  for (const [name, text] of query.entries()) {
    if (name !== 'filters' || text === '') continue;
    const parsed = parsedJson(text);
    if (!Array.isArray(parsed)) throw badInput('filters', 'must be a JSON array, or filters.key, .operator and .value');
    found.push(...(parsed as unknown[])); // looked at next
  }
  return found;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function dottedFilters(query: QueryParams): object[] {
  const filters: { key: string; operator?: string; value: string[] }[] = [];
  for (const [name, text] of query.entries()) {
    if (!name.startsWith('filters.')) continue;
    if (name === 'filters.key') filters.push({ key: text, value: [] });
    const filter = filters.at(-1);
    if (filter === undefined) throw badInput(name, 'must come behind the filters.key that it belongs to');
    if (name === 'filters.operator') {
      if (filter.operator !== undefined) throw badInput(name, 'is there twice for one filters.key');
      filter.operator = text;
    } else if (name === 'filters.value') filter.value.push(text);
  }
  return filters;
}

function boundsOf(query: QueryParams): object {
  const bounds: Record<string, unknown> = {};
  for (const side of [0, 1] as const) {
    const prefix = side === 0 ? 'min_' : 'max_';
    bounds[BOUNDS.cost[side]] = usdParam(query, `${prefix}cost`);
    bounds[BOUNDS.duration[side]] = query.integer(`${prefix}duration`);
    const tokens = query.integer(`${prefix}total_tokens`);
    bounds[BOUNDS.total_tokens[side]] = tokens === null ? null : BigInt(tokens);
  }
  return bounds;
}

function usdParam(query: QueryParams, name: string): string | null {
  const text = query.text(name);
  if (text === null) return null;
  const usd = plainUsd(text);
  if (usd === null) throw badInput(name, 'must be an amount in USD');
  return usd;
}

/**
 * An amount as programs print it (`1e-7`, `0.30000000000000004`), in plain notation to the pico-USD; null: it is none.
 */
function plainUsd(text: string): string | null {
  if (/^-?\d{1,6}(?:\.\d{1,12})?$/.test(text)) return text;
  const amount = /^-?[\d.]{1,40}(?:e-?\d{1,3})?$/i.test(text) ? Number(text) : Number.NaN;
  return Math.abs(amount) < 1_000_000 ? amount.toFixed(12) : null;
}

/**
 * The range of time that the query asks for. What filters say of `created_at` stays a condition; here it keeps the
 * finder from looking where nothing can be.
 */
function timesOf(query: QueryParams, filters: readonly PlacedFilter[]): { from: Date | null; to: Date | null } {
  const start = timeParam(query, 'start_date');
  const end = timeParam(query, 'end_date');
  if (start !== null && end !== null && start >= end) throw badInput('end_date', 'must be after start_date');
  const froms = [start];
  const tos = [end];
  for (const { key, operator, value } of filters) {
    if (key !== 'created_at') continue;
    const times = value.map(isoTimeMs).filter((time) => time !== null); // others are refused as a condition
    if (times.length === 0) continue;
    if (operator === 'gt' || operator === 'eq') froms.push(Math.min(...times));
    if (operator === 'lt') tos.push(Math.max(...times));
    if (operator === 'eq') tos.push(Math.max(...times) + 1);
  }
  const known = (times: (number | null)[]): number[] => times.filter((time) => time !== null);
  const [from, to] = [Math.max(...known(froms)), Math.min(...known(tos))];
  if (Number.isFinite(from) && Number.isFinite(to) && from >= to) return { from: new Date(to - 1), to: new Date(to) };
  return {
    from: Number.isFinite(from) ? new Date(from) : null,
    to: Number.isFinite(to) ? new Date(to) : null,
  };
}

function timeParam(query: QueryParams, name: string): number | null {
  const text = query.text(name);
  if (text === null) return null;
  const ms = isoTimeMs(text);
  if (ms === null) throw badInput(name, 'must be a time as 2026-11-28T00:00:00Z');
  return ms;
}

function readOrder(query: QueryParams): LogOrder {
  const by = query.oneOf('order_by', ORDERS) ?? 'created_at';
  const direction = query.oneOf('order_by_direction', DIRECTIONS) ?? query.oneOf('direction', DIRECTIONS) ?? 'desc';
  return {
    field: by.toUpperCase() as Uppercase<typeof by>, // what toUpperCase does to a literal
    direction: direction.toUpperCase() as Uppercase<typeof direction>, // the same
  };
}

/** An error about `filter.where.3.operator`, as one about `filters.3.operator`, or about the parameter that said it. */
function inWords(error: ApiError, filters: readonly PlacedFilter[]): ApiError {
  if (error.field === 'filter.search') {
    return badInput('search', 'needs order_by created_at, or a range of created_at within 24 hours');
  }
  const match = /^filter\.where\.(\d+)\.(\w+)(.*)$/.exec(error.field ?? '');
  if (match === null || error.field === null) return error;
  const [, index, part = '', rest = ''] = match;
  const filter = filters[Number(index)];
  if (filter === undefined) return error;
  const isSent = filter.place.startsWith('filters.');
  const field = isSent ? `${filter.place}.${part === 'values' ? 'value' : part}${rest}` : filter.place;
  const problem = error.message.slice(error.field.length).replace(KEYS[filter.key] ?? '', filter.key);
  return new ApiError(error.code, field + problem, field);
}
