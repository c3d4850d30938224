/** Sums over the ledger, read from its rollups. All is computed by Postgres in exact numbers and leaves as text. */
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import type { SqlConditions } from '../../tenancy/sql-conditions.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { badInput } from '../../errors.js';
import { cellsSql } from './analytics-cells.js';
import {
  GROUP_POINTS_MAX,
  LATENCY_POINTS_MAX,
  withoutGroups,
  type AnalyticsRequest,
  type GroupOrder,
  type Steps,
} from './analytics-request.js';
import type { AnalyticsDimension } from './analytics.inputs.js';
import type { Latency, UsageGroup, UsagePoint, UsageTotals } from './analytics.types.js';
import {
  ANYTHING_SQL,
  LATENCY_SQL,
  latencyOf,
  NO_USAGE_ROW,
  lessThoseWithValue,
  PACKED_TOTALS_SQL,
  SUMMED_SQL,
  TOTALS_SQL,
  totalsOf,
  totalsRow,
  type LatencyRow,
  type TotalsRow,
} from './usage-totals.js';

type ReadScope = AccountScope<'analytics.read'>;

/** Of a cell. */
const DIMENSIONS: Readonly<Record<AnalyticsDimension, string>> = {
  GATEWAY: 'c.gateway_id::text',
  PROVIDER: 'c.provider',
  MODEL: 'c.model',
  STATUS_CODE: 'c.status_code::text',
  CACHED: "CASE WHEN c.cached THEN 'true' ELSE 'false' END",
  PATH: 'c.value',
  ERROR_CODE: 'c.value',
  API_TOKEN: 'c.value',
  METADATA: 'c.value',
};

/** What the first groups have most of. */
const ORDERS: Readonly<Record<GroupOrder, readonly string[]>> = {
  REQUESTS: ['requests'],
  COST: ['cost_pico'],
  TOKENS: ['tokens_in', 'tokens_out'],
};

/** What the rows of an answer are told apart by. */
interface Shape {
  readonly byKey: boolean;
  readonly byBucket: boolean;
  /** the groups that are wanted; null: the first in the request's order, at most so many as were asked for */
  readonly keys: readonly GroupKey[] | null;
}

type GroupKey = readonly (string | null)[];

interface ShapeRow {
  readonly key: (string | null)[];
  /** the interval's number since 1970 */
  readonly bucket: string;
}

/** Compiling such a plan takes longer than running it; and what thousands of groups are summed in must not go to disk. */
const PLANNED_SQL =
  "SELECT set_config('jit', 'off', true), set_config('work_mem', '32MB', true) WHERE $1::uuid IS NOT NULL";
const SORTED_SQL = "SELECT set_config('enable_hashagg', 'off', true) WHERE $1::uuid IS NOT NULL";

export class AnalyticsQueries {
  constructor(private readonly database: Database) {}

  async totals(scope: ReadScope, request: AnalyticsRequest): Promise<UsageTotals> {
    const shape = { byKey: false, byBucket: false, keys: null };
    const [row] = await this.rows<TotalsRow>(scope, request, shape, TOTALS_SQL);
    const latencies = this.latencies(scope, request, shape);
    return totalsOf(row ?? NO_USAGE_ROW, async () => (await latencies())(row));
  }

  /** One point for every interval of the range, also where nothing happened; none without an interval. */
  async series(scope: ReadScope, request: AnalyticsRequest): Promise<UsagePoint[]> {
    const { steps } = request;
    if (steps === null) return [];
    const shape = { byKey: false, byBucket: true, keys: null };
    const rows = await this.rows<TotalsRow>(scope, request, shape, TOTALS_SQL);
    return pointsOf(steps, rows, this.latencies(scope, request, shape));
  }

  /** The groups with the most requests (or whatever the request's order asks for), at most `top`; none without `groupBy`. */
  async groups(scope: ReadScope, request: AnalyticsRequest): Promise<UsageGroup[]> {
    if (request.groupBy.length === 0) return [];
    const rows = await this.firstGroups(scope, request);
    const keys = rows.map(({ key }) => key);
    const latencies = this.latencies(scope, request, { byKey: true, byBucket: false, keys });
    const series = once(() => this.groupSeries(scope, request, keys));
    return rows.map((row) => ({
      key: row.key,
      totals: totalsOf(row, async () => (await latencies())(row)),
      loadSeries: async (withLatency) => {
        assertFewPoints(request, keys.length, withLatency);
        return (await series()).get(JSON.stringify(row.key)) ?? [];
      },
    }));
  }

  private firstGroups(scope: ReadScope, request: AnalyticsRequest): Promise<(TotalsRow & ShapeRow)[]> {
    const fine = request.groupBy.findIndex((dimension) => dimension === request.fine?.dimension);
    if (fine < 0 || request.fine?.onlyWithValue === true) {
      return this.rows<TotalsRow>(scope, request, { byKey: true, byBucket: false, keys: null }, TOTALS_SQL);
    }
    return this.database.inAccount(scope, async (tx) => {
      const { sql, where } = cellsSql(tx, { ...request, steps: null }, Date.now(), 'ALL');
      const dimensions = request.groupBy.map((dimension) => DIMENSIONS[dimension]);
      const order = ORDERS[request.order].map((name) => `c.${name}`).join(' + ');
      await tx.query(PLANNED_SQL);
      return tx.query<TotalsRow & ShapeRow>(
        `SELECT jsonb_build_array(${dimensions.map((_, index) => `k${index}`).join(', ')}) AS key, NULL::bigint AS bucket, ${SUMMED_SQL}
         FROM (${lessThoseWithValue(sql, dimensions, fine)}) c ORDER BY ${order} DESC, key LIMIT ${where.parameter(request.top)}`,
        where.parameters,
      );
    });
  }

  private async groupSeries(
    scope: ReadScope,
    request: AnalyticsRequest,
    keys: readonly GroupKey[],
  ): Promise<ReadonlyMap<string, UsagePoint[]>> {
    const { steps } = request;
    if (steps === null) return new Map();
    const shape = { byKey: true, byBucket: true, keys };
    const packed = await this.database.inAccount(scope, async (tx) => {
      const { sql, parameters } = await this.statement(tx, request, shape, PACKED_TOTALS_SQL);
      return tx.query<PackedRow>(
        `SELECT key, string_agg(bucket || ' ' || packed, ',') AS points FROM (${sql}) p GROUP BY key`,
        parameters,
      );
    });
    const latencies = this.latencies(scope, request, shape);
    const byKey = new Map(packed.map((row) => [JSON.stringify(row.key), row]));
    return new Map(
      keys.map((key) => {
        const name = JSON.stringify(key);
        const row = byKey.get(name);
        return [name, pointsOf(steps, row === undefined ? [] : unpacked(row), latencies)] as const;
      }),
    );
  }

  /** Percentiles of rows of this shape; read for all of them when the first are asked for. */
  private latencies(scope: ReadScope, request: AnalyticsRequest, shape: Shape): Latencies {
    return once(async () => {
      const rows = await this.rows<LatencyRow>(scope, request, shape, LATENCY_SQL);
      const byShape = new Map(rows.map((row) => [shapeOf(row), row]));
      return (row) => latencyOf(row === undefined ? undefined : byShape.get(shapeOf(row)));
    });
  }

  private rows<Row>(
    scope: ReadScope,
    request: AnalyticsRequest,
    shape: Shape,
    columns: string,
  ): Promise<(Row & ShapeRow)[]> {
    return this.database.inAccount(scope, async (tx) => {
      const { sql, parameters } = await this.statement(tx, request, shape, columns);
      return tx.query<Row & ShapeRow>(sql, parameters);
    });
  }

  /** Rows with `key`, `bucket` and `columns`. Grouped by the columns themselves: making JSON of each cell takes longer than summing it. */
  private async statement(
    tx: TenantTransaction,
    request: AnalyticsRequest,
    shape: Shape,
    columns: string,
  ): Promise<{ readonly sql: string; readonly parameters: readonly unknown[] }> {
    const asked = shape.byKey ? request : withoutGroups(request);
    // without a series, the coarsest level there is
    const { sql, where } = cellsSql(tx, shape.byBucket ? asked : { ...asked, steps: null }, Date.now());
    const dimensions = shape.byKey ? request.groupBy.map((dimension) => DIMENSIONS[dimension]) : [];
    const key = shape.byKey ? `jsonb_build_array(${dimensions.join(', ')})` : 'NULL::jsonb';
    const seconds = request.steps?.seconds ?? 1;
    const start = `date_bin('${seconds} seconds', c.at, 'epoch')`;
    const bucket = shape.byBucket ? `extract(epoch FROM ${start})::bigint / ${seconds}` : 'NULL::bigint';
    const wanted = shape.keys === null ? '' : `WHERE ${wantedSql(dimensions, shape.keys, where)}`;
    const having = shape.byKey ? havingSql(key, dimensions.length, shape, where) : '';
    const top = shape.byKey && shape.keys === null ? topSql(request, where) : '';
    await tx.query(PLANNED_SQL);
    // Each point is of few cells: sorting them has the sums of one point in memory, and hashing those of all.
    if (shape.byKey && shape.byBucket) await tx.query(SORTED_SQL);
    const groups = [...dimensions, ...(shape.byBucket ? [start] : [])];
    return {
      sql: `SELECT ${key} AS key, ${bucket} AS bucket, ${columns} FROM (${sql}) c ${wanted}
        GROUP BY ${groups.length === 0 ? '()' : groups.join(', ')} ${having} ${top}`,
      parameters: where.parameters,
    };
  }
}

/** Of several dimensions each may be one that is wanted, and all together not. */
function havingSql(key: string, dimensions: number, { keys }: Shape, where: SqlConditions): string {
  if (keys === null || dimensions < 2) return `HAVING ${ANYTHING_SQL}`;
  const wanted = where.parameter(keys.map((one) => JSON.stringify(one)));
  return `HAVING (${ANYTHING_SQL}) AND ${key} = ANY(${wanted}::jsonb[])`;
}

function topSql({ order, top }: AnalyticsRequest, where: SqlConditions): string {
  const most = ORDERS[order].map((name) => `sum(c.${name})`).join(' + ');
  return `ORDER BY ${most} DESC, key LIMIT ${where.parameter(top)}`;
}

/** What may be of one of these groups: each dimension by itself, so that it narrows what is read. */
function wantedSql(dimensions: readonly string[], keys: readonly GroupKey[], where: SqlConditions): string {
  return dimensions
    .map((dimension, index) => {
      const values = [...new Set(keys.map((key) => key[index] ?? null))];
      const named = `${dimension} = ANY(${where.parameter(values.filter((value) => value !== null))}::text[])`;
      return values.includes(null) ? `(${named} OR ${dimension} IS NULL)` : named;
    })
    .join(' AND ');
}

function assertFewPoints({ steps }: AnalyticsRequest, groups: number, withLatency: boolean): void {
  const points = (steps?.count ?? 0) * groups;
  const max = withLatency ? LATENCY_POINTS_MAX : GROUP_POINTS_MAX;
  if (points <= max) return;
  const what = withLatency ? 'points with percentiles' : 'points';
  throw badInput('filter.top', `gives ${points} ${what}, over ${max}: ask for fewer groups or points`);
}

/** Answers the percentiles of a row; of none where nothing was found. */
type Latencies = () => Promise<(row: ShapeRow | undefined) => Latency>;

/** Begins the work when it is first asked for, and never again. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | null = null;
  return () => (begun ??= work());
}

const shapeOf = (row: ShapeRow): string => `${row.bucket} ${JSON.stringify(row.key)}`;

/** A group's points: each its bucket and its sums. So many rows of so many columns would take longer to read than to sum. */
interface PackedRow {
  readonly key: (string | null)[];
  readonly points: string;
}

function unpacked({ key, points }: PackedRow): (TotalsRow & ShapeRow)[] {
  return points.split(',').map((point) => {
    const [bucket = '', ...sums] = point.split(' ');
    return { key, bucket, ...totalsRow(sums) };
  });
}

function pointsOf(steps: Steps, rows: readonly (TotalsRow & ShapeRow)[], latencies: Latencies): UsagePoint[] {
  const byBucket = new Map(rows.map((row) => [Number(row.bucket), row]));
  const stepMs = steps.seconds * 1_000;
  return Array.from({ length: steps.count }, (_, index) => {
    const at = new Date(steps.firstMs + index * stepMs);
    const row = byBucket.get(at.getTime() / stepMs);
    return { at, totals: totalsOf(row ?? NO_USAGE_ROW, async () => (await latencies())(row)) };
  });
}
