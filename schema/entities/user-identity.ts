/** Who a user is at the OpenID provider: its issuer and subject, which stay whatever becomes of the email. */
import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import type { UserId } from '../contracts/ids.js';
import { MigratedChecks } from './migrated.js';
import { User } from './user.js';

@Entity('user_identity')
@Unique('user_identity_user_issuer_key', ['userId', 'issuer'])
@MigratedChecks('user_identity_key_check')
export class UserIdentity {
  /** SHA-256 of both, lowercase hex */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'user_identity_pkey' })
  key: string;

  @ForeignKey(() => User, { name: 'user_identity_user_fkey' })
  @Column('uuid')
  userId: UserId;

  @Column('text')
  issuer: string;

  @Column('text')
  subject: string;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;
}
