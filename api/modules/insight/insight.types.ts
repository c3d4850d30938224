/** What insights answer. Sums are those of the ledger: what was deleted or has expired as a log still counts. */
import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import type { AccountId, GatewayId } from '../../../schema/contracts/ids.js';
import { BigIntScalar, DecimalScalar } from '../../scalars/numeric-scalars.js';
import { Log } from '../log/index.js';
import { CoveredRange, type InsightRange } from './insight-range.js';
import type { LedgerPass } from './ledger-pass.js';

/** What the rollups tell of a range: all of it, however many requests it has. */
@ObjectType()
export class UsageInsights {
  accountId: AccountId;
  /** null: all gateways that the caller sees */
  gatewayId: GatewayId | null;
  range: InsightRange;
}

/** What is read out of a gateway's records; each part says how much of the range it covers. */
@ObjectType()
export class GatewayInsights {
  pass: LedgerPass;
}

@ObjectType()
export class ClientInsight {
  /** an IPv4 address, or the /64 network of an IPv6 one: that is one client's */
  @Field(() => String) network: string;
  @Field(() => BigIntScalar) requests: bigint;
  @Field(() => BigIntScalar) errors: bigint;
  @Field(() => BigIntScalar) tokensIn: bigint;
  @Field(() => BigIntScalar) tokensOut: bigint;
  @Field(() => DecimalScalar) costUsd: string;
  @Field(() => Date) lastSeenAt: Date;
}

@ObjectType()
export class ClientInsights {
  @Field(() => CoveredRange) covered: CoveredRange;
  @Field(() => [ClientInsight]) clients: ClientInsight[];
}

@ObjectType()
export class ExpensiveRequests {
  @Field(() => CoveredRange) covered: CoveredRange;
  /** the dearest first; costs are the current ones */
  @Field(() => [Log]) logs: Log[];
}

/** Requests that one cache key stands for. */
@ObjectType()
export class RepeatedRequest {
  /** the first half of the key's hash */
  @Field(() => ID) key: string;
  @Field(() => BigIntScalar) requests: bigint;
  /** those of them that the cache answered */
  @Field(() => BigIntScalar) cached: bigint;
  @Field(() => DecimalScalar) costUsd: string;
  /** of the newest of them */
  @Field(() => String) provider: string;
  @Field(() => String, { nullable: true }) model: string | null;
  @Field(() => String) path: string;
  @Field(() => Date) firstSeenAt: Date;
  @Field(() => Date) lastSeenAt: Date;
  @Field(() => ID, { nullable: true }) exampleLogId: string | null;
}

/** What a cache that had been on for the covered range, and had begun it empty, would have done. */
@ObjectType()
export class SimulatedCache {
  @Field(() => Int) ttlSeconds: number;
  @Field(() => BigIntScalar) hits: bigint;
  /** of these, those whose answer has no price: they are in no sum of `savedUsd` */
  @Field(() => BigIntScalar) unpricedHits: bigint;
  @Field(() => DecimalScalar) savedUsd: string;
  @Field(() => BigIntScalar) savedTokensIn: bigint;
  @Field(() => BigIntScalar) savedTokensOut: bigint;
}

@ObjectType()
export class RepeatedRequests {
  @Field(() => CoveredRange) covered: CoveredRange;
  /** those that cost most first */
  @Field(() => [RepeatedRequest]) groups: RepeatedRequest[];
  /** one for each `ttlSeconds` that was asked for */
  @Field(() => [SimulatedCache]) simulations: SimulatedCache[];
  /** what the cache did save, as it was set */
  @Field(() => DecimalScalar) savedUsd: string;
}

@ObjectType()
export class ErrorInsight {
  @Field(() => Int) statusCode: number;
  /** null: the provider's own answer */
  @Field(() => Int, { nullable: true }) errorCode: number | null;
  /** the answer broke off */
  @Field(() => Boolean) interrupted: boolean;
  @Field(() => String) provider: string;
  @Field(() => String, { nullable: true }) model: string | null;
  @Field(() => BigIntScalar) requests: bigint;
  @Field(() => Date) firstSeenAt: Date;
  @Field(() => Date) lastSeenAt: Date;
  @Field(() => ID, { nullable: true }) exampleLogId: string | null;
}

@ObjectType()
export class ErrorInsights {
  @Field(() => CoveredRange) covered: CoveredRange;
  /** the most frequent first; a request that a limit refused is one of them */
  @Field(() => [ErrorInsight]) errors: ErrorInsight[];
}

@ObjectType()
export class PromptInsight {
  /** the hash of the system message, or the metadata's value */
  @Field(() => String) prompt: string;
  @Field(() => BigIntScalar) requests: bigint;
  @Field(() => BigIntScalar) positive: bigint;
  @Field(() => BigIntScalar) negative: bigint;
  /** null: nobody gave it a score */
  @Field(() => Float, { nullable: true }) meanScore: number | null;
  @Field(() => DecimalScalar) costUsd: string;
  @Field(() => ID, { nullable: true }) exampleLogId: string | null;
}

@ObjectType()
export class PromptInsights {
  @Field(() => CoveredRange) covered: CoveredRange;
  /** those with the most ratings first, then those with the most requests */
  @Field(() => [PromptInsight]) prompts: PromptInsight[];
}
