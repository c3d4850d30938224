/** An API token as its account sees it. The secret is shown once, at creation; only its keyed hash is kept. */
import { Field, ID, ObjectType } from 'type-graphql';
import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import type { AccountId, ApiTokenId, GatewayId, UserId } from '../contracts/ids.js';
import type { Permission } from '../contracts/permissions.js';
import { Account } from './account.js';
import { PermissionEnum } from './graphql-enums.js';
import { MigratedChecks, MigratedIndexes } from './migrated.js';

@ObjectType()
@Entity('api_token')
@Unique('api_token_token_hash_key', ['tokenHash'])
@Unique('api_token_retired_hash_key', ['retiredHash'])
@MigratedChecks(
  'api_token_name_check',
  'api_token_token_hash_check',
  'api_token_permissions_check',
  'api_token_retired_check',
)
@MigratedIndexes('api_token_account_idx')
export class ApiToken {
  @Field(() => ID)
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'api_token_pkey' })
  id: ApiTokenId;

  @ForeignKey(() => Account, { name: 'api_token_account_fkey' })
  @Column('uuid')
  accountId: AccountId;

  @Field(() => String)
  @Column('text')
  name: string;

  @Column('text')
  tokenHash: string;

  /** the token's first characters, to tell it from others */
  @Field(() => String)
  @Column('text')
  prefix: string;

  @Field(() => [PermissionEnum])
  @Column('text', { array: true })
  permissions: Permission[];

  /** null: every gateway of the account */
  @Column('uuid', { array: true, nullable: true })
  gatewayIds: GatewayId[] | null;

  /** client networks that it may come from; null: any */
  @Field(() => [String], { nullable: true })
  @Column('text', { array: true, nullable: true })
  cidrs: string[] | null;

  @Field(() => Date)
  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  @Column('uuid', { nullable: true })
  createdBy: UserId | null;

  @Field(() => Date, { nullable: true })
  @Column('timestamptz', { nullable: true })
  expiresAt: Date | null;

  @Field(() => Date, { nullable: true })
  @Column('timestamptz', { nullable: true })
  revokedAt: Date | null;

  @Field(() => Date, { nullable: true })
  @Column('timestamptz', { nullable: true })
  lastUsedAt: Date | null;

  /** of the secret before the last rotation */
  @Column('text', { nullable: true })
  retiredHash: string | null;

  /** when that secret ends, or ended */
  @Field(() => Date, { nullable: true })
  @Column('timestamptz', { nullable: true })
  retiredUntil: Date | null;

  /** drawn from `policy_revision` at every change */
  @Column('bigint', { default: () => "nextval('policy_revision')" })
  revision: string;
}
