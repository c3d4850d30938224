/**
 * Short chat calls, none like another, from 32 connections that never rest: throughput and CPU per request. With
 * everything on (one sliding rate limit that never refuses, a cache that never has the answer), and beside it with
 * neither of these.
 */
import { betweenSystems, figure } from '../figures.js';
import type { Measurement } from './measurement.js';
import type { Scenario } from './scenario.js';

const CONNECTIONS = 32;

const throughputRatio = (a: Measurement, b: Measurement): number => a.requestsPerSecond / b.requestsPerSecond;

export const jsonScenario: Scenario = {
  name: 'json',
  systems: (isQuick) => ['tollgate', 'plain', 'bare', 'nginx', ...(isQuick ? [] : (['portkey'] as const))],
  isInQuickRun: true,
  plan: (isQuick) => ({
    rounds: 5,
    warmUpMs: isQuick ? 3_000 : 8_000,
    window: { kind: 'json', connections: CONNECTIONS, durationMs: isQuick ? 700 : 5_000 },
  }),
  figures: (rounds) => [
    ...figure('P1', betweenSystems(rounds, ['tollgate', 'bare'], throughputRatio)),
    ...figure('P1Plain', betweenSystems(rounds, ['plain', 'bare'], throughputRatio)),
    ...figure('P2', betweenSystems(rounds, ['tollgate', 'nginx'], throughputRatio)),
    ...figure('P3', betweenSystems(rounds, ['tollgate', 'portkey'], throughputRatio)),
    ...figure(
      'P4',
      (rounds.get('tollgate') ?? []).map((measurement) => measurement.cpuUsPerRequest),
    ),
  ],
};
