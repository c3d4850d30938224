/** Who changed what in an account: written in the transaction of the change itself, never altered. */
import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { AccountId } from '../contracts/ids.js';
import { Account } from './account.js';
import { MigratedIndexes } from './migrated.js';

@Entity('audit_event')
@MigratedIndexes('audit_event_account_idx')
export class AuditEvent {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'audit_event_pkey' })
  id: string;

  @ForeignKey(() => Account, { name: 'audit_event_account_fkey' })
  @Column('uuid')
  accountId: AccountId;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  @Column('text')
  actor: string;

  @Column('text')
  action: string;

  @Column('jsonb', { nullable: true })
  before: object | null;

  @Column('jsonb', { nullable: true })
  after: object | null;

  @Column('inet', { nullable: true })
  ip: string | null;
}
