import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, FieldResolver, Float, Info, Resolver, Root } from 'type-graphql';
import { Account } from '../../../schema/entities/account.js';
import { Gateway } from '../../../schema/entities/gateway.js';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { analyticsRequest } from './analytics-request.js';
import { AnalyticsFilter } from './analytics.inputs.js';
import type { AnalyticsQueries } from './analytics.queries.js';
import { Analytics, UsageGroup, UsagePoint, UsageTotals } from './analytics.types.js';
import { selectedTotals } from './totals-selection.js';

@Resolver(() => Analytics)
export class AnalyticsResolver {
  constructor(private readonly queries: AnalyticsQueries) {}

  @FieldResolver(() => UsageTotals)
  @Authorized('analytics.read')
  totals(@Root() { scope, request }: Analytics): Promise<UsageTotals> {
    return this.queries.totals(scope, request);
  }

  @FieldResolver(() => [UsagePoint])
  @Authorized('analytics.read')
  series(@Root() { scope, request }: Analytics): Promise<UsagePoint[]> {
    return this.queries.series(scope, request);
  }

  @FieldResolver(() => [UsageGroup])
  @Authorized('analytics.read')
  groups(@Root() { scope, request }: Analytics): Promise<UsageGroup[]> {
    return this.queries.groups(scope, request);
  }
}

@Resolver(() => UsageGroup)
export class UsageGroupResolver {
  @FieldResolver(() => [UsagePoint])
  @Authorized('analytics.read')
  series(@Root() group: UsageGroup, @Info() info: GraphQLResolveInfo): Promise<UsagePoint[]> {
    return group.loadSeries(selectedTotals(info));
  }
}

@Resolver(() => Account)
export class AccountAnalyticsResolver {
  @FieldResolver(() => Analytics)
  @Authorized('analytics.read')
  async analytics(
    @Root() account: Account,
    @Arg('filter', () => AnalyticsFilter) filter: AnalyticsFilter,
    @Ctx() { access }: ApiContext,
  ): Promise<Analytics> {
    const scope = await access.scope('analytics.read', account.id);
    return { scope, request: analyticsRequest(filter, null) };
  }
}

@Resolver(() => Gateway)
export class GatewayAnalyticsResolver {
  @FieldResolver(() => Analytics)
  @Authorized('analytics.read')
  async analytics(
    @Root() gateway: Gateway,
    @Arg('filter', () => AnalyticsFilter) filter: AnalyticsFilter,
    @Ctx() { access }: ApiContext,
  ): Promise<Analytics> {
    const scope = await access.scope('analytics.read', gateway.accountId);
    return { scope, request: analyticsRequest(filter, gateway.id) };
  }
}

@Resolver(() => UsageTotals)
export class UsageTotalsResolver {
  @FieldResolver(() => Float, { nullable: true })
  @Authorized('analytics.read')
  async durationP50Ms(@Root() totals: UsageTotals): Promise<number | null> {
    return (await totals.loadLatency()).durationP50Ms;
  }

  @FieldResolver(() => Float, { nullable: true })
  @Authorized('analytics.read')
  async durationP95Ms(@Root() totals: UsageTotals): Promise<number | null> {
    return (await totals.loadLatency()).durationP95Ms;
  }

  @FieldResolver(() => Float, { nullable: true })
  @Authorized('analytics.read')
  async durationP99Ms(@Root() totals: UsageTotals): Promise<number | null> {
    return (await totals.loadLatency()).durationP99Ms;
  }

  @FieldResolver(() => Float, { nullable: true })
  @Authorized('analytics.read')
  async timeToFirstTokenP95Ms(@Root() totals: UsageTotals): Promise<number | null> {
    return (await totals.loadLatency()).timeToFirstTokenP95Ms;
  }
}
