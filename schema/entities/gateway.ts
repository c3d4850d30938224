/** A gateway of an account: what its clients' base URL names. */
import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { CachePurge } from '../contracts/cache-purges.js';
import type { AccountId, GatewayId } from '../contracts/ids.js';
import { Account } from './account.js';
import { MigratedChecks, MigratedIndexes } from './migrated.js';

@ObjectType()
@Entity('gateway')
@MigratedChecks('gateway_name_check', 'gateway_description_check', 'gateway_cache_purges_check')
@MigratedIndexes('gateway_account_name_key', 'gateway_account_idx')
export class Gateway {
  @Field(() => ID)
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'gateway_pkey' })
  id: GatewayId;

  @ForeignKey(() => Account, { name: 'gateway_account_fkey' })
  @Column('uuid')
  accountId: AccountId;

  /** fixed after creation */
  @Field(() => String)
  @Column('text')
  name: string;

  @Field(() => String, { nullable: true })
  @Column('text', { nullable: true })
  description: string | null;

  /** grows by one with every change; usage records name it */
  @Field(() => Int)
  @Column('integer', { default: 1 })
  configVersion: number;

  /** drawn from `policy_revision` at every change */
  @Column('bigint', { default: () => "nextval('policy_revision')" })
  revision: string;

  /** the revision with which its whole cache began anew; 0: never */
  @Column('bigint', { default: 0 })
  cacheEpoch: string;

  /** what of the cache was purged since */
  @Column('jsonb', { default: [] })
  cachePurges: CachePurge[];

  @Field(() => Date)
  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  @Field(() => Date)
  @Column('timestamptz', { default: () => 'now()' })
  updatedAt: Date;

  @Column('timestamptz', { nullable: true })
  deletedAt: Date | null;
}
