/**
 * The ledger's port, as the pipeline sees it. A request is opened before its first byte goes upstream and settled
 * before its last byte goes down; what lies behind is the ledger's affair.
 */
import type { LogBodies, RecordedOutcome, RecordedRequest } from '../../schema/contracts/usage-record.js';

export interface LedgerEntry {
  /** what is said of the request from the next `progress` on: another call is made in its place. Throws RangeError */
  restate(request: RecordedRequest): void;
  /** what would be recorded if the process ended now, in place of what was said before: the answer has gone on */
  progress(outcome: RecordedOutcome): void;
  /** resolves when the record can no longer be lost (as far as this ledger promises); an entry ends by it, or below */
  settle(outcome: RecordedOutcome, bodies: LogBodies | null): Promise<void>;
  /** gives the entry's room back, and counts it: no record could be made, which the caller has logged */
  abandon(): void;
}

export interface UsageLedger {
  /**
   * `cut`: what is recorded when this process ends before anything came back; null: nothing is sent upstream, so that
   * there is nothing to tell before the entry is settled, which it is at once. Throws or rejects with GatewayError 9006
   * when another record could not be kept: nothing is sent upstream then.
   */
  open(request: RecordedRequest, cut: RecordedOutcome | null): LedgerEntry | Promise<LedgerEntry>;
}
