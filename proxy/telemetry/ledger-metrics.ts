/** The ledger's metrics: what waits, for how long, what is at stake, and how long the disk will last. */
import type { Registry } from 'prom-client';
import type { BodyWriter } from '../ledger/body-writer.js';
import { coverHours, type LedgerState } from '../ledger/process-report.js';
import type { Shipments } from '../ledger/shipments.js';
import type { SpoolLedger } from '../ledger/spool-ledger.js';
import { declareCounter, declareGauge } from '../../platform/metrics.js';

export interface LedgerSources {
  readonly ledger: SpoolLedger;
  readonly shipments: Shipments;
  readonly bodies: BodyWriter;
}

export function declareLedger(registry: Registry, { ledger, shipments, bodies }: LedgerSources): void {
  const { counts } = ledger;
  const of = (read: (state: LedgerState) => number) => (): number => (ledger.state === null ? 0 : read(ledger.state));
  const counters: readonly (readonly [string, string, () => number])[] = [
    ['settled', 'Usage records that are safe on this machine, or beyond', () => counts.settled],
    ['refused', 'Requests refused because no record of them could be kept', () => counts.refused],
    ['abandoned', 'Requests of which no record could be made: the log tells what they used', () => counts.abandoned],
    ['failed_shipments', 'Shipments to Postgres that were tried again', of((state) => state.failedShipments)],
    ['failed_writes', 'Writes to the spool that failed', of((state) => state.failedWrites)],
    ['missing', 'Records that a spool ought to hold and does not', of((state) => state.missing)],
    [
      'quarantined',
      'Records that Postgres will never take; they are in ledger_quarantine',
      () => shipments.quarantined,
    ],
    ['inherited_spools', 'Spools of ended processes that this one shipped', () => counts.inheritedSpools],
    ['interrupted', 'Requests that ended processes had open, and that were recorded', () => counts.interrupted],
    [
      'damaged_bytes',
      'Bytes of spools that could not be read',
      of((state) => state.damagedBytes + counts.damagedBytes),
    ],
  ];
  for (const [name, help, read] of counters) declareCounter(registry, `tollgate_ledger_${name}_total`, help, read);
  const gauges: readonly (readonly [string, string, () => number])[] = [
    ['open', 'Requests whose record is open', of((state) => state.open)],
    ['unshipped_records', 'Settled records that are not known to be in Postgres', of((state) => state.unshipped)],
    ['lag_seconds', 'Age of the oldest settled record that is not', of((state) => state.lagMs / 1_000)],
    ['spool_bytes', 'Disk that the spool takes', of((state) => state.diskBytes)],
    ['gated', '1: new requests are refused', of((state) => (state.isGated ? 1 : 0))],
    ['cover_hours', 'Hours until the spool is full if Postgres stays away, at the rate so far', of(coverHours)],
  ];
  for (const [name, help, read] of gauges) declareGauge(registry, `tollgate_ledger_${name}`, help, read);
  declareCounter(
    registry,
    'tollgate_log_bodies_written_total',
    'Logs with bodies in Postgres',
    () => bodies.counts.written,
  );
  declareCounter(
    registry,
    'tollgate_log_bodies_dropped_total',
    'Bodies not kept: their bound was reached, or Postgres would not take them',
    () => bodies.counts.dropped,
  );
}
