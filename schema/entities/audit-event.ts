/** Who changed what in an account: written in the transaction of the change itself, never altered. */
import { GraphQLJSON } from 'graphql-scalars';
import { Field, ID, ObjectType } from 'type-graphql';
import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { AccountId } from '../contracts/ids.js';
import { Account } from './account.js';
import { MigratedIndexes } from './migrated.js';

@ObjectType()
@Entity('audit_event')
@MigratedIndexes('audit_event_account_idx', 'audit_event_created_idx')
export class AuditEvent {
  @Field(() => ID)
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'audit_event_pkey' })
  id: string;

  @ForeignKey(() => Account, { name: 'audit_event_account_fkey' })
  @Column('uuid')
  accountId: AccountId;

  /** the time inside its id */
  @Field(() => Date)
  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  /** `user:{email}`, `token:{id}` or `instance` */
  @Field(() => String)
  @Column('text')
  actor: string;

  /** `gateway.update`, the words of the permission table */
  @Field(() => String)
  @Column('text')
  action: string;

  @Field(() => GraphQLJSON, { nullable: true })
  @Column('jsonb', { nullable: true })
  before: object | null;

  @Field(() => GraphQLJSON, { nullable: true })
  @Column('jsonb', { nullable: true })
  after: object | null;

  @Field(() => String, { nullable: true })
  @Column('inet', { nullable: true })
  ip: string | null;
}
