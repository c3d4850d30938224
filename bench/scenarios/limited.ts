/** The calls of `json` through a gateway without a rate limit and one with a sliding one that never refuses. */
import { betweenSystems, figure } from '../figures.js';
import { jsonScenario } from './json.js';
import type { Scenario } from './scenario.js';

export const limitedScenario: Scenario = {
  name: 'limited',
  systems: () => ['plain', 'limited'],
  isInQuickRun: false,
  plan: jsonScenario.plan,
  figures: (rounds) =>
    figure(
      'LimitedCpu',
      betweenSystems(rounds, ['limited', 'plain'], (limited, plain) => limited.cpuUsPerRequest - plain.cpuUsPerRequest),
    ),
};
