import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import { GraphQLJSON } from 'graphql-scalars';
import type { AccountId, ApiTokenId, GatewayId } from '../../../schema/contracts/ids.js';
import type { BodyState, CostStatus } from '../../../schema/contracts/usage-record.js';
import type { UsageSource } from '../../../schema/contracts/usage-units.js';
import { CostStatusEnum, UsageSourceEnum } from '../../../schema/entities/graphql-enums.js';
import { connectionOf } from '../../paging/connection.js';
import type { LogCount } from './log-finder.js';
import { BigIntScalar, DecimalScalar } from '../../scalars/numeric-scalars.js';

/** One upstream call of a request. */
@ObjectType()
export class Attempt {
  @Field(() => Int) number: number;
  @Field(() => Int) step: number;
  @Field(() => String) provider: string;
  @Field(() => String, { nullable: true }) model: string | null;
  @Field(() => Int, { nullable: true }) statusCode: number | null;
  @Field(() => Int, { nullable: true }) errorCode: number | null;
  @Field(() => Date) startedAt: Date;
  @Field(() => Int) durationMs: number;
  @Field(() => BigIntScalar, { nullable: true }) tokensIn: bigint | null;
  @Field(() => BigIntScalar, { nullable: true }) tokensOut: bigint | null;
  @Field(() => DecimalScalar, { nullable: true }) costUsd: string | null;
  @Field(() => CostStatusEnum) costStatus: CostStatus;
}

/** What else is known of the HTTP exchange; GraphQL filters by it and does not show it. */
export interface LogExchange {
  /** what the path asks a model for */
  readonly modelType: string;
  readonly userAgent: string | null;
  readonly requestContentType: string | null;
  readonly responseContentType: string | null;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** A usage record as its tenant sees it. Token counts are null when nothing told how many there were. */
@ObjectType()
export class Log {
  accountId: AccountId;
  gatewayId: GatewayId;
  apiTokenId: ApiTokenId | null;
  /** what is stored of the bodies, before asking whether the caller may read them */
  storedBodies: Exclude<BodyState, 'HIDDEN'>;
  exchange: LogExchange;

  @Field(() => ID) id: string;
  @Field(() => Date) createdAt: Date;
  @Field(() => String) eventId: string;
  @Field(() => Int) configVersion: number;
  @Field(() => String) provider: string;
  @Field(() => String, { nullable: true }) model: string | null;
  @Field(() => String) path: string;
  @Field(() => Int) statusCode: number;
  @Field(() => Boolean) success: boolean;
  @Field(() => Boolean) cached: boolean;
  @Field(() => Boolean) streamed: boolean;
  @Field(() => Int) durationMs: number;
  @Field(() => Int, { nullable: true }) timeToFirstTokenMs: number | null;
  @Field(() => BigIntScalar, { nullable: true }) tokensIn: bigint | null;
  @Field(() => BigIntScalar, { nullable: true }) tokensOut: bigint | null;
  @Field(() => BigIntScalar, { nullable: true }) tokensCachedIn: bigint | null;
  @Field(() => BigIntScalar, { nullable: true }) tokensCacheWrite: bigint | null;
  @Field(() => BigIntScalar, { nullable: true }) tokensReasoning: bigint | null;
  @Field(() => UsageSourceEnum) usageSource: UsageSource;
  @Field(() => String, { nullable: true }) usageNote: string | null;
  @Field(() => Boolean) clientAborted: boolean;
  /** what it costs now: as it was recorded, and what recalculations have added since */
  @Field(() => DecimalScalar, { nullable: true }) costUsd: string | null;
  @Field(() => CostStatusEnum) costStatus: CostStatus;
  @Field(() => DecimalScalar, { nullable: true }) savedUsd: string | null;
  @Field(() => GraphQLJSON, { nullable: true }) metadata: unknown;
  @Field(() => Int, { nullable: true }) feedback: number | null;
  @Field(() => Float, { nullable: true }) score: number | null;
  @Field(() => [Attempt]) attempts: Attempt[];
  @Field(() => Int, { nullable: true }) errorCode: number | null;
}

@ObjectType()
export class LogConnection extends connectionOf('Log', () => Log) {
  /** counts once, and only when a field of the count is asked for */
  count: () => Promise<LogCount>;
}
