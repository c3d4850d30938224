/**
 * The ledger's port, as the pipeline sees it. A request is opened before its first byte goes upstream and settled
 * before its last byte goes down; what lies behind may be memory or a spool on disk, the pipeline is the same.
 */
import type { AccountId, ApiTokenId, GatewayId, RequestId } from '../../schema/contracts/ids.js';
import type { LogBodies, UsageRecord } from '../../schema/contracts/usage-record.js';
import type { UsageUnits } from '../../schema/contracts/usage-units.js';

/** What is known before the call: enough to write a record for a request that is cut by a crash. */
export interface UsageIntent {
  readonly id: RequestId;
  readonly accountId: AccountId;
  readonly gatewayId: GatewayId;
  readonly apiTokenId: ApiTokenId | null;
  readonly provider: string;
  readonly model: string | null;
  readonly path: string;
  readonly configVersion: number;
}

export interface LedgerEntry {
  /** units seen so far in a long answer: what a crash from here on is billed with */
  checkpoint(units: UsageUnits): void;
  /** resolves when the record can no longer be lost (as far as this ledger promises); an entry ends by it, or below */
  settle(record: UsageRecord, bodies: LogBodies | null): Promise<void>;
  /** gives the entry's room back, and counts it: no record could be made, which the caller has logged */
  abandon(): void;
}

export interface UsageLedger {
  /** Throws GatewayError 9006 when another record could not be kept: nothing is sent upstream then. */
  open(intent: UsageIntent): LedgerEntry;
}
