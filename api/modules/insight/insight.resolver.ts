import { Args, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { Account } from '../../../schema/entities/account.js';
import { Gateway } from '../../../schema/entities/gateway.js';
import { Authorized } from '../../authorization.js';
import type { ApiContext } from '../../context.js';
import { parseInput } from '../../input.js';
import { UsageGroup } from '../analytics/index.js';
import { insightRange } from './insight-range.js';
import {
  FirstArguments,
  firstSchema,
  OrderedArguments,
  PromptArguments,
  promptSchema,
  RangeArguments,
  RepeatedArguments,
  repeatedSchema,
  TopArguments,
  topSchema,
} from './insight.inputs.js';
import {
  ClientInsights,
  ErrorInsights,
  ExpensiveRequests,
  GatewayInsights,
  PromptInsights,
  RepeatedRequests,
  UsageInsights,
} from './insight.types.js';
import type { LedgerInsightQueries } from './ledger-insights.queries.js';
import type { LedgerPasses } from './ledger-pass.js';
import type { RepeatedRequestQueries } from './repeated-requests.queries.js';
import type { UsageInsightQueries } from './usage-insights.queries.js';

@Resolver(() => Account)
export class AccountInsightsResolver {
  @FieldResolver(() => UsageInsights)
  @Authorized('insight.read')
  async insights(
    @Root() account: Account,
    @Args(() => RangeArguments) { from, to }: RangeArguments,
    @Ctx() { access }: ApiContext,
  ): Promise<UsageInsights> {
    const { accountId } = await access.scope('insight.read', account.id);
    return { accountId, gatewayId: null, range: insightRange(from, to) };
  }
}

@Resolver(() => Gateway)
export class GatewayInsightsResolver {
  constructor(private readonly passes: LedgerPasses) {}

  @FieldResolver(() => GatewayInsights)
  @Authorized('insight.read')
  async insights(
    @Root() gateway: Gateway,
    @Args(() => RangeArguments) { from, to }: RangeArguments,
    @Ctx() { access }: ApiContext,
  ): Promise<GatewayInsights> {
    const scope = await access.scope('insight.read', gateway.accountId);
    return { pass: this.passes.begin(scope, { ...insightRange(from, to), gatewayId: gateway.id }) };
  }
}

@Resolver(() => UsageInsights)
export class UsageInsightsResolver {
  constructor(private readonly queries: UsageInsightQueries) {}

  /** The greatest consumers by a dimension: an API token, a metadata key's value, a path, a model, … */
  @FieldResolver(() => [UsageGroup])
  @Authorized('analytics.read')
  async topGroups(
    @Root() insights: UsageInsights,
    @Args(() => TopArguments) args: TopArguments,
    @Ctx() { access }: ApiContext,
  ): Promise<UsageGroup[]> {
    parseInput(topSchema, args, '');
    return this.queries.top(await access.scope('analytics.read', insights.accountId), insights, args);
  }

  /** By the 95th percentile of duration, among the hundred models with the most requests. */
  @FieldResolver(() => [UsageGroup])
  @Authorized('analytics.read')
  async slowestModels(
    @Root() insights: UsageInsights,
    @Args(() => FirstArguments) args: FirstArguments,
    @Ctx() { access }: ApiContext,
  ): Promise<UsageGroup[]> {
    const { first } = parseInput(firstSchema, args, '');
    return this.queries.slowestModels(await access.scope('analytics.read', insights.accountId), insights, first);
  }

  /** The metadata keys that usage can be told apart by on the days of the range. */
  @FieldResolver(() => [String])
  @Authorized('analytics.read')
  async metadataKeys(@Root() insights: UsageInsights, @Ctx() { access }: ApiContext): Promise<string[]> {
    return this.queries.metadataKeys(await access.scope('analytics.read', insights.accountId), insights);
  }
}

@Resolver(() => GatewayInsights)
export class LedgerInsightsResolver {
  constructor(
    private readonly queries: LedgerInsightQueries,
    private readonly repeated: RepeatedRequestQueries,
  ) {}

  @FieldResolver(() => UsageInsights)
  @Authorized('insight.read')
  usage(@Root() { pass: { scope, range } }: GatewayInsights): UsageInsights {
    return { accountId: scope.accountId, gatewayId: range.gatewayId, range };
  }

  /** The greatest consumers by client address, of the last 24 hours at most. */
  @FieldResolver(() => ClientInsights)
  @Authorized('insight.read')
  async clientAddresses(
    @Root() { pass }: GatewayInsights,
    @Args(() => OrderedArguments) { first, orderBy }: OrderedArguments,
  ): Promise<ClientInsights> {
    const checked = { ...parseInput(firstSchema, { first }, ''), orderBy };
    return this.queries.clients(pass, checked);
  }

  @FieldResolver(() => ExpensiveRequests)
  @Authorized('log.read')
  async expensiveRequests(
    @Root() { pass }: GatewayInsights,
    @Args(() => FirstArguments) args: FirstArguments,
    @Ctx() { access }: ApiContext,
  ): Promise<ExpensiveRequests> {
    const { first } = parseInput(firstSchema, args, '');
    return this.queries.expensive(await access.scope('log.read', pass.scope.accountId), pass, first);
  }

  /** Identical requests, and what a cache with each of several lifetimes would have saved. */
  @FieldResolver(() => RepeatedRequests)
  @Authorized('insight.read')
  async repeatedRequests(
    @Root() { pass }: GatewayInsights,
    @Args(() => RepeatedArguments) args: RepeatedArguments,
  ): Promise<RepeatedRequests> {
    const checked = parseInput(repeatedSchema, args, '');
    return this.repeated.repeated(pass, checked);
  }

  @FieldResolver(() => ErrorInsights)
  @Authorized('insight.read')
  async frequentErrors(
    @Root() { pass }: GatewayInsights,
    @Args(() => FirstArguments) args: FirstArguments,
  ): Promise<ErrorInsights> {
    const { first } = parseInput(firstSchema, args, '');
    return this.queries.errors(pass, first);
  }

  /** Prompts and their feedback: a prompt is a system message, or what an entry of the metadata names. */
  @FieldResolver(() => PromptInsights)
  @Authorized('insight.read')
  async promptFeedback(
    @Root() { pass }: GatewayInsights,
    @Args(() => PromptArguments) { by, ...args }: PromptArguments,
  ): Promise<PromptInsights> {
    const checked = { ...parseInput(promptSchema, args, ''), by };
    return this.queries.prompts(pass, checked);
  }
}
