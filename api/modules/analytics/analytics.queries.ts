/** Sums over the ledger's rows. All is computed by Postgres in exact numbers and leaves as text. */
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import { SqlConditions } from '../../tenancy/sql-conditions.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { badInput } from '../../errors.js';
import { GROUP_POINTS_MAX, type AnalyticsRequest, type Steps } from './analytics-request.js';
import type { AnalyticsDimension } from './analytics.inputs.js';
import type { UsageGroup, UsagePoint, UsageTotals } from './analytics.types.js';
import { NO_USAGE_ROW, TOTALS_SQL, totalsOf, type TotalsRow } from './usage-totals.js';

type ReadScope = AccountScope<'analytics.read'>;

const DIMENSIONS: Readonly<Record<AnalyticsDimension, string>> = {
  GATEWAY: 'u.gateway_id::text',
  PROVIDER: 'u.provider',
  MODEL: 'u.model',
  PATH: "split_part(u.path, '?', 1)",
  STATUS_CODE: 'u.status_code::text',
  ERROR_CODE: 'u.error_code::text',
  API_TOKEN: 'u.api_token_id::text',
  CACHED: "CASE WHEN u.cached THEN 'true' ELSE 'false' END",
};

export class AnalyticsQueries {
  constructor(private readonly database: Database) {}

  async totals(scope: ReadScope, request: AnalyticsRequest): Promise<UsageTotals> {
    const rows = await this.database.inAccount(scope, (tx) => {
      const where = conditions(tx, request);
      return tx.query<TotalsRow>(`SELECT ${TOTALS_SQL} FROM usage_record u WHERE ${where.sql}`, where.parameters);
    });
    return totalsOf(rows[0] ?? NO_USAGE_ROW);
  }

  /** One point for every interval of the range, also where nothing happened; none without an interval. */
  async series(scope: ReadScope, request: AnalyticsRequest): Promise<UsagePoint[]> {
    const { steps } = request;
    if (steps === null) return [];
    const rows = await this.database.inAccount(scope, (tx) => {
      const where = conditions(tx, request);
      const at = bucketSql(where.parameter(steps.seconds));
      return tx.query<TotalsRow & BucketRow>(
        `SELECT ${at} AS bucket, ${TOTALS_SQL} FROM usage_record u WHERE ${where.sql} GROUP BY 1`,
        where.parameters,
      );
    });
    return pointsOf(steps, rows);
  }

  /** The groups with the most requests, at most `top`; none without `groupBy`. */
  async groups(scope: ReadScope, request: AnalyticsRequest): Promise<UsageGroup[]> {
    if (request.groupBy.length === 0) return [];
    const rows = await this.database.inAccount(scope, (tx) => {
      const where = conditions(tx, request);
      const limit = where.parameter(request.top);
      return tx.query<TotalsRow & KeyRow>(
        `SELECT ${keySql(request)} AS key, ${TOTALS_SQL} FROM usage_record u WHERE ${where.sql}
         GROUP BY 1 ORDER BY requests DESC, key LIMIT ${limit}`,
        where.parameters,
      );
    });
    let series: Promise<ReadonlyMap<string, UsagePoint[]>> | null = null;
    const keys = rows.map((row) => JSON.stringify(row.key));
    return rows.map((row) => ({
      key: row.key,
      totals: totalsOf(row),
      loadSeries: async () => {
        series ??= this.groupSeries(scope, request, keys);
        return (await series).get(JSON.stringify(row.key)) ?? [];
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
    if (steps.count * keys.length > GROUP_POINTS_MAX) {
      throw badInput(
        'filter.top',
        `groups of ${steps.count} points each are over ${GROUP_POINTS_MAX} points: ask for fewer`,
      );
    }
    const rows = await this.database.inAccount(scope, (tx) => {
      const where = conditions(tx, request).where(keys, (own) => `${keySql(request)} = ANY(${own}::jsonb[])`);
      const at = bucketSql(where.parameter(steps.seconds));
      return tx.query<TotalsRow & BucketRow & KeyRow>(
        `SELECT ${keySql(request)} AS key, ${at} AS bucket, ${TOTALS_SQL} FROM usage_record u WHERE ${where.sql} GROUP BY 1, 2`,
        where.parameters,
      );
    });
    return new Map(
      keys.map(
        (key) =>
          [
            key,
            pointsOf(
              steps,
              rows.filter((row) => JSON.stringify(row.key) === key),
            ),
          ] as const,
      ),
    );
  }
}

interface BucketRow {
  /** the interval's number since 1970 */
  readonly bucket: string;
}

interface KeyRow {
  readonly key: (string | null)[];
}

const bucketSql = (seconds: string): string => `floor(extract(epoch FROM u.created_at) / ${seconds}::int)::bigint`;
const keySql = (request: AnalyticsRequest): string =>
  `jsonb_build_array(${request.groupBy.map((dimension) => DIMENSIONS[dimension]).join(', ')})`;

function pointsOf(steps: Steps, rows: readonly (TotalsRow & BucketRow)[]): UsagePoint[] {
  const byBucket = new Map(rows.map((row) => [Number(row.bucket), row]));
  const stepMs = steps.seconds * 1_000;
  return Array.from({ length: steps.count }, (_, index) => {
    const at = new Date(steps.firstMs + index * stepMs);
    return { at, totals: totalsOf(byBucket.get(at.getTime() / stepMs) ?? NO_USAGE_ROW) };
  });
}

function conditions(tx: TenantTransaction, { from, to, filter, gatewayId }: AnalyticsRequest): SqlConditions {
  const day = (at: Date): string => at.toISOString().slice(0, 10);
  return new SqlConditions()
    .and(tx.owned('u'))
    .where(tx.scope.gatewayIds, (ids) => `u.gateway_id = ANY(${ids}::uuid[])`)
    .where(gatewayId, (id) => `u.gateway_id = ${id}`)
    .where(day(from), (first) => `u.day >= ${first}::date`)
    .where(day(to), (last) => `u.day <= ${last}::date`)
    .where(from, (first) => `u.created_at >= ${first}`)
    .where(to, (end) => `u.created_at < ${end}`)
    .where(filter.gatewayIds, (ids) => `u.gateway_id = ANY(${ids}::uuid[])`)
    .where(filter.providers, (providers) => `u.provider = ANY(${providers}::text[])`)
    .where(filter.models, (models) => `u.model = ANY(${models}::text[])`)
    .where(filter.statusCodes, (codes) => `u.status_code = ANY(${codes}::int[])`)
    .where(filter.apiTokenIds, (ids) => `u.api_token_id = ANY(${ids}::uuid[])`)
    .where(filter.cached, (cached) => `u.cached = ${cached}`);
}
