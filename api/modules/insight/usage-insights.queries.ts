/** Insights that the rollups answer: analytics' own groups, in another order. */
import { isGiven } from '../../input.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import { SqlConditions } from '../../tenancy/sql-conditions.js';
import { analyticsRequest, type AnalyticsQueries, type UsageGroup } from '../analytics/index.js';
import { windowDays } from '../log/index.js';
import type { TopArguments } from './insight.inputs.js';
import type { UsageInsights } from './insight.types.js';

type ReadScope = AccountScope<'analytics.read'>;

/** Models of which the slowest are sought: those with the most requests. */
const MODELS_MAX = 100;
const METADATA_KEYS_MAX = 200;

export class UsageInsightQueries {
  constructor(
    private readonly database: Database,
    private readonly analytics: AnalyticsQueries,
  ) {}

  /** The first groups by one dimension. By metadata those that have the key; in all others null stands for none. */
  top(scope: ReadScope, of: UsageInsights, { by, metadataKey, orderBy, first }: TopArguments): Promise<UsageGroup[]> {
    const isByMetadata = by === 'METADATA' && isGiven(metadataKey);
    const filter = {
      ...datesOf(of),
      groupBy: [by],
      top: first,
      metadataKey,
      ...(isByMetadata ? { metadata: [{ key: metadataKey }] } : {}),
    };
    return this.analytics.groups(scope, analyticsRequest(filter, of.gatewayId, orderBy));
  }

  /** The models with the greatest 95th percentile of duration. */
  async slowestModels(scope: ReadScope, of: UsageInsights, first: number): Promise<UsageGroup[]> {
    const filter = { ...datesOf(of), groupBy: ['MODEL' as const], top: MODELS_MAX };
    const groups = await this.analytics.groups(scope, analyticsRequest(filter, of.gatewayId));
    const timed = await Promise.all(
      groups.map(async (group) => ({ group, p95: (await group.totals.loadLatency()).durationP95Ms })),
    );
    return timed
      .filter(({ group, p95 }) => p95 !== null && group.key[0] !== null)
      .toSorted((a, b) => (b.p95 ?? 0) - (a.p95 ?? 0))
      .slice(0, first)
      .map(({ group }) => group);
  }

  /** The metadata keys that analytics can group by on the days of the range, in order. */
  async metadataKeys(scope: ReadScope, { gatewayId, range }: UsageInsights): Promise<string[]> {
    const [firstDay, lastDay] = windowDays(range);
    return this.database.inAccount(scope, async (tx) => {
      const where = new SqlConditions()
        .and(tx.owned('v'))
        .and("v.dimension = 'METADATA_KEY'")
        .where(tx.scope.gatewayIds, (ids) => `v.gateway_id = ANY(${ids}::uuid[])`)
        .where(gatewayId, (id) => `v.gateway_id = ${id}::uuid`)
        .where(firstDay, (day) => `v.day >= ${day}::date`)
        .where(lastDay, (day) => `v.day <= ${day}::date`);
      const rows = await tx.query<{ key: string }>(
        `SELECT DISTINCT v.value AS key FROM usage_rollup_value v WHERE ${where.sql} ORDER BY 1 LIMIT ${METADATA_KEYS_MAX}`,
        where.parameters,
      );
      return rows.map(({ key }) => key);
    });
  }
}

const datesOf = ({ range }: UsageInsights): { readonly from: Date; readonly to: Date } => ({
  from: new Date(range.fromMs),
  to: new Date(range.toMs),
});
