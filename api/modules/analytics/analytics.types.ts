import { Field, Float, ObjectType } from 'type-graphql';
import { BigIntScalar, DecimalScalar } from '../../scalars/numeric-scalars.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { AnalyticsRequest, TotalsSelection } from './analytics-request.js';

/** Sums over a set of requests: exact, but for the percentiles. */
@ObjectType()
export class UsageTotals {
  @Field(() => BigIntScalar) requests: bigint;
  @Field(() => BigIntScalar) errors: bigint;
  @Field(() => BigIntScalar) cached: bigint;
  @Field(() => BigIntScalar) rateLimited: bigint;
  @Field(() => BigIntScalar) unpriced: bigint;
  /** requests that were neither errors nor refused by a limit, of all; null without requests */
  @Field(() => Float, { nullable: true }) successRate: number | null;
  @Field(() => BigIntScalar) tokensIn: bigint;
  @Field(() => BigIntScalar) tokensOut: bigint;
  @Field(() => BigIntScalar) tokensCachedIn: bigint;
  @Field(() => DecimalScalar) costUsd: string;
  @Field(() => DecimalScalar) savedUsd: string;
  /** the first asked for reads those of all totals beside these */
  loadLatency: () => Promise<Latency>;
}

/** Percentiles, of requests that no limit refused; within 2 %. */
export interface Latency {
  readonly durationP50Ms: number | null;
  readonly durationP95Ms: number | null;
  readonly durationP99Ms: number | null;
  readonly timeToFirstTokenP95Ms: number | null;
}

@ObjectType()
export class UsagePoint {
  /** the interval's first moment, UTC */
  @Field(() => Date) at: Date;
  @Field(() => UsageTotals) totals: UsageTotals;
}

@ObjectType()
export class UsageGroup {
  /** one value for each dimension of `groupBy`, in its order; null: none */
  @Field(() => [String], { nullable: 'items' }) key: readonly (string | null)[];
  @Field(() => UsageTotals) totals: UsageTotals;
  /** this group's series, with no other sums than those asked for; the first asked for reads those of all groups */
  loadSeries: (asked: TotalsSelection) => Promise<UsagePoint[]>;
}

/** What was asked; its fields are computed when they are selected. */
@ObjectType()
export class Analytics {
  scope: AccountScope<'analytics.read'>;
  request: AnalyticsRequest;
}
