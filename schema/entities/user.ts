/** A person who signs in. Rights come from memberships; `isOperator` opens the instance, never an account's things. */
import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';
import type { UserId } from '../contracts/ids.js';
import { MigratedChecks } from './migrated.js';

@Entity('app_user')
@Unique('app_user_email_key', ['email'])
@MigratedChecks('app_user_email_check')
export class User {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'app_user_pkey' })
  id: UserId;

  /** normalised: trimmed and lowercase */
  @Column('text')
  email: string;

  /** null: this user cannot sign in by password */
  @Column('text', { nullable: true })
  passwordHash: string | null;

  @Column('boolean', { default: false })
  isOperator: boolean;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;
}
