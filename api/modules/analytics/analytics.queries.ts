/** Sums over the ledger, read from its rollups. All is computed by Postgres in exact numbers and leaves as text. */
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import type { SqlConditions } from '../../tenancy/sql-conditions.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { badInput } from '../../errors.js';
import { cellsSql, pointSql, type CellColumns } from './analytics-cells.js';
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
import { packedPoints } from './packed-series.js';
import { SKETCHES, SUMS, viewWith, type Measure, type SumName } from './rollup-views.js';
import {
  ANYTHING_SQL,
  LATENCY_SQL,
  latencyOf,
  NO_USAGE_ROW,
  lessThoseWithValue,
  SUMMED_SQL,
  TOTALS_SQL,
  totalsOf,
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

/** What a statement reads: `columns` over cells with `measures`, which are summed. */
interface Asked {
  readonly shape: Shape;
  readonly measures: readonly Measure[];
  readonly columns: string;
}
const ofSums = (shape: Shape): Asked => ({ shape, measures: SUMS, columns: TOTALS_SQL });

interface ShapeRow {
  readonly key: GroupKey;
  /** the interval's number since 1970 */
  readonly bucket: string;
}

/**
 * Compiling such a plan takes longer than running it; and what thousands of groups are summed in must not go to disk.
 */
const PLANNED_SQL =
  "SELECT set_config('jit', 'off', true), set_config('work_mem', '32MB', true) WHERE $1::uuid IS NOT NULL";
const SORTED_SQL = "SELECT set_config('enable_hashagg', 'off', true) WHERE $1::uuid IS NOT NULL";

export class AnalyticsQueries {
  constructor(private readonly database: Database) {}

  async totals(scope: ReadScope, request: AnalyticsRequest): Promise<UsageTotals> {
    const shape = { byKey: false, byBucket: false, keys: null };
    const [row] = await this.rows<TotalsRow>(scope, request, ofSums(shape));
    const latencies = this.latencies(scope, request, shape);
    return totalsOf(row ?? NO_USAGE_ROW, async () => (await latencies())(row));
  }

  /** One point for every interval of the range, also where nothing happened; none without an interval. */
  async series(scope: ReadScope, request: AnalyticsRequest): Promise<UsagePoint[]> {
    const { steps } = request;
    if (steps === null) return [];
    const shape = { byKey: false, byBucket: true, keys: null };
    const rows = await this.rows<TotalsRow>(scope, request, ofSums(shape));
    return pointsOf(steps, rows, this.latencies(scope, request, shape));
  }

  /**
   * The groups with the most requests (or whatever the request's order asks for), at most `top`; none without
   * `groupBy`.
   */
  async groups(scope: ReadScope, request: AnalyticsRequest): Promise<UsageGroup[]> {
    if (request.groupBy.length === 0) return [];
    const rows = await this.firstGroups(scope, request);
    const keys = rows.map(({ key }) => key);
    const latencies = this.latencies(scope, request, { byKey: true, byBucket: false, keys });
    // something is read also where times alone are asked for
    const series = seriesReader((sums) =>
      this.groupSeries(scope, request, keys, sums.length === 0 ? ['requests'] : sums),
    );
    return rows.map((row) => ({
      key: row.key,
      totals: totalsOf(row, async () => (await latencies())(row)),
      loadSeries: async ({ sums, hasLatency }) => {
        assertFewPoints(request, keys.length, hasLatency);
        return (await series(sums)).get(JSON.stringify(row.key)) ?? [];
      },
    }));
  }

  private firstGroups(scope: ReadScope, request: AnalyticsRequest): Promise<(TotalsRow & ShapeRow)[]> {
    const fine = request.groupBy.findIndex((dimension) => dimension === request.fine?.dimension);
    if (fine < 0 || request.fine?.onlyWithValue === true) {
      return this.rows<TotalsRow>(scope, request, ofSums({ byKey: true, byBucket: false, keys: null }));
    }
    return this.database.inAccount(scope, async (tx) => {
      const keys = request.groupBy.map((dimension) => DIMENSIONS[dimension]);
      const columns = { keys, bucket: null, wanted: null, measures: SUMS, form: 'SUMS' } as const;
      const { sql, where } = cellsSql(tx, { ...request, steps: null }, columns, 'ALL');
      const order = ORDERS[request.order].map((name) => `c.${name}`).join(' + ');
      await tx.query(PLANNED_SQL);
      return tx.query<TotalsRow & ShapeRow>(
        `SELECT ${keySql(keys.length)} AS key, NULL::bigint AS bucket, ${SUMMED_SQL}
         FROM (${lessThoseWithValue(sql, keys.length, fine)}) c ORDER BY ${order} DESC, key LIMIT ${where.parameter(request.top)}`,
        where.parameters,
      );
    });
  }

  /** A text a group: so many rows of so many columns would take longer to read than to sum. */
  private async groupSeries(
    scope: ReadScope,
    request: AnalyticsRequest,
    keys: readonly GroupKey[],
    sums: readonly SumName[],
  ): Promise<ReadonlyMap<string, UsagePoint[]>> {
    const { steps } = request;
    if (steps === null) return new Map();
    const shape = { byKey: true, byBucket: true, keys };
    const rows = await this.database.inAccount(scope, async (tx) => {
      const asked = { shape, measures: sums, columns: '' };
      const { sql, parameters } = isMadeOfPoints(request, scope)
        ? await this.points(tx, request, asked)
        : await this.summedPoints(tx, request, asked);
      return tx.query<PackedRow>(sql, parameters);
    });
    const latencies = this.latencies(scope, request, shape);
    const texts = new Map<string, string>();
    for (const { key, points } of rows) {
      const name = JSON.stringify(key);
      const others = texts.get(name);
      texts.set(name, others === undefined ? points : `${others},${points}`);
    }
    return new Map(
      keys.map((key) => {
        const name = JSON.stringify(key);
        const cells = { names: sums, text: texts.get(name) ?? '' };
        return [name, packedPoints(steps, cells, async (bucket) => (await latencies())({ key, bucket }))] as const;
      }),
    );
  }

  /** Points that nobody has summed up: nearly each row is one. */
  private async points(
    tx: TenantTransaction,
    request: AnalyticsRequest,
    { shape, measures }: Asked,
  ): Promise<Statement> {
    const columns = { ...columnsOf(request, shape), bucket: 'c.at', measures, form: 'POINTS' } as const;
    const { sql, where } = cellsSql(tx, request, columns);
    await tx.query(PLANNED_SQL);
    return {
      sql: `SELECT ${keySql(request.groupBy.length)} AS key, points FROM (${sql}) p`,
      parameters: where.parameters,
    };
  }

  private async summedPoints(tx: TenantTransaction, request: AnalyticsRequest, asked: Asked): Promise<Statement> {
    const keys = keyNames(request).join(', ');
    const summed = asked.measures.map((name) => `sum(c.${name}) AS ${name}`).join(', ');
    const { sql, parameters } = await this.statement(tx, request, { ...asked, columns: `${keys}, bucket, ${summed}` });
    return {
      sql: `SELECT ${keySql(request.groupBy.length)} AS key, string_agg(${pointSql(asked.measures)}, ',') AS points FROM (${sql}) c
         GROUP BY ${keys}`,
      parameters,
    };
  }

  /** Percentiles of rows of this shape; read for all of them when the first are asked for. */
  private latencies(scope: ReadScope, request: AnalyticsRequest, shape: Shape): Latencies {
    return once(async () => {
      const rows = await this.rows<LatencyRow>(scope, request, { shape, measures: SKETCHES, columns: LATENCY_SQL });
      const byShape = new Map(rows.map((row) => [shapeOf(row), row]));
      return (row) => latencyOf(row === undefined ? undefined : byShape.get(shapeOf(row)));
    });
  }

  private rows<Row>(scope: ReadScope, request: AnalyticsRequest, asked: Asked): Promise<(Row & ShapeRow)[]> {
    const { byKey, byBucket } = asked.shape;
    const key = byKey ? keySql(request.groupBy.length) : 'NULL::jsonb';
    const bucket = byBucket && request.steps !== null ? numberOf('c.bucket', request.steps) : 'NULL::bigint';
    return this.database.inAccount(scope, async (tx) => {
      const columns = `${key} AS key, ${bucket} AS bucket, ${asked.columns}`;
      const { sql, parameters } = await this.statement(tx, request, { ...asked, columns });
      return tx.query<Row & ShapeRow>(sql, parameters);
    });
  }

  /** Grouped by the columns themselves: making JSON of each cell takes longer than summing it. */
  private async statement(
    tx: TenantTransaction,
    request: AnalyticsRequest,
    { shape, measures, columns }: Asked,
  ): Promise<Statement> {
    const { byKey, byBucket } = shape;
    // without a series, the coarsest level there is
    const asked = { ...(byKey ? request : withoutGroups(request)), steps: byBucket ? request.steps : null };
    const { keys, bucket, wanted } = columnsOf(asked, shape);
    // most cells of a series are a point by themselves
    const form = byKey && byBucket ? 'ROWS' : 'SUMS';
    const { sql, where } = cellsSql(tx, asked, { keys, bucket, wanted, measures, form });
    const having = byKey ? havingSql(keys.length, shape, where) : '';
    const top = byKey && shape.keys === null ? topSql(request, where) : '';
    await tx.query(PLANNED_SQL);
    // Each point is of few cells: sorting them has the sums of one point in memory, and hashing those of all.
    if (byKey && byBucket) await tx.query(SORTED_SQL);
    const groups = [...keys.map((_, index) => `c.k${index}`), ...(bucket === null ? [] : ['c.bucket'])];
    return {
      sql: `SELECT ${columns} FROM (${sql}) c GROUP BY ${groups.length === 0 ? '()' : groups.join(', ')} ${having} ${top}`,
      parameters: where.parameters,
    };
  }
}

interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/**
 * What cells of this shape are told apart by, and which of them are wanted: where all groups are given, none is left
 * out.
 */
function columnsOf(
  { groupBy, steps, top }: AnalyticsRequest,
  { keys }: Shape,
): Pick<CellColumns, 'keys' | 'bucket' | 'wanted'> {
  const dimensions = groupBy.map((dimension) => DIMENSIONS[dimension]);
  return {
    keys: dimensions,
    bucket: steps === null ? null : `date_bin('${steps.seconds} seconds', c.at, 'epoch')`,
    wanted: keys === null || keys.length < top ? null : (where) => wantedSql(dimensions, keys, where),
  };
}

/**
 * Whether a group's point is hardly ever more than one row of a level: of one gateway, by columns that tell apart all
 * that the view does, but for a model's providers and whether the cache answered.
 */
function isMadeOfPoints(
  { groupBy, cubeColumns, fine, gatewayId, filter }: AnalyticsRequest,
  scope: ReadScope,
): boolean {
  const gateways = gatewayId === null ? (filter.gatewayIds ?? scope.gatewayIds) : [gatewayId];
  if (gateways?.length !== 1 || (fine !== null && !fine.onlyWithValue)) return false;
  const told = new Set<string>([...groupBy.map((dimension) => dimension.toLowerCase()), 'provider', 'cached']);
  const { columns } = viewWith(fine?.dimension ?? null, cubeColumns, 'usage_hour');
  return columns.every((name) => told.has(name));
}

/**
 * Groups of nothing are none; those that are asked for by name may be. Of several dimensions each may be wanted, and
 * all together not.
 */
function havingSql(dimensions: number, { keys }: Shape, where: SqlConditions): string {
  if (keys === null) return `HAVING ${ANYTHING_SQL}`;
  if (dimensions < 2 || !hasNull(keys)) return '';
  return `HAVING ${keySql(dimensions, 'c.')} = ANY(${where.parameter(keys.map((one) => JSON.stringify(one)))}::jsonb[])`;
}

function topSql({ order, top }: AnalyticsRequest, where: SqlConditions): string {
  const most = ORDERS[order].map((name) => `sum(c.${name})`).join(' + ');
  return `ORDER BY ${most} DESC, key LIMIT ${where.parameter(top)}`;
}

/**
 * What may be of one of these groups: each dimension by itself, so that it narrows what is read; and, where all have
 * values, together.
 */
function wantedSql(dimensions: readonly string[], keys: readonly GroupKey[], where: SqlConditions): string {
  const columns = dimensions.map((_, index) => keys.map((key) => key[index] ?? null));
  const each = dimensions.map((dimension, index) => {
    const values = [...new Set(columns[index])];
    const named = `${dimension} = ANY(${where.parameter(values.filter((value) => value !== null))}::text[])`;
    return values.includes(null) ? `(${named} OR ${dimension} IS NULL)` : named;
  });
  if (dimensions.length < 2 || hasNull(keys)) return each.join(' AND ');
  const lists = columns.map((values) => `${where.parameter(values)}::text[]`).join(', ');
  return `${each.join(' AND ')} AND (${dimensions.join(', ')}) IN (SELECT * FROM unnest(${lists}))`;
}

const hasNull = (keys: readonly GroupKey[]): boolean => keys.some((key) => key.includes(null));

function assertFewPoints({ steps }: AnalyticsRequest, groups: number, withLatency: boolean): void {
  const points = (steps?.count ?? 0) * groups;
  const max = withLatency ? LATENCY_POINTS_MAX : GROUP_POINTS_MAX;
  if (points <= max) return;
  const what = withLatency ? 'points with percentiles' : 'points';
  throw badInput('filter.top', `gives ${points} ${what}, over ${max}: ask for fewer groups or points`);
}

/** Answers the percentiles of a row; of none where nothing was found. */
type Latencies = () => Promise<(row: ShapeRow | undefined) => Latency>;

/** Reads the sums that are first asked for; should others be asked for as well, then all, once. */
function seriesReader<T>(read: (sums: readonly SumName[]) => Promise<T>): (sums: readonly SumName[]) => Promise<T> {
  let first: { readonly sums: readonly SumName[]; readonly found: Promise<T> } | null = null;
  const all = once(() => read(SUMS));
  return (sums) => {
    first ??= { sums, found: read(sums) };
    const { sums: known, found } = first;
    return sums.every((name) => known.includes(name)) ? found : all();
  };
}

const keyNames = ({ groupBy }: AnalyticsRequest): string[] => groupBy.map((_, index) => `k${index}`);
const keySql = (dimensions: number, of = ''): string =>
  `jsonb_build_array(${Array.from({ length: dimensions }, (_, index) => `${of}k${index}`).join(', ')})`;
/** An interval's number since 1970. */
const numberOf = (start: string, { seconds }: Steps): string => `date_part('epoch', ${start})::bigint / ${seconds}`;

/** Begins the work when it is first asked for, and never again. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | null = null;
  return () => (begun ??= work());
}

const shapeOf = (row: ShapeRow): string => `${row.bucket} ${JSON.stringify(row.key)}`;

/** A group's points in one part of what was read: each when it was, and its sums. */
interface PackedRow {
  readonly key: (string | null)[];
  readonly points: string;
}

function pointsOf(steps: Steps, rows: readonly (TotalsRow & ShapeRow)[], latencies: Latencies): UsagePoint[] {
  const byBucket = new Map(rows.map((row) => [Number(row.bucket), row]));
  const first = steps.firstMs / 1_000 / steps.seconds;
  return Array.from({ length: steps.count }, (_, index) => {
    const row = byBucket.get(first + index);
    const at = new Date(steps.firstMs + index * steps.seconds * 1_000);
    return { at, totals: totalsOf(row ?? NO_USAGE_ROW, async () => (await latencies())(row)) };
  });
}
