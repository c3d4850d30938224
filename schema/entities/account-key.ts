/** Every tag and name that an account ever had: what the account segment of a URL is looked up in. */
import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { AccountId } from '../contracts/ids.js';
import { Account } from './account.js';
import { MigratedIndexes } from './migrated.js';

@Entity('account_key')
@MigratedIndexes('account_key_account_idx')
export class AccountKey {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'account_key_pkey' })
  key: string;

  @ForeignKey(() => Account, { name: 'account_key_account_fkey' })
  @Column('uuid')
  accountId: AccountId;
}
