/**
 * The ledger's port, as the pipeline sees it. A request is opened before its first byte goes upstream and settled
 * before its last byte goes down; what lies behind is the ledger's affair.
 */
import type { Cost, LogBodies, UsageRecord } from '../../schema/contracts/usage-record.js';
import type { OtherUnits } from '../../schema/contracts/usage-units.js';

/**
 * What is known of a request before it goes upstream, as its record will say it, and what it is likely to cost if nothing
 * comes back: enough to record it when this process ends first.
 */
export interface UsageIntent
  extends
    Omit<Cost, 'costPico'>,
    Pick<
      UsageRecord,
      | 'id'
      | 'createdAtMs'
      | 'accountId'
      | 'gatewayId'
      | 'apiTokenId'
      | 'eventId'
      | 'configVersion'
      | 'provider'
      | 'model'
      | 'method'
      | 'path'
      | 'streamed'
      | 'usageSource'
      | 'isLog'
      | 'logRetentionDays'
      | 'cacheKeyHash'
      | 'metadata'
      | 'clientIp'
      | 'userAgent'
      | 'requestContentType'
      | 'systemMessageHash'
      | 'requestBytes'
    > {
  /** digits; null: no price is known */
  readonly costPico: string | null;
  readonly inputTokens: number;
  readonly otherUnits: OtherUnits | null;
}

export interface LedgerEntry {
  /** what would be recorded if the process ended now, in place of the intent: the answer has gone on */
  progress(record: UsageRecord): void;
  /** resolves when the record can no longer be lost (as far as this ledger promises); an entry ends by it, or below */
  settle(record: UsageRecord, bodies: LogBodies | null): Promise<void>;
  /** gives the entry's room back, and counts it: no record could be made, which the caller has logged */
  abandon(): void;
}

export interface UsageLedger {
  /** Throws GatewayError 9006 when another record could not be kept: nothing is sent upstream then. */
  open(intent: UsageIntent): Promise<LedgerEntry>;
}
