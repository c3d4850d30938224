/** A stored credential of a provider, as its account sees it: which one, for where, and its last four characters. */
import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { AccountId, GatewayId, ProviderKeyId } from '../contracts/ids.js';
import { Account } from './account.js';
import { Gateway } from './gateway.js';
import { MigratedChecks, MigratedIndexes } from './migrated.js';

@ObjectType()
@Entity('provider_key')
@MigratedChecks(
  'provider_key_alias_check',
  'provider_key_target_check',
  'provider_key_last_four_check',
  'provider_key_secret_from_check',
)
@MigratedIndexes('provider_key_alias_key', 'provider_key_gateway_idx')
export class ProviderKey {
  @Field(() => ID)
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'provider_key_pkey' })
  id: ProviderKeyId;

  @ForeignKey(() => Account, { name: 'provider_key_account_fkey' })
  @Column('uuid')
  accountId: AccountId;

  @ForeignKey(() => Gateway, { name: 'provider_key_gateway_fkey' })
  @Column('uuid')
  gatewayId: GatewayId;

  @Field(() => String)
  @Column('text')
  provider: string;

  @Field(() => String)
  @Column('text')
  alias: string;

  /** the only origin that it is ever sent to */
  @Field(() => String)
  @Column('text')
  origin: string;

  @Column('jsonb', { default: {} })
  target: Record<string, string>;

  /** opened by the proxy's private key alone */
  @Column('bytea')
  sealed: Buffer;

  @Field(() => String)
  @Column('text')
  lastFour: string;

  /** grows with each new secret */
  @Field(() => Int)
  @Column('integer', { default: 1 })
  version: number;

  /** where a configuration file takes the secret from; null: it was not stored by one */
  @Column('text', { nullable: true })
  secretFrom: string | null;

  @Field(() => Date)
  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { default: () => 'now()' })
  updatedAt: Date;
}
