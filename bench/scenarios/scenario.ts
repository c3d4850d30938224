/** A scenario: a kind of traffic, which systems it meets, and the figures that come of it. */
import type { Figure } from '../figures.js';
import type { SystemName } from '../system.js';
import { bigBodyScenario } from './big-body.js';
import { cachedScenario } from './cached.js';
import { jsonScenario } from './json.js';
import { limitedScenario } from './limited.js';
import type { Plan, Rounds } from './measurement.js';
import { sseScenario } from './sse.js';

export interface Scenario {
  readonly name: string;
  readonly systems: readonly SystemName[];
  readonly isInQuickRun: boolean;
  plan(isQuick: boolean): Plan;
  figures(rounds: Rounds): Figure[];
}

/** To come, each a file beside this one: sse-many, 401 flood; and Portkey as a system. */
export const SCENARIOS: readonly Scenario[] = [
  jsonScenario,
  cachedScenario,
  sseScenario,
  limitedScenario,
  bigBodyScenario,
];
