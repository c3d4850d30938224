/** What a proxy says of itself when it says that it lives. */

/** How the ledger of this process is. */
export interface LedgerState {
  readonly open: number;
  /** records that are not known to be in Postgres */
  readonly unshipped: number;
  readonly lagMs: number;
  readonly failedShipments: number;
  readonly failedWrites: number;
  readonly missing: number;
  readonly damagedBytes: number;
  readonly diskBytes: number;
  readonly diskBytesMax: number;
  /** since the spool was begun, and how long ago that was */
  readonly bytesWritten: number;
  readonly ageMs: number;
  readonly isGated: boolean;
}

export interface ProcessReport {
  readonly version: string;
  readonly lagMs: number;
  /** until the spool is full if Postgres stays away; null: nothing was written yet */
  readonly coverHours: number | null;
  readonly isGated: boolean;
}

const MS_PER_HOUR = 3_600_000;

/** At the mean rate since the spool was begun; +Inf as long as nothing was written. */
export function coverHours({ diskBytesMax, diskBytes, bytesWritten, ageMs }: LedgerState): number {
  return Math.max(0, diskBytesMax - diskBytes) / bytesWritten / (MS_PER_HOUR / Math.max(1, ageMs));
}

export function processReport(version: string, state: LedgerState): ProcessReport {
  const hours = coverHours(state);
  const { lagMs, isGated } = state;
  return { version, lagMs: Math.round(lagMs), coverHours: Number.isFinite(hours) ? hours : null, isGated };
}
