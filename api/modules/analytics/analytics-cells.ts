/**
 * The SQL of a question's cells: rows with what they are told apart by, and sums. They come from the rollups, from what
 * is not rolled up yet, and from the ledger where a range begins or ends within a minute, an hour or a day. One
 * statement, so all is of one moment, and a delta is never seen twice or missed while it moves.
 */
import { SqlConditions } from '../../tenancy/sql-conditions.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import type { AnalyticsRequest } from './analytics-request.js';
import { segmentsOf, type Span } from './rollup-segments.js';
import {
  MEASURES,
  OTHER_VALUE,
  VALUE_CHARACTERS_MAX,
  VALUES_MAX,
  viewWith,
  type CubeColumn,
  type FineDimension,
  type Level,
  type Measure,
} from './rollup-views.js';

const measures = MEASURES.map((name) => `u.${name}`).join(', ');
const negative = MEASURES.map((name) => `-u.${name} AS ${name}`).join(', ');

/** Where the fine dimension's value stands in rows that are not rolled up. */
const FINE_VALUES: Readonly<Record<FineDimension, (key: string) => string>> = {
  API_TOKEN: () => 'u.api_token_id::text',
  ERROR_CODE: () => 'u.error_code::text',
  PATH: () => 'u.path',
  METADATA: (key) =>
    `CASE jsonb_typeof(u.metadata) WHEN 'object' THEN left(u.metadata ->> ${key}, ${VALUE_CHARACTERS_MAX}) END`,
};

/** What cells have: no column that is not asked for passes through the parts of the statement. */
export interface CellColumns {
  /** over a row `c` of a level; the cells have them as k0, k1, … */
  readonly keys: readonly string[];
  /** of the series the row is in, as `bucket`; null: there is none */
  readonly bucket: string | null;
  readonly measures: readonly Measure[];
  /** a condition on `c`; null: all cells */
  readonly wanted: ((where: SqlConditions) => string) | null;
  readonly form: CellForm;
}

/**
 * Where many rows make one cell, they are summed part by part, where they are read: SUMS. ROWS are summed by whoever
 * asked, and POINTS are, of each part and keys, one text of all its rows, which nobody sums before they are read.
 */
export type CellForm = 'SUMS' | 'ROWS' | 'POINTS';

/** A statement's cells, and its parameters. */
export interface CellsSql {
  readonly sql: string;
  readonly where: SqlConditions;
}

/**
 * The cells without a value of the fine dimension: those of requests that have none, or of all requests, so that
 * whoever sums them up subtracts those that have one.
 */
export type WithoutValue = 'NONE' | 'ALL';

/** Of the rollups as they are kept now. */
export function cellsSql(
  tx: TenantTransaction,
  request: AnalyticsRequest,
  columns: CellColumns,
  withoutValue: WithoutValue = 'NONE',
): CellsSql {
  return new Cells(tx, request, Date.now(), withoutValue).build(columns);
}

/** Rows of a level, or what no level has, as cells. */
function cellsOf(rows: string, { keys, bucket, measures, form }: CellColumns, wanted: string): string {
  const told = [
    ...keys.map((key, index) => `${key} AS k${index}`),
    ...(bucket === null ? [] : [`${bucket} AS bucket`]),
  ];
  const sums = measures.map((name) => (form === 'SUMS' ? `sum(c.${name}) AS ${name}` : `c.${name}`));
  const groups = told.length === 0 ? '()' : told.map((_, index) => index + 1).join(', ');
  return `SELECT ${[...told, ...sums].join(', ')} FROM (${rows}) c ${wanted} ${form === 'SUMS' ? `GROUP BY ${groups}` : ''}`;
}

/** The same as a text of points for each of the keys: every row is one, or what rows of a moment add up to. */
function pointsOf(rows: string, columns: CellColumns, wanted: string, isSummed: boolean): string {
  const keys = columns.keys.map((_, index) => `k${index}`).join(', ');
  const cells = cellsOf(rows, { ...columns, form: isSummed ? 'SUMS' : 'ROWS' }, wanted);
  return `SELECT ${keys}, string_agg(${pointSql(columns.measures)}, ',') AS points FROM (${cells}) c GROUP BY ${keys}`;
}

/** A cell's text: when it was, in seconds since 1970, and its sums. */
export const pointSql = (measures: readonly string[]): string =>
  `concat_ws(' ', floor(date_part('epoch', c.bucket))::bigint, ${measures.map((name) => `c.${name}`).join(', ')})`;

class Cells {
  private readonly where = new SqlConditions();
  private readonly columns: ReadonlySet<CubeColumn>;
  private readonly fine: FineDimension | null;
  private readonly keySql: string;
  /** placeholders are taken once: every part of the statement filters by the same */
  private readonly scopeFilter: string;
  private readonly valueFilter: string;

  constructor(
    private readonly tx: TenantTransaction,
    private readonly request: AnalyticsRequest,
    private readonly nowMs: number,
    private readonly withoutValue: WithoutValue,
  ) {
    this.fine = request.fine?.dimension ?? null;
    this.columns = request.cubeColumns;
    const { fine } = request;
    this.keySql = fine?.dimension === 'METADATA' ? `${this.where.parameter(fine.key)}::text` : "''";
    this.scopeFilter = this.scope().sql;
    this.valueFilter = request.fine?.values
      ? ` AND u.value = ANY(${this.where.parameter(request.fine.values)}::text[])`
      : '';
  }

  build(columns: CellColumns): CellsSql {
    const { steps, from, to } = this.request;
    const span = { fromMs: from.getTime(), toMs: to.getTime() };
    const segments = segmentsOf(span, steps === null ? null : steps.seconds * 1_000, this.nowMs);
    const parts = segments.rolled.flatMap(({ level, ...piece }) => this.rolled(level.table, piece));
    const fresh = [
      ...(segments.rolledSpan === null ? [] : [this.deltas(segments.rolledSpan)]),
      ...segments.ledger.map((piece) => this.ledger(piece)),
    ];
    const wanted = columns.wanted === null ? '' : `WHERE ${columns.wanted(this.where)}`;
    const cell = (rows: string, isSummed: boolean): string =>
      columns.form === 'POINTS' ? pointsOf(rows, columns, wanted, isSummed) : cellsOf(rows, columns, wanted);
    const cells = [...parts.map((rows) => cell(rows, false)), cell(this.fresh(fresh), true)];
    return { sql: cells.join('\n UNION ALL '), where: this.where };
  }

  /** Rows of one level; those without the fine dimension are all, less those with it. */
  private rolled(table: Level['table'], span: Span): string[] {
    const fine = this.level(table, span, this.fine, 1);
    if (this.fine === null || this.request.fine?.onlyWithValue === true) return [fine];
    const all = this.level(table, span, null, 1);
    return this.withoutValue === 'ALL' ? [fine, all] : [fine, all, this.level(table, span, this.fine, -1)];
  }

  private level(table: Level['table'], span: Span, fine: FineDimension | null, sign: 1 | -1): string {
    const view = viewWith(fine, this.columns, table);
    const value = fine !== null && sign === 1 ? 'u.value' : 'NULL';
    const key = fine === 'METADATA' ? this.keySql : "''";
    return `SELECT u.gateway_id, u.at, ${value} AS value, u.provider, u.model, u.status_code, u.cached,
      ${sign === 1 ? measures : negative}
      FROM ${table} u WHERE ${this.tx.owned('u')} AND u.view = ${view.number} AND u.key = ${key}
        AND u.at >= ${this.at(span.fromMs)} AND u.at < ${this.at(span.toMs)}${this.scopeFilter}
        ${fine === null ? '' : this.valueFilter}`;
  }

  private deltas(span: Span): string {
    return `SELECT u.gateway_id, u.at, u.at AS minute, ${this.freshValue()} AS value,
      u.provider, u.model, u.status_code, u.cached, ${measures}
      FROM usage_delta u
      WHERE ${this.tx.owned('u')} AND u.at >= ${this.at(span.fromMs)} AND u.at < ${this.at(span.toMs)}${this.scopeFilter}`;
  }

  /** By the id, whose order is that of time; an adjusting entry has that of its record beside its own. */
  private ledger({ fromMs, toMs }: Span): string {
    const [from, to] = [this.at(fromMs), this.at(toMs)];
    const [first, end] = [
      `${this.where.parameter(firstIdOf(fromMs))}::uuid`,
      `${this.where.parameter(firstIdOf(toMs))}::uuid`,
    ];
    return `SELECT u.gateway_id, u.created_at, u.at AS minute, ${this.freshValue()} AS value,
      u.provider, u.model, u.status_code, u.cached, ${measures}
      FROM usage_entry u
      WHERE ${this.tx.owned('u')} AND u.day >= (${from} AT TIME ZONE 'UTC')::date
        AND u.day <= (${to} AT TIME ZONE 'UTC')::date AND u.created_at >= ${from} AND u.created_at < ${to}
        AND ((u.id >= ${first} AND u.id < ${end}) OR (u.adjusts >= ${first} AND u.adjusts < ${end}))${this.scopeFilter}`;
  }

  /** What no level has, its values told apart as the levels will. */
  private fresh(parts: readonly string[]): string {
    const isCapped = this.fine === 'METADATA' || this.fine === 'PATH';
    const value = isCapped ? CAPPED_VALUE : 'u.value';
    const filter = (this.request.fine?.onlyWithValue === true ? ' AND u.value IS NOT NULL' : '') + this.valueFilter;
    const rows = `SELECT u.gateway_id, u.at, ${value} AS value, u.provider, u.model, u.status_code, u.cached, ${measures}
      FROM (${parts.join('\n UNION ALL ')}) u (gateway_id, at, minute, value, provider, model, status_code, cached, ${MEASURES.join(', ')})
      ${isCapped ? this.capJoins() : ''}`;
    if (this.withoutValue === 'NONE') return `SELECT * FROM (${rows}) u WHERE TRUE${filter}`;
    return `SELECT u.gateway_id, u.at, v.value, u.provider, u.model, u.status_code, u.cached, ${measures}
      FROM (${rows}) u CROSS JOIN LATERAL (SELECT u.value WHERE u.value IS NOT NULL UNION ALL SELECT NULL) v (value)`;
  }

  private capJoins(): string {
    const day = "(u.minute AT TIME ZONE 'UTC')::date";
    const owned = `${this.tx.owned('k')} AND k.dimension = '${this.fine ?? ''}' AND k.key = ${this.keySql}`;
    return `LEFT JOIN usage_rollup_value own ON ${owned.replaceAll('k.', 'own.')}
        AND own.gateway_id = u.gateway_id AND own.day = ${day} AND own.value = u.value
      LEFT JOIN (SELECT k.gateway_id, k.day, count(*) AS count FROM usage_rollup_value k WHERE ${owned} GROUP BY 1, 2) of_day
        ON of_day.gateway_id = u.gateway_id AND of_day.day = ${day}`;
  }

  private freshValue(): string {
    return this.fine === null ? 'NULL::text' : FINE_VALUES[this.fine](this.keySql);
  }

  private at(ms: number): string {
    return `${this.where.parameter(new Date(ms))}::timestamptz`;
  }

  /** What the caller may see, and the filter's dimensions of the cube. */
  private scope(): { readonly sql: string } {
    const { gatewayId, filter } = this.request;
    const sql: string[] = [];
    const add = <T>(value: T | null | undefined, condition: (placeholder: string) => string): void => {
      if (value !== null && value !== undefined) sql.push(` AND ${condition(this.where.parameter(value))}`);
    };
    add(this.tx.scope.gatewayIds, (ids) => `u.gateway_id = ANY(${ids}::uuid[])`);
    add(gatewayId, (id) => `u.gateway_id = ${id}::uuid`);
    add(filter.gatewayIds, (ids) => `u.gateway_id = ANY(${ids}::uuid[])`);
    add(filter.providers, (names) => `u.provider = ANY(${names}::text[])`);
    add(filter.models, (names) => `u.model = ANY(${names}::text[])`);
    add(filter.statusCodes, (codes) => `u.status_code = ANY(${codes}::int[])`);
    add(filter.cached, (cached) => `u.cached = ${cached}::boolean`);
    return { sql: sql.join('') };
  }
}

/** The value, if it has rows of its own or may get some. */
const CAPPED_VALUE = `CASE WHEN u.value IS NULL OR own.value IS NOT NULL OR coalesce(of_day.count, 0) < ${VALUES_MAX}
  THEN u.value ELSE '${OTHER_VALUE}' END`;

/** The lowest UUIDv7 of a millisecond. */
function firstIdOf(ms: number): string {
  const time = Math.min(ms, 2 ** 48 - 1)
    .toString(16)
    .padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`;
}
