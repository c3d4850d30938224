/** The calls of `json` again, beside the same calls with a cache key of their own: a provider's answer against a hit. */
import { betweenSystems, figure } from '../figures.js';
import type { Scenario } from './scenario.js';

const CONNECTIONS = 32;

export const cachedScenario: Scenario = {
  name: 'cached',
  systems: ['tollgate', 'tollgate-cached'],
  isInQuickRun: true,
  plan: (isQuick) => ({
    rounds: 5,
    warmUpMs: isQuick ? 1_000 : 8_000,
    window: { kind: 'json', connections: CONNECTIONS, durationMs: isQuick ? 1_000 : 5_000 },
  }),
  figures: (rounds) =>
    figure(
      'P5',
      betweenSystems(rounds, ['tollgate-cached', 'tollgate'], (a, b) => a.requestsPerSecond / b.requestsPerSecond),
    ),
};
