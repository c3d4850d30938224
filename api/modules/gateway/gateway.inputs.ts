import { ArgsType, Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { z } from 'zod';
import type { GatewaySettingsValues, RateLimitRule } from '../../../schema/contracts/gateway-settings.js';
import { isGatewayName } from '../../../schema/contracts/names.js';
import { Gateway } from '../../../schema/entities/gateway.js';
import { RateLimitKeyEnum, RateLimitTechniqueEnum, RetryBackoffEnum } from '../../../schema/entities/graphql-enums.js';
import { storableText } from '../../text-input.js';
import { connectionOf, PageArguments } from '../../paging/connection.js';

type Optional<T> = T | null | undefined;

@InputType()
export class RateLimitInput {
  @Field(() => String) name: string;
  @Field(() => Int) limit: number;
  @Field(() => Int) intervalSeconds: number;
  @Field(() => RateLimitTechniqueEnum, { defaultValue: 'SLIDING' }) technique: RateLimitRule['technique'];
  @Field(() => RateLimitKeyEnum, { defaultValue: 'GATEWAY' }) key: RateLimitRule['key'];
  @Field(() => String, { nullable: true }) keyName?: Optional<string>;
}

/** Absent: the setting stays (or is its default, when creating); null: back to its default. */
@InputType()
export class GatewaySettingsInput {
  @Field(() => Boolean, { nullable: true }) authentication?: Optional<boolean>;
  @Field(() => Boolean, { nullable: true }) collectLogs?: Optional<boolean>;
  @Field(() => Boolean, { nullable: true }) collectLogPayload?: Optional<boolean>;
  @Field(() => Int, { nullable: true }) cacheTtlSeconds?: Optional<number>;
  @Field(() => Boolean, { nullable: true }) cacheInvalidateOnUpdate?: Optional<boolean>;
  @Field(() => Boolean, { nullable: true }) coalesceIdentical?: Optional<boolean>;
  @Field(() => [RateLimitInput], { nullable: true }) rateLimits?: Optional<RateLimitInput[]>;
  @Field(() => Int, { nullable: true }) retryMaxAttempts?: Optional<number>;
  @Field(() => Int, { nullable: true }) retryDelayMs?: Optional<number>;
  @Field(() => RetryBackoffEnum, { nullable: true }) retryBackoff?: Optional<GatewaySettingsValues['retryBackoff']>;
  @Field(() => Boolean, { nullable: true }) retryWhenSent?: Optional<boolean>;
  @Field(() => Int, { nullable: true }) requestTimeoutMs?: Optional<number>;
  @Field(() => Boolean, { nullable: true }) byokOnly?: Optional<boolean>;
  @Field(() => Boolean, { nullable: true }) injectStreamUsage?: Optional<boolean>;
  @Field(() => Int, { nullable: true }) logRetentionDays?: Optional<number>;
  @Field(() => String, { nullable: true }) egressProxyUrl?: Optional<string>;
}

@InputType()
export class CreateGatewayInput {
  @Field(() => ID) accountId: string;
  @Field(() => String) name: string;
  @Field(() => String, { nullable: true }) description?: Optional<string>;
  @Field(() => GatewaySettingsInput, { nullable: true }) settings?: Optional<GatewaySettingsInput>;
}

@InputType()
export class UpdateGatewayInput {
  @Field(() => ID) id: string;
  @Field(() => String, { nullable: true }) description?: Optional<string>;
  @Field(() => GatewaySettingsInput, { nullable: true }) settings?: Optional<GatewaySettingsInput>;
  @Field(() => Int, { nullable: true }) ifVersion?: Optional<number>;
}

/** Neither model nor key: the gateway's whole cache; both: what is of both. */
@InputType()
export class PurgeCacheInput {
  @Field(() => ID) gatewayId: string;
  /** as requests name it, or answers */
  @Field(() => String, { nullable: true }) model?: Optional<string>;
  /** a client's own: what its requests send in `cf-aig-cache-key` */
  @Field(() => String, { nullable: true }) key?: Optional<string>;
}

@ArgsType()
export class GatewayPageArguments extends PageArguments {
  @Field(() => String, { nullable: true })
  search?: Optional<string>;
}

@ObjectType()
export class GatewayConnection extends connectionOf('Gateway', () => Gateway) {}

export const gatewayNameSchema = z
  .string()
  .refine(isGatewayName, 'must be 1 to 64 of A-Z, a-z, 0-9, _ and -, and not begin with -');

export const descriptionSchema = storableText.max(1_024, 'must be at most 1024 characters');
export const purgedModelSchema = storableText.min(1, 'must not be empty').max(256, 'must be at most 256 characters');
export const purgedKeySchema = storableText.min(1, 'must not be empty').max(8_192, 'must be at most 8192 characters');
export const searchSchema = storableText.max(64, 'must be at most 64 characters');
