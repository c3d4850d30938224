/** The calls of `json` with a token that is well made and nobody's, as a flood of them comes: what a refusal costs. */
import { betweenSystems, figure } from '../figures.js';
import { jsonScenario } from './json.js';
import type { Scenario } from './scenario.js';

export const refusedScenario: Scenario = {
  name: '401-flood',
  systems: () => ['refused', 'bare'],
  isInQuickRun: false,
  plan: jsonScenario.plan,
  figures: (rounds) =>
    figure(
      'RefusedCpu',
      betweenSystems(rounds, ['refused', 'bare'], (a, b) => a.cpuUsPerRequest / b.cpuUsPerRequest),
    ),
};
