/** The calls of `json` with bodies of 100 kB: what is read, hashed, understood and logged of each byte. */
import { betweenSystems, figure } from '../figures.js';
import type { Scenario } from './scenario.js';

const CONNECTIONS = 32;

export const bigBodyScenario: Scenario = {
  name: 'big-body',
  systems: () => ['tollgate', 'bare'],
  isInQuickRun: false,
  plan: () => ({
    rounds: 5,
    warmUpMs: 4_000,
    window: { kind: 'big-body', connections: CONNECTIONS, durationMs: 3_000 },
  }),
  figures: (rounds) =>
    figure(
      'BigBody',
      betweenSystems(rounds, ['tollgate', 'bare'], (a, b) => a.requestsPerSecond / b.requestsPerSecond),
    ),
};
