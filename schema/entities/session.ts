/** One sign-in of one user. The token itself is never stored, only its keyed hash. */
import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import type { UserId } from '../contracts/ids.js';
import { MigratedChecks, MigratedIndexes } from './migrated.js';
import { User } from './user.js';

@Entity('session')
@Unique('session_token_hash_key', ['tokenHash'])
@MigratedChecks('session_token_hash_check')
@MigratedIndexes('session_user_idx')
export class SessionRecord {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'session_pkey' })
  id: string;

  @ForeignKey(() => User, { name: 'session_user_fkey' })
  @Column('uuid')
  userId: UserId;

  @Column('text')
  tokenHash: string;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  /** to the minute */
  @Column('timestamptz', { default: () => 'now()' })
  lastUsedAt: Date;

  @Column('timestamptz')
  expiresAt: Date;

  @Column('timestamptz', { nullable: true })
  revokedAt: Date | null;

  @Column('inet', { nullable: true })
  ip: string | null;

  @Column('text', { nullable: true })
  userAgent: string | null;
}
