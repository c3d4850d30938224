/** Which faults a run makes, and when: seeded, and in a mix that holds for any number of them. */
import type { Random } from './random.js';

export const FAULT_KINDS = {
  'kill-mid-stream': 'kill -9 of a proxy in the middle of a stream',
  kill: 'kill -9 of a proxy at any moment',
  'kill-all': 'kill -9 of all proxies at once',
  sigterm: 'SIGTERM of a proxy in the middle of a stream',
  pause: 'SIGSTOP of a proxy for 1 … 5 s',
  'postgres-stop': 'Postgres stopped at once (`stop -m immediate`) for 1 … 10 s',
  'postgres-crash': 'kill -9 of a backend of Postgres: all of it restarts',
  'postgres-lock': '`LOCK TABLE usage_record` for 1 … 3 s',
  'postgres-read-only': '`default_transaction_read_only` for 1 … 3 s',
  'schema-drift': 'a column of `usage_record` under another name for 1 … 2 s',
  poison: 'records that Postgres refuses for good',
  'redis-kill': 'kill -9 of Redis, away for 0.5 … 3 s',
  'redis-pause': '`CLIENT PAUSE` of Redis for 0.5 … 3 s',
  'spool-full': "the spools' disk full for 1 … 3 s",
} as const;
export type FaultKind = keyof typeof FAULT_KINDS;

/** What the design would have tried and this program cannot make anywhere. */
export const NEVER_RUN: readonly string[] = [
  'network partition, delay and loss between the processes (`tc netem`, `ip link`)',
  'EIO and failed fsync on the spool (`fiu-run`)',
  'a read-only spool (`mount -o remount,ro`: refused while files are open for writing)',
  'disk full of Postgres (a tablespace on a small tmpfs)',
  'clock jumps (`libfaketime`)',
  'exhausted file descriptors, memory squeeze (`ulimit`, cgroup)',
  'host crash (what was not yet on the disk is gone)',
];

/**
 * Of twenty faults four kill in the middle of a stream and two stop Postgres: 60 have 12 and 6, and 6 have two and one.
 */
const MIX: readonly FaultKind[] = [
  'kill-mid-stream',
  'postgres-stop',
  'kill-mid-stream',
  'sigterm',
  'redis-kill',
  'poison',
  'pause',
  'kill-mid-stream',
  'postgres-lock',
  'schema-drift',
  'postgres-stop',
  'kill-all',
  'redis-pause',
  'postgres-read-only',
  'kill-mid-stream',
  'spool-full',
  'sigterm',
  'pause',
  'postgres-crash',
  'kill',
];

export interface PlannedFault {
  readonly kind: FaultKind;
  /** of those that strike one */
  readonly proxy: number;
  /** after the load's start; later when an earlier fault of the same victim is not over */
  readonly atMs: number;
}

export interface Schedule {
  readonly faults: readonly PlannedFault[];
  readonly durationMs: number;
}

const REQUESTS_PER_SECOND_MAX = 350;
const FAULT_MS = 3_000;
/** Load before the first fault. */
const LEAD_MS = 1_000;

/** What a run has to have made of the two faults that matter most, by how many it was asked for. */
export function missingFaults(made: readonly FaultKind[], asked: number): string[] {
  const least: readonly (readonly [FaultKind, number])[] = [
    ['kill-mid-stream', Math.floor((asked * 10) / 60)],
    ['postgres-stop', Math.floor((asked * 5) / 60)],
  ];
  return least.flatMap(([kind, wanted]) => {
    const count = made.filter((each) => each === kind).length;
    return count >= wanted ? [] : [`${FAULT_KINDS[kind]}: ${count}, where ${asked} faults need ${wanted}`];
  });
}

/** `unavailable`: kinds that cannot be made here; others take their turns. */
export function planFaults(
  random: Random,
  wanted: { readonly requests: number; readonly faults: number; readonly proxies: number },
  unavailable: ReadonlySet<FaultKind> = new Set(),
): Schedule {
  const mix = MIX.filter((kind) => !unavailable.has(kind));
  const kinds = Array.from({ length: wanted.faults }, (_, index) => mix[index % mix.length] ?? 'kill');
  const least = (wanted.requests * 1_000) / REQUESTS_PER_SECOND_MAX;
  const durationMs = Math.max(least, wanted.faults * FAULT_MS, 2 * LEAD_MS);
  const slotMs = (durationMs - LEAD_MS) / Math.max(1, wanted.faults);
  const faults = random.shuffled(kinds).map((kind, index) => ({
    kind,
    proxy: random.integer(0, wanted.proxies - 1),
    atMs: Math.round(LEAD_MS + (index + random.fraction()) * slotMs),
  }));
  return { faults, durationMs };
}
