/**
 * Streams of 20 events, 10 ms apart, on 32 connections: what the proxy adds to the first event and to each other one.
 */
import { betweenSystems, figure } from '../figures.js';
import type { Measurement } from './measurement.js';
import type { Scenario } from './scenario.js';

const CONNECTIONS = 32;

/** How much more the first of two systems takes; NaN when one of them measured nothing. */
const added =
  (of: (measurement: Measurement) => number | undefined) =>
  (a: Measurement, b: Measurement): number =>
    (of(a) ?? Number.NaN) - (of(b) ?? Number.NaN);

export const sseScenario: Scenario = {
  name: 'sse',
  systems: () => ['tollgate', 'bare'],
  isInQuickRun: false,
  plan: (isQuick) => ({
    rounds: 5,
    warmUpMs: isQuick ? 1_000 : 3_000,
    window: { kind: 'sse', connections: CONNECTIONS, durationMs: isQuick ? 1_500 : 6_000 },
  }),
  figures(rounds) {
    const between = (of: (measurement: Measurement) => number | undefined): number[] =>
      betweenSystems(rounds, ['tollgate', 'bare'], added(of));
    return [
      ...figure(
        'P7FirstTokenP50',
        between(({ firstEvent }) => firstEvent?.p50Ms),
      ),
      ...figure(
        'P7FirstTokenP99',
        between(({ firstEvent }) => firstEvent?.p99Ms),
      ),
      ...figure(
        'P7Chunk',
        between(({ eventDelay }) => eventDelay?.p50Ms),
      ),
    ];
  },
};
