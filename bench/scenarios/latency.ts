/** 300 calls a second that know nothing of each other: what the proxy adds to a call of the upstream itself. */
import { betweenSystems, figure } from '../figures.js';
import type { Measurement } from './measurement.js';
import type { Scenario } from './scenario.js';

const PER_SECOND = 300;
/** More than ever run at a time. */
const CONNECTIONS = 64;

const added =
  (of: 'p50Ms' | 'p99Ms') =>
  (a: Measurement, b: Measurement): number =>
    (a.latency?.[of] ?? Number.NaN) - (b.latency?.[of] ?? Number.NaN);

export const latencyScenario: Scenario = {
  name: 'latency',
  systems: () => ['tollgate', 'bare', 'direct'],
  isInQuickRun: false,
  plan: () => ({
    rounds: 5,
    warmUpMs: 3_000,
    window: { kind: 'json', connections: CONNECTIONS, durationMs: 6_000, perSecond: PER_SECOND },
  }),
  figures: (rounds) => [
    ...figure('P6P50', betweenSystems(rounds, ['tollgate', 'direct'], added('p50Ms'))),
    ...figure('P6P99', betweenSystems(rounds, ['tollgate', 'direct'], added('p99Ms'))),
  ],
};
