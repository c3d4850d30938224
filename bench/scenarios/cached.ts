/**
 * The calls of `json` through a gateway with nothing on, beside the same with one cache key for all: a provider's
 * answer against a hit. With everything on, what passes would be slower, and the figure look better.
 */
import { betweenSystems, figure } from '../figures.js';
import type { Scenario } from './scenario.js';

const CONNECTIONS = 32;

export const cachedScenario: Scenario = {
  name: 'cached',
  systems: () => ['plain', 'cached'],
  isInQuickRun: true,
  plan: (isQuick) => ({
    rounds: 5,
    warmUpMs: isQuick ? 1_000 : 8_000,
    window: { kind: 'json', connections: CONNECTIONS, durationMs: isQuick ? 700 : 5_000 },
  }),
  figures: (rounds) =>
    figure(
      'P5',
      betweenSystems(rounds, ['cached', 'plain'], (a, b) => a.requestsPerSecond / b.requestsPerSecond),
    ),
};
