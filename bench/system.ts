/** A system under measurement: something on the measured core that passes chat calls on to the upstream. */
import type { LoadTarget } from './load/messages.js';

export interface System {
  readonly name: SystemName;
  /** the process whose CPU time counts */
  readonly pid: number;
  readonly target: LoadTarget;
  /** rejects when it ends unasked */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

/**
 * Of Tollgate's process, by what it is asked for: `tollgate` to `refused`; the controls; `direct`: the upstream itself.
 */
export type SystemName =
  'tollgate' | 'plain' | 'limited' | 'cached' | 'refused' | 'bare' | 'nginx' | 'portkey' | 'direct';

/** What every system needs to know in order to start. */
export interface Surroundings {
  readonly upstreamPort: number;
  /** the measured core; null where programs cannot be pinned */
  readonly core: number | null;
  /** an empty folder of the run's own, removed afterwards */
  readonly folder: string;
}
