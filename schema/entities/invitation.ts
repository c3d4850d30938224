/** An open invitation into an account. Its row goes when it is accepted, revoked or replaced. */
import { Field, ID, ObjectType } from 'type-graphql';
import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import type { AccountId, ApiTokenId, InvitationId, UserId } from '../contracts/ids.js';
import type { Role } from '../contracts/permissions.js';
import { Account } from './account.js';
import { RoleEnum } from './graphql-enums.js';
import { MigratedChecks, MigratedIndexes } from './migrated.js';

@ObjectType()
@Entity('invitation')
@Unique('invitation_token_hash_key', ['tokenHash'])
@Unique('invitation_account_email_key', ['accountId', 'email'])
@MigratedChecks(
  'invitation_email_check',
  'invitation_role_check',
  'invitation_token_hash_check',
  'invitation_maker_check',
)
@MigratedIndexes('invitation_account_idx', 'invitation_email_idx')
export class Invitation {
  @Field(() => ID)
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'invitation_pkey' })
  id: InvitationId;

  @ForeignKey(() => Account, { name: 'invitation_account_fkey' })
  @Column('uuid')
  accountId: AccountId;

  @Field(() => String)
  @Column('text')
  email: string;

  @Field(() => RoleEnum)
  @Column('text')
  role: Role;

  @Column('text')
  tokenHash: string;

  @Field(() => Date)
  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  /** the user who made it; null: an API token did */
  @Column('uuid', { nullable: true })
  createdBy: UserId | null;

  @Column('uuid', { nullable: true })
  createdByToken: ApiTokenId | null;

  @Field(() => Date)
  @Column('timestamptz')
  expiresAt: Date;
}
