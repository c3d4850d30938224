/** A link that sets a user's password anew. Its row goes when it is used or replaced. */
import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import type { UserId } from '../contracts/ids.js';
import { MigratedChecks } from './migrated.js';
import { User } from './user.js';

@Entity('password_reset')
@Unique('password_reset_token_hash_key', ['tokenHash'])
@Unique('password_reset_user_key', ['userId'])
@MigratedChecks('password_reset_token_hash_check')
export class PasswordReset {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'password_reset_pkey' })
  id: string;

  @ForeignKey(() => User, { name: 'password_reset_user_fkey' })
  @Column('uuid')
  userId: UserId;

  @Column('text')
  tokenHash: string;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz')
  expiresAt: Date;
}
