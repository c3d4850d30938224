/**
 * What the rollups hold. A view is a set of dimensions by which a level's rows are told apart: always the gateway, some
 * of the cube's (provider, model, status code, cached), and at most one fine dimension. The larger a view, the more
 * rows it has, so each question reads the smallest that can answer it.
 */

/** Dimensions of which a view has one at most. */
export const FINE_DIMENSIONS = ['API_TOKEN', 'PATH', 'ERROR_CODE', 'METADATA'] as const;
export type FineDimension = (typeof FINE_DIMENSIONS)[number];

export const CUBE_COLUMNS = ['provider', 'model', 'status_code', 'cached'] as const;
export type CubeColumn = (typeof CUBE_COLUMNS)[number];

/** The sums of a row, in the columns of `usage_delta`, `usage_entry` and all levels. */
export const COUNTS = ['requests', 'errors', 'cached_requests', 'rate_limited', 'unpriced'] as const;
const AMOUNTS = ['tokens_in', 'tokens_out', 'tokens_cached_in', 'cost_pico', 'saved_pico'] as const;
export const SUMS = [...COUNTS, ...AMOUNTS] as const;
export type SumName = (typeof SUMS)[number];
/** Distributions, each of them one number that is summed as all others are. */
export const SKETCHES = ['durations', 'first_tokens'] as const;
export const MEASURES = [...SUMS, ...SKETCHES] as const;
export type Measure = (typeof MEASURES)[number];

export interface RollupView {
  /** what the rows name it by: never given to another set */
  readonly number: number;
  readonly fine: FineDimension | null;
  readonly columns: readonly CubeColumn[];
  /** whether only the level of days has it: elsewhere, the view with the whole cube answers */
  readonly isOfDays: boolean;
}

/** Said by whoever writes to the level of days; one that knows fewer views is refused there. */
export const VIEWS_VERSION = 2;

/** Of each fine dimension the smallest first. Rows without a value of the fine dimension are in none of its views. */
export const ROLLUP_VIEWS: readonly RollupView[] = [
  { number: 0, fine: null, columns: [], isOfDays: false },
  { number: 1, fine: null, columns: ['status_code', 'cached'], isOfDays: false },
  { number: 2, fine: null, columns: ['provider', 'model'], isOfDays: false },
  { number: 3, fine: null, columns: CUBE_COLUMNS, isOfDays: false },
  ...FINE_DIMENSIONS.flatMap((fine, index): RollupView[] => [
    { number: 10 + 10 * index, fine, columns: [], isOfDays: false },
    { number: 11 + 10 * index, fine, columns: ['status_code', 'cached'], isOfDays: true },
    { number: 12 + 10 * index, fine, columns: ['provider', 'model'], isOfDays: true },
    { number: 13 + 10 * index, fine, columns: CUBE_COLUMNS, isOfDays: false },
  ]),
];

/** The smallest view with these dimensions that a level has. */
export function viewWith(
  fine: FineDimension | null,
  columns: ReadonlySet<CubeColumn>,
  table: Level['table'],
): RollupView {
  const found = ROLLUP_VIEWS.find(
    (view) =>
      view.fine === fine &&
      (!view.isOfDays || table === DAYS) &&
      [...columns].every((name) => view.columns.includes(name)),
  );
  if (found === undefined) throw new Error('every fine dimension has a view with the whole cube');
  return found;
}

const DAYS = 'usage_day';
/** The levels, the coarsest first. `unitMs` divides the next one's. */
export const LEVELS = [
  { table: DAYS, unitMs: 86_400_000, keptDays: 400 },
  { table: 'usage_hour', unitMs: 3_600_000, keptDays: 60 },
  { table: 'usage_minute', unitMs: 60_000, keptDays: 3 },
] as const;
export type Level = (typeof LEVELS)[number];

/**
 * Values of a metadata key, and paths, that have rows of their own, in one gateway and day; of the other ones all is
 * one.
 */
export const VALUES_MAX = 200;
/** Metadata keys, in one gateway and day; by the other ones nothing is told apart. */
export const METADATA_KEYS_MAX = 50;
export const OTHER_VALUE = '(other)';
/** Values are told apart by so many characters. */
export const VALUE_CHARACTERS_MAX = 256;
