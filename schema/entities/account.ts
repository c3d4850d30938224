/** A tenant. Everything that carries an `account_id` belongs to exactly one and is seen by no other. */
import { Field, ID, ObjectType } from 'type-graphql';
import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';
import type { AccountId } from '../contracts/ids.js';
import { MigratedChecks, MigratedIndexes } from './migrated.js';

@ObjectType()
@Entity('account')
@Unique('account_tag_key', ['tag'])
@Unique('account_name_key', ['name'])
@MigratedChecks('account_tag_check', 'account_name_check', 'account_suspension_check', 'account_quotas_check')
@MigratedIndexes('account_deleted_idx')
export class Account {
  @Field(() => ID)
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'account_pkey' })
  id: AccountId;

  /** 32 lowercase hex digits; never changes */
  @Field(() => String)
  @Column('text')
  tag: string;

  @Field(() => String)
  @Column('text')
  name: string;

  @Field(() => Date)
  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { nullable: true })
  deletedAt: Date | null;

  /** when the bodies of a deleted account were last erased */
  @Column('timestamptz', { nullable: true })
  erasedAt: Date | null;

  /** since when it serves nobody and can only be read; null: it is not suspended */
  @Field(() => Date, { nullable: true })
  @Column('timestamptz', { nullable: true })
  suspendedAt: Date | null;

  /** the operator's words */
  @Field(() => String, { nullable: true })
  @Column('text', { nullable: true })
  suspensionReason: string | null;

  /** quotas, for which null is none */
  @Column('integer', { nullable: true })
  gatewaysMax: number | null;

  @Column('bigint', { nullable: true })
  requestsPerMonthMax: string | null;

  @Column('bigint', { nullable: true })
  logBytesMax: string | null;
}
