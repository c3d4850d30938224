/** A gateway's settings, one row a gateway. Meanings, defaults and bounds: schema/contracts/gateway-settings.ts. */
import { Field, Int, ObjectType } from 'type-graphql';
import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { GatewaySettingsValues, RateLimitRule } from '../contracts/gateway-settings.js';
import type { AccountId, GatewayId } from '../contracts/ids.js';
import { Account } from './account.js';
import { Gateway } from './gateway.js';
import { RateLimitKeyEnum, RateLimitTechniqueEnum, RetryBackoffEnum } from './graphql-enums.js';
import { MigratedChecks } from './migrated.js';

@ObjectType()
export class RateLimit implements RateLimitRule {
  @Field(() => String) name: string;
  @Field(() => Int) limit: number;
  @Field(() => Int) intervalSeconds: number;
  @Field(() => RateLimitTechniqueEnum) technique: RateLimitRule['technique'];
  @Field(() => RateLimitKeyEnum) key: RateLimitRule['key'];
  @Field(() => String, { nullable: true }) keyName: string | null;
}

@ObjectType()
@Entity('gateway_settings')
@MigratedChecks(
  'gateway_settings_cache_ttl_check',
  'gateway_settings_rate_limits_check',
  'gateway_settings_retry_check',
  'gateway_settings_backoff_check',
  'gateway_settings_timeout_check',
  'gateway_settings_retention_check',
  'gateway_settings_egress_check',
  'gateway_settings_egress_from_check',
)
export class GatewaySettings implements GatewaySettingsValues {
  @ForeignKey(() => Gateway, { name: 'gateway_settings_gateway_fkey' })
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'gateway_settings_pkey' })
  gatewayId: GatewayId;

  @ForeignKey(() => Account, { name: 'gateway_settings_account_fkey' })
  @Column('uuid')
  accountId: AccountId;

  @Field(() => Boolean)
  @Column('boolean', { default: false })
  authentication: boolean;

  @Field(() => Boolean)
  @Column('boolean', { default: true })
  collectLogs: boolean;

  @Field(() => Boolean)
  @Column('boolean', { default: true })
  collectLogPayload: boolean;

  @Field(() => Int)
  @Column('integer', { default: 0 })
  cacheTtlSeconds: number;

  @Field(() => Boolean)
  @Column('boolean', { default: false })
  cacheInvalidateOnUpdate: boolean;

  @Field(() => Boolean)
  @Column('boolean', { default: false })
  coalesceIdentical: boolean;

  @Field(() => [RateLimit])
  @Column('jsonb', { default: [] })
  rateLimits: RateLimit[];

  @Field(() => Int)
  @Column('smallint', { default: 1 })
  retryMaxAttempts: number;

  @Field(() => Int)
  @Column('integer', { default: 500 })
  retryDelayMs: number;

  @Field(() => RetryBackoffEnum)
  @Column('text', { default: 'EXPONENTIAL' })
  retryBackoff: GatewaySettingsValues['retryBackoff'];

  @Field(() => Boolean)
  @Column('boolean', { default: false })
  retryWhenSent: boolean;

  /** null: the instance's */
  @Field(() => Int, { nullable: true })
  @Column('integer', { nullable: true })
  requestTimeoutMs: number | null;

  @Field(() => Boolean)
  @Column('boolean', { default: false })
  byokOnly: boolean;

  @Field(() => Boolean)
  @Column('boolean', { default: true })
  injectStreamUsage: boolean;

  @Field(() => Int)
  @Column('smallint', { default: 30 })
  logRetentionDays: GatewaySettingsValues['logRetentionDays'];

  /** with its password masked */
  @Field(() => String, { nullable: true })
  @Column('text', { nullable: true })
  egressProxyUrl: string | null;

  /** the whole URL, opened by the proxy's private key alone */
  @Column('bytea', { nullable: true })
  egressProxySealed: Buffer | null;

  /** where a configuration file takes that URL from; null: it was not stored by one */
  @Column('text', { nullable: true })
  egressProxyFrom: string | null;
}
