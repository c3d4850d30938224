/** What a gateway was at one version: its settings whole; keys and custom providers by name and version, never more. */
import { Field, Int, ObjectType } from 'type-graphql';
import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { AccountId, GatewayId } from '../contracts/ids.js';
import { Account } from './account.js';
import { GatewaySettings } from './gateway-settings.js';
import { Gateway } from './gateway.js';
import { MigratedChecks, MigratedIndexes } from './migrated.js';

/** A provider key that the gateway had. */
@ObjectType()
export class ProviderKeyReference {
  @Field(() => String) provider: string;
  @Field(() => String) alias: string;
  /** of its secret: grows with each rotation */
  @Field(() => Int) version: number;
}

/** A custom provider that the gateway could call. */
@ObjectType()
export class CustomProviderReference {
  @Field(() => String) slug: string;
  /** of its base URL and headers: grows with each change of them */
  @Field(() => Int) version: number;
}

@ObjectType()
@Entity('gateway_version')
@MigratedChecks('gateway_version_form_check')
@MigratedIndexes('gateway_version_created_idx')
export class GatewayVersion {
  @ForeignKey(() => Gateway, { name: 'gateway_version_gateway_fkey' })
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'gateway_version_pkey' })
  gatewayId: GatewayId;

  /** the gateway's `configVersion` then, which logs name */
  @Field(() => Int)
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'gateway_version_pkey' })
  number: number;

  @ForeignKey(() => Account, { name: 'gateway_version_account_fkey' })
  @Column('uuid')
  accountId: AccountId;

  @Field(() => Date)
  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  /** who made it, as the audit log names him */
  @Field(() => String)
  @Column('text')
  actor: string;

  /** what made it: `gateway.update`, `providerKey.rotate`, `priceOverride.set`, … */
  @Field(() => String)
  @Column('text')
  action: string;

  @Field(() => String, { nullable: true })
  @Column('text', { nullable: true })
  description: string | null;

  @Field(() => GatewaySettings)
  @Column('jsonb')
  settings: GatewaySettings;

  @Field(() => [ProviderKeyReference])
  @Column('jsonb', { default: [] })
  providerKeys: ProviderKeyReference[];

  @Field(() => [CustomProviderReference])
  @Column('jsonb', { default: [] })
  customProviders: CustomProviderReference[];
}
