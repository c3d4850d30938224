/** One window of load on one system, and what it cost in CPU. */
import { coreBusyMs, processCpuMs, untilIdle } from '../cpu-time.js';
import type { Load } from '../load/load.js';
import type { LoadOrder, LoadResult } from '../load/messages.js';
import { LOAD_CORE, MEASURED_CORE } from '../machine.js';
import type { System, SystemName } from '../system.js';

/** What a system may still have to do after its last answer. */
const IDLE_TIMEOUT_MS = 5_000;
/**
 * Of a window, for which a system has its load before it is measured. One that rested while others had their turn takes
 * more of the processor at first (docs/decisions/0049).
 */
const RUN_IN_SHARE = 0.3;

export interface Measurement extends Omit<LoadResult, 'kind'> {
  readonly requestsPerSecond: number;
  /** of the system's process, its work after the last answer included; NaN where it cannot be known */
  readonly cpuUsPerRequest: number;
  /** how busy the two cores were with whatever ran on them, 0 … 1 */
  readonly measuredCoreShare: number;
  readonly loadCoreShare: number;
}

export type Window = Omit<LoadOrder, 'target'>;
/** Every round's measurement of every system, in order. */
export type Rounds = ReadonlyMap<SystemName, readonly Measurement[]>;

export async function measure(load: Load, system: System, window: Window): Promise<Measurement> {
  const [cpuBefore, measuredBefore, loadBefore] = [
    processCpuMs(system.pid),
    coreBusyMs(MEASURED_CORE),
    coreBusyMs(LOAD_CORE),
  ];
  const startedMs = performance.now();
  const { kind: _, ...result } = await Promise.race([load.run({ ...window, target: system.target }), system.failed]);
  const passedMs = performance.now() - startedMs;
  const [measuredAfter, loadAfter] = [coreBusyMs(MEASURED_CORE), coreBusyMs(LOAD_CORE)];
  await untilIdle(system.pid, IDLE_TIMEOUT_MS);
  return {
    ...result,
    requestsPerSecond: (result.requests / result.elapsedMs) * 1_000,
    cpuUsPerRequest: ((processCpuMs(system.pid) - cpuBefore) / result.requests) * 1_000,
    measuredCoreShare: (measuredAfter - measuredBefore) / passedMs,
    loadCoreShare: (loadAfter - loadBefore) / passedMs,
  };
}

export interface Plan {
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly window: Window;
}

/** Rounds over all systems in turn: what disturbs the machine for a while disturbs all of them. */
export async function measureInterleaved(load: Load, systems: readonly System[], plan: Plan): Promise<Rounds> {
  const rounds = new Map<SystemName, Measurement[]>();
  for (const system of systems) {
    await measure(load, system, { ...plan.window, durationMs: plan.warmUpMs });
    rounds.set(system.name, []);
  }
  for (let round = 0; round < plan.rounds; round++) {
    for (const system of systems) {
      await runIn(load, system, plan.window);
      rounds.get(system.name)?.push(await measure(load, system, plan.window));
    }
  }
  return rounds;
}

/** Its load goes on in the window behind: nothing is waited for. */
async function runIn(load: Load, system: System, window: Window): Promise<void> {
  const durationMs = window.durationMs * RUN_IN_SHARE;
  await Promise.race([load.run({ ...window, durationMs, target: system.target }), system.failed]);
}
