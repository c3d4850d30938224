/** A scenario: a kind of traffic, which systems it meets, and the figures that come of it. */
import type { Figure } from '../figures.js';
import type { SystemName } from '../system.js';
import type { Testbed } from '../testbed.js';
import { bigBodyScenario } from './big-body.js';
import { cachedScenario } from './cached.js';
import { jsonScenario } from './json.js';
import { latencyScenario } from './latency.js';
import { ledgerScenario } from './ledger.js';
import { limitedScenario } from './limited.js';
import { manyStreamsScenario } from './many-streams.js';
import type { Plan, Rounds } from './measurement.js';
import { memoryScenario } from './memory.js';
import { overloadScenario } from './overload.js';
import { policyScenario } from './policy.js';
import { refusedScenario } from './refused.js';
import { sseScenario } from './sse.js';

export interface Scenario {
  readonly name: string;
  systems(isQuick: boolean): readonly SystemName[];
  readonly isInQuickRun: boolean;
  plan(isQuick: boolean): Plan;
  figures(rounds: Rounds): Figure[];
}

/** A scenario that is more than windows of load over systems in turn. In full runs alone. */
export interface OwnScenario {
  readonly name: string;
  measure(testbed: Testbed): Promise<Figure[]>;
}

export const SCENARIOS: readonly Scenario[] = [
  jsonScenario,
  cachedScenario,
  sseScenario,
  limitedScenario,
  bigBodyScenario,
  latencyScenario,
  refusedScenario,
];
export const OWN_SCENARIOS: readonly OwnScenario[] = [
  overloadScenario,
  manyStreamsScenario,
  policyScenario,
  memoryScenario,
  ledgerScenario,
];
