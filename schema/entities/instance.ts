/** One row once the first user and account exist: whoever inserts it has bootstrapped the instance. */
import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { AccountId } from '../contracts/ids.js';
import { Account } from './account.js';
import { MigratedChecks } from './migrated.js';

@Entity('instance')
@MigratedChecks('instance_singleton_check')
export class Instance {
  @PrimaryColumn('boolean', { primaryKeyConstraintName: 'instance_pkey', default: true })
  singleton: true;

  @Column('timestamptz', { default: () => 'now()' })
  bootstrappedAt: Date;

  @ForeignKey(() => Account, { name: 'instance_first_account_fkey' })
  @Column('uuid')
  firstAccountId: AccountId;
}
