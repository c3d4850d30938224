/**
 * The ledger's row as it stands in the table (schema/contracts/usage-record.ts says what it means). Written by the
 * shipper, and by the api for adjustments; append-only; the api reads it by SQL. `bigint` columns are decimal strings.
 */
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AccountId, ApiTokenId, GatewayId } from '../contracts/ids.js';
import { MigratedChecks, MigratedIndexes } from './migrated.js';

@Entity('usage_record')
@MigratedChecks(
  'usage_record_day_check',
  'usage_record_kind_check',
  'usage_record_source_check',
  'usage_record_cost_status_check',
  'usage_record_unpriced_check',
  'usage_record_signs_check',
  'usage_record_attempts_check',
  'usage_record_adjusts_check',
  'usage_record_spool_check',
)
@MigratedIndexes(
  'usage_record_gateway_idx',
  'usage_record_model_idx',
  'usage_record_failure_idx',
  'usage_record_token_idx',
  'usage_record_error_idx',
  'usage_record_event_idx',
  'usage_record_adjusts_idx',
  'usage_record_spool_key',
  'usage_record_cost_idx',
  'usage_record_metadata_idx',
)
export class UsageRecordRow {
  @PrimaryColumn('date', { primaryKeyConstraintName: 'usage_record_pkey' })
  day: string;

  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'usage_record_pkey' })
  id: string;

  @Column('text', { default: 'USAGE' })
  kind: string;

  /** of an adjustment: the record, of the same day, whose cost it corrects */
  @Column('uuid', { nullable: true })
  adjusts: string | null;

  /** of an adjustment: whether it gave an UNPRICED record its price */
  @Column('boolean', { default: false })
  pricesUnpriced: boolean;

  @Column('uuid')
  accountId: AccountId;

  @Column('uuid')
  gatewayId: GatewayId;

  @Column('uuid', { nullable: true })
  apiTokenId: ApiTokenId | null;

  @Column('text')
  eventId: string;

  @Column('integer')
  configVersion: number;

  @Column('timestamptz')
  createdAt: Date;

  @Column('timestamptz', { default: () => 'now()' })
  receivedAt: Date;

  /** how many requests the row stands for: 1, or the count of refusals that one row carries */
  @Column('integer', { default: 1 })
  requestCount: number;

  @Column('text')
  provider: string;

  @Column('text', { nullable: true })
  model: string | null;

  @Column('text')
  method: string;

  @Column('text')
  path: string;

  @Column('smallint')
  statusCode: number;

  @Column('integer', { nullable: true })
  errorCode: number | null;

  @Column('boolean')
  cached: boolean;

  @Column('boolean')
  streamed: boolean;

  @Column('boolean')
  clientAborted: boolean;

  @Column('boolean')
  interrupted: boolean;

  @Column('integer')
  durationMs: number;

  @Column('integer', { nullable: true })
  timeToFirstTokenMs: number | null;

  @Column('bigint')
  inputTokens: string;

  @Column('bigint')
  cachedInputTokens: string;

  @Column('bigint')
  cacheWriteTokens: string;

  @Column('bigint')
  cacheWrite1hTokens: string;

  @Column('bigint')
  outputTokens: string;

  @Column('bigint')
  reasoningTokens: string;

  @Column('bigint')
  audioInputTokens: string;

  @Column('bigint')
  audioOutputTokens: string;

  @Column('bigint')
  imageInputTokens: string;

  @Column('bigint')
  imageOutputTokens: string;

  @Column('bigint')
  requests: string;

  @Column('bigint')
  webSearches: string;

  /** anything else that a provider bills: unit name -> integer */
  @Column('jsonb', { nullable: true })
  otherUnits: unknown;

  @Column('text')
  usageSource: string;

  @Column('text', { nullable: true })
  usageNote: string | null;

  /** integer pico-USD (10^-12 USD) */
  @Column('bigint', { nullable: true })
  costPico: string | null;

  @Column('text')
  costStatus: string;

  @Column('bigint', { nullable: true })
  savedPico: string | null;

  @Column('integer', { nullable: true })
  priceVersion: number | null;

  @Column('text', { nullable: true })
  priceRule: string | null;

  @Column('boolean')
  isLog: boolean;

  @Column('smallint')
  logRetentionDays: number;

  @Column('bytea', { nullable: true })
  cacheKeyHash: Buffer | null;

  @Column('jsonb', { nullable: true })
  metadata: unknown;

  /** null: the only attempt is what the row itself describes */
  @Column('jsonb', { nullable: true })
  attempts: unknown;

  /** of the only attempt, after `createdAt`; it ended with the request */
  @Column('integer', { nullable: true })
  attemptStartedAfterMs: number | null;

  /** the number of the spool that shipped it; null: no proxy did */
  @Column('integer', { nullable: true })
  spool: number | null;

  /** its own number in that spool */
  @Column('bigint', { nullable: true })
  spoolSeq: string | null;

  @Column('inet', { nullable: true })
  clientIp: string | null;

  @Column('text', { nullable: true })
  userAgent: string | null;

  @Column('text', { nullable: true })
  requestContentType: string | null;

  @Column('text', { nullable: true })
  responseContentType: string | null;

  @Column('bytea', { nullable: true })
  systemMessageHash: Buffer | null;

  @Column('bigint')
  requestBytes: string;

  @Column('bigint')
  responseBytes: string;
}
