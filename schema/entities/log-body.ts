/**
 * What a log has beside its usage record, with a lifetime of its own: the bodies, feedback, later metadata and the mark
 * of deletion.
 */
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AccountId, GatewayId } from '../contracts/ids.js';
import { MigratedChecks, MigratedIndexes } from './migrated.js';

@Entity('log_body')
@MigratedChecks('log_body_retention_check', 'log_body_feedback_check')
@MigratedIndexes('log_body_changed_idx', 'log_body_feedback_idx', 'log_body_later_idx', 'log_body_score_idx')
export class LogBody {
  @PrimaryColumn('smallint', { primaryKeyConstraintName: 'log_body_pkey' })
  logRetentionDays: number;

  @PrimaryColumn('date', { primaryKeyConstraintName: 'log_body_pkey' })
  day: string;

  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'log_body_pkey' })
  id: string;

  @Column('uuid')
  accountId: AccountId;

  @Column('uuid')
  gatewayId: GatewayId;

  @Column('bytea', { nullable: true })
  requestBody: Buffer | null;

  @Column('bytea', { nullable: true })
  responseBody: Buffer | null;

  /** content encodings of the stored bytes; null: identity */
  @Column('text', { nullable: true })
  requestEncoding: string | null;

  @Column('text', { nullable: true })
  responseEncoding: string | null;

  @Column('boolean', { default: false })
  truncated: boolean;

  @Column('smallint', { nullable: true })
  feedback: number | null;

  @Column('double precision', { nullable: true })
  score: number | null;

  @Column('jsonb', { nullable: true })
  laterMetadata: unknown;

  /** a quota dropped the bodies before their log */
  @Column('timestamptz', { nullable: true })
  expiredAt: Date | null;

  /** the log was deleted: it leaves the lists, the usage record stays */
  @Column('timestamptz', { nullable: true })
  deletedAt: Date | null;
}
