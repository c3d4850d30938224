/** The metrics of what a proxy keeps on disk of its policies. */
import type { Registry } from 'prom-client';
import type { PolicySnapshot } from '../policy-cache/policy-snapshot.js';
import type { StartUp } from '../start-up.js';
import { declareCounter, declareGauge } from '../../platform/metrics.js';

export interface SnapshotMetricSources {
  readonly snapshot: PolicySnapshot;
  readonly startUp: StartUp;
}

export function declareSnapshot(registry: Registry, { snapshot, startUp }: SnapshotMetricSources): void {
  const { counts } = snapshot;
  const counters: readonly (readonly [string, string, () => number])[] = [
    ['written', 'Times that the policy snapshot was written', () => counts.written],
    ['failed', 'Times that it could not be written', () => counts.failed],
    ['unusable', 'Snapshots found at the start that could not be used', () => counts.unusable],
  ];
  for (const [name, help, read] of counters)
    declareCounter(registry, `tollgate_policy_snapshot_${name}_total`, help, read);
  const gauges: readonly (readonly [string, string, () => number])[] = [
    ['bytes', 'Size of the policy snapshot', () => counts.bytes],
    ['behind', '1: something is known that is not in it yet', () => (snapshot.isBehind ? 1 : 0)],
    ['left_out', 'Documents that found no room in it', () => counts.leftOut],
    [
      'serving',
      '1: Postgres has not answered since the start; the snapshot is served',
      () => (startUp.isWithoutStores ? 1 : 0),
    ],
  ];
  for (const [name, help, read] of gauges) declareGauge(registry, `tollgate_policy_snapshot_${name}`, help, read);
}
