/** Sums over the ledger, read from its rollups. All is computed by Postgres in exact numbers and leaves as text. */
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import { badInput } from '../../errors.js';
import { cellsSql } from './analytics-cells.js';
import {
  GROUP_POINTS_MAX,
  LATENCY_POINTS_MAX,
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
const ORDERS: Readonly<Record<GroupOrder, string>> = {
  REQUESTS: 'sum(c.requests)',
  COST: 'sum(c.cost_pico)',
  TOKENS: 'sum(c.tokens_in + c.tokens_out)',
};

/** What the rows of an answer are told apart by. */
interface Shape {
  readonly byKey: boolean;
  readonly byBucket: boolean;
  /** JSON of the groups' keys that are wanted; null: the first in the request's order, at most so many as were asked for */
  readonly keys: readonly string[] | null;
}

interface ShapeRow {
  readonly key: (string | null)[];
  /** the interval's number since 1970 */
  readonly bucket: string;
}

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
    const rows = await this.rows<TotalsRow>(scope, request, { byKey: true, byBucket: false, keys: null }, TOTALS_SQL);
    const keys = rows.map((row) => JSON.stringify(row.key));
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

  private async groupSeries(
    scope: ReadScope,
    request: AnalyticsRequest,
    keys: readonly string[],
  ): Promise<ReadonlyMap<string, UsagePoint[]>> {
    const { steps } = request;
    if (steps === null) return new Map();
    const shape = { byKey: true, byBucket: true, keys };
    const rows = await this.rows<TotalsRow>(scope, request, shape, TOTALS_SQL);
    const byKey = new Map<string, (TotalsRow & ShapeRow)[]>(keys.map((key) => [key, []]));
    for (const row of rows) byKey.get(JSON.stringify(row.key))?.push(row);
    const latencies = this.latencies(scope, request, shape);
    return new Map([...byKey].map(([key, own]) => [key, pointsOf(steps, own, latencies)] as const));
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
      const { sql, where } = cellsSql(tx, request, Date.now());
      const key = keySql(request, shape);
      const bucket = shape.byBucket ? bucketSql(where.parameter(request.steps?.seconds ?? 1)) : 'NULL::bigint';
      const isTop = shape.byKey && shape.keys === null;
      const wanted = shape.keys === null ? '' : `WHERE ${key} = ANY(${where.parameter(shape.keys)}::jsonb[])`;
      const top = isTop ? `ORDER BY ${ORDERS[request.order]} DESC, key LIMIT ${where.parameter(request.top)}` : '';
      // compiling such a plan takes longer than running it
      await tx.query("SELECT set_config('jit', 'off', true) WHERE $1::uuid IS NOT NULL");
      return tx.query<Row & ShapeRow>(
        `SELECT ${key} AS key, ${bucket} AS bucket, ${columns} FROM (${sql}) c ${wanted}
         GROUP BY 1, 2 ${shape.byKey ? `HAVING ${ANYTHING_SQL}` : ''} ${top}`,
        where.parameters,
      );
    });
  }
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
const bucketSql = (seconds: string): string => `floor(extract(epoch FROM c.at) / ${seconds}::int)::bigint`;
const keySql = ({ groupBy }: AnalyticsRequest, { byKey }: Shape): string =>
  byKey ? `jsonb_build_array(${groupBy.map((dimension) => DIMENSIONS[dimension]).join(', ')})` : 'NULL::jsonb';

function pointsOf(steps: Steps, rows: readonly (TotalsRow & ShapeRow)[], latencies: Latencies): UsagePoint[] {
  const byBucket = new Map(rows.map((row) => [Number(row.bucket), row]));
  const stepMs = steps.seconds * 1_000;
  return Array.from({ length: steps.count }, (_, index) => {
    const at = new Date(steps.firstMs + index * stepMs);
    const row = byBucket.get(at.getTime() / stepMs);
    return { at, totals: totalsOf(row ?? NO_USAGE_ROW, async () => (await latencies())(row)) };
  });
}
