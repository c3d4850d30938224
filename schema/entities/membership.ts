/** A user's role in one account. */
import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import type { AccountId, MembershipId, UserId } from '../contracts/ids.js';
import type { Role } from '../contracts/permissions.js';
import { Account } from './account.js';
import { MigratedChecks, MigratedIndexes } from './migrated.js';
import { User } from './user.js';

@Entity('membership')
@Unique('membership_account_user_key', ['accountId', 'userId'])
@MigratedChecks('membership_role_check')
@MigratedIndexes('membership_user_idx')
export class Membership {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'membership_pkey' })
  id: MembershipId;

  @ForeignKey(() => Account, { name: 'membership_account_fkey' })
  @Column('uuid')
  accountId: AccountId;

  @ForeignKey(() => User, { name: 'membership_user_fkey' })
  @Column('uuid')
  userId: UserId;

  @Column('text')
  role: Role;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;
}
