/**
 * Ten times as many connections that never rest as it takes to keep the proxy busy: how much of the best throughput is
 * left while that lasts, and how long it takes until a few connections are answered as quickly as before.
 */
import { say } from '../bench-run.js';
import { figure, type Figure } from '../figures.js';
import type { Load } from '../load/load.js';
import { table } from '../report.js';
import { spreadOf } from '../statistics.js';
import type { System } from '../system.js';
import { measure, type Measurement } from './measurement.js';
import type { OwnScenario } from './scenario.js';

/** Throughput does not grow with more. */
const KNEE_CONNECTIONS = 32;
const FEW_CONNECTIONS = 4;
const PEAK_ROUNDS = 3;
const PEAK_MS = 5_000;
const OVERLOAD_MS = 60_000;
const RECOVERY_MS = 1_000;
const RECOVERIES_MAX = 10;
/** As quick as before: within the noise of a second. */
const RECOVERED_FACTOR = 2;

export const overloadScenario: OwnScenario = {
  name: 'overload',
  async measure(testbed) {
    const [system] = await testbed.systems(['tollgate']);
    return system === undefined ? [] : measureOverload(await testbed.load(), system);
  },
};

async function measureOverload(load: Load, system: System): Promise<Figure[]> {
  const window = (connections: number, durationMs: number): Promise<Measurement> =>
    measure(load, system, { kind: 'json', connections, durationMs });
  await window(KNEE_CONNECTIONS, PEAK_MS);
  const before = await window(FEW_CONNECTIONS, PEAK_MS);
  const peaks: Measurement[] = [];
  for (let round = 0; round < PEAK_ROUNDS; round++) peaks.push(await window(KNEE_CONNECTIONS, PEAK_MS));
  const peak = spreadOf(peaks.map(({ requestsPerSecond }) => requestsPerSecond)).median;
  const over = await window(10 * KNEE_CONNECTIONS, OVERLOAD_MS);
  const recovered = await secondsUntil(before, () => window(FEW_CONNECTIONS, RECOVERY_MS));
  const rows = [before, ...peaks, over].map(({ requestsPerSecond, errors, latency }, index) => [
    index === 0 ? 'few connections' : index <= PEAK_ROUNDS ? 'at the knee' : 'ten times the knee',
    requestsPerSecond.toFixed(0),
    String(errors),
    latency?.p99Ms.toFixed(1) ?? '',
  ]);
  say(`${table([['overload', 'req/s', 'refused', 'p99 ms'], ...rows])}\n`);
  if (Number.isNaN(recovered)) say(`Not as quick as before within ${RECOVERIES_MAX} s: no OverloadRecovery.\n`);
  return [...figure('OverloadGoodput', [over.requestsPerSecond / peak]), ...figure('OverloadRecovery', [recovered])];
}

/** How many windows it takes; NaN when it never was as quick again. */
async function secondsUntil(before: Measurement, again: () => Promise<Measurement>): Promise<number> {
  const wantedMs = RECOVERED_FACTOR * (before.latency?.p99Ms ?? Number.NaN);
  for (let second = 1; second <= RECOVERIES_MAX; second++) {
    const { latency } = await again();
    if (latency !== null && latency.p99Ms <= wantedMs) return (second * RECOVERY_MS) / 1_000;
  }
  return Number.NaN;
}
