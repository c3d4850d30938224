/** The figures that the project steers by: what each is, and what it is to reach (docs/performance.md). */
import type { Measurement, Rounds } from './scenarios/measurement.js';
import { spreadOf, type Spread } from './statistics.js';
import type { SystemName } from './system.js';

const DEFINITIONS = {
  P1: { title: 'throughput ÷ bare Node relay, everything on', target: '≥ 0.70', digits: 2 },
  P1Plain: { title: 'the same without a rate limit and a cache', target: '–', digits: 2 },
  P2: { title: 'throughput ÷ nginx', target: '≥ 0.22', digits: 2 },
  P3: { title: 'throughput ÷ Portkey', target: '≥ 20', digits: 1 },
  P4: { title: 'CPU per proxied request, µs', target: '≤ 80', digits: 1 },
  LimitedCpu: { title: 'CPU of a sliding rate limit per request, µs', target: 'in P4', digits: 1 },
  P5: { title: 'throughput of cache hits ÷ of calls that pass', target: '≥ 1.5', digits: 2 },
  BigBody: { title: 'throughput of 100-kB requests ÷ bare Node relay', target: '–', digits: 2 },
  P6P50: { title: 'added latency at 300 requests/s p50, ms', target: '≤ 0.25', digits: 3 },
  P6P99: { title: 'added latency at 300 requests/s p99, ms', target: '≤ 1.0', digits: 3 },
  P7FirstTokenP50: { title: 'added time to first token p50, ms', target: '≤ 0.3', digits: 3 },
  P7FirstTokenP99: { title: 'added time to first token p99, ms', target: '≤ 1.5', digits: 3 },
  P7Chunk: { title: 'added per chunk p50, ms', target: '≤ 0.05', digits: 3 },
  P8Memory: { title: 'memory of a stream ÷ bare Node relay, 5 000 at a time', target: '≤ 1.3', digits: 2 },
  P8Cpu: { title: 'CPU of a chunk ÷ bare Node relay, 5 000 streams', target: '≤ 1.3', digits: 2 },
  OverloadGoodput: { title: 'throughput at ten times the knee ÷ at the knee', target: '≥ 0.9', digits: 2 },
  OverloadRecovery: { title: 'back to the latency before it after, s', target: '≤ 5', digits: 0 },
  P9Rows: { title: 'rows/s from one spool into Postgres', target: '≥ 20 000', digits: 0 },
  P9Cpu: { title: 'CPU of the proxy per row shipped, µs', target: '≤ 20', digits: 1 },
  P12: { title: 'policy change seen p99, ms', target: '≤ 1000', digits: 0 },
  P12Polled: { title: 'the same where its message was lost, ms', target: '≤ 1000', digits: 0 },
  P13Idle: { title: 'memory of an idle proxy, MiB', target: '≤ 120', digits: 0 },
  P13Growth: { title: 'more of it after 1 M requests, %', target: '≤ 10', digits: 0 },
  RefusedCpu: { title: 'CPU of a refused call ÷ of one through the bare relay', target: '–', digits: 2 },
} as const;

export type FigureName = keyof typeof DEFINITIONS;

export interface Figure {
  readonly name: FigureName;
  readonly title: string;
  readonly target: string;
  readonly digits: number;
  readonly spread: Spread;
}

/** A figure by its value in each round; none without rounds, or where the machine could not tell. */
export function figure(name: FigureName, values: readonly number[]): Figure[] {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.length === 0 ? [] : [{ name, ...DEFINITIONS[name], spread: spreadOf(known) }];
}

/** `combine` of what two systems showed in the same round, round by round; empty when one of them did not run. */
export function betweenSystems(
  rounds: Rounds,
  [first, second]: readonly [SystemName, SystemName],
  combine: (a: Measurement, b: Measurement) => number,
): number[] {
  const others = rounds.get(second) ?? [];
  return (rounds.get(first) ?? []).flatMap((measurement, round) => {
    const other = others[round];
    return other === undefined ? [] : [combine(measurement, other)];
  });
}
