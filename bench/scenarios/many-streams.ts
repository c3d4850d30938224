/**
 * 5 000 streams at a time, two events a second in each: the memory that a stream takes, and the CPU that a chunk does,
 * beside a bare relay of the same streams. Each system in a process of its own that has done little before: what one
 * has held once, it keeps.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { say } from '../bench-run.js';
import { processCpuMs, untilIdle } from '../cpu-time.js';
import { figure, type Figure } from '../figures.js';
import type { LoadOrder, LoadResult } from '../load/messages.js';
import { processRssBytes } from '../memory.js';
import { table } from '../report.js';
import { spreadOf } from '../statistics.js';
import type { System } from '../system.js';
import type { Testbed } from '../testbed.js';
import { SLOW_PACE } from '../upstream/answers.js';
import type { OwnScenario } from './scenario.js';

const STREAMS = 5_000;
/** All have begun by then, and none has ended before the window does. */
const WINDOW_FROM_MS = 27_000;
const WINDOW_TO_MS = 43_000;
const SAMPLE_MS = 500;
/** So that code is compiled, and the memory before is that of a process at work. */
const WARM_UP = { kind: 'sse', connections: 32, durationMs: 5_000 } as const;
const IDLE_TIMEOUT_MS = 5_000;
const CHUNKS_PER_SECOND = (STREAMS * 1_000) / SLOW_PACE.intervalMs;

interface StreamCosts {
  readonly bytesPerStream: number;
  readonly cpuUsPerChunk: number;
  readonly result: LoadResult;
}

export const manyStreamsScenario: OwnScenario = {
  name: 'sse-many',
  async measure(testbed) {
    const { tollgate } = await testbed.freshTollgate();
    const ours = await costsOf(testbed, tollgate);
    await tollgate.stop();
    const bareRelay = await testbed.freshBareRelay();
    const bare = await costsOf(testbed, bareRelay);
    await bareRelay.stop();
    const rows = [rowOf('tollgate', ours), rowOf('bare', bare)];
    say(`${table([['sse-many', 'KiB a stream', 'CPU µs a chunk', 'chunk p50/p99 ms', 'errors'], ...rows])}\n`);
    return figures(ours, bare);
  },
};

const figures = (ours: StreamCosts, bare: StreamCosts): Figure[] => [
  ...figure('P8Memory', [ours.bytesPerStream / bare.bytesPerStream]),
  ...figure('P8Cpu', [ours.cpuUsPerChunk / bare.cpuUsPerChunk]),
];

async function costsOf(testbed: Testbed, system: System): Promise<StreamCosts> {
  const load = await testbed.load();
  const run = (order: Omit<LoadOrder, 'target'>): Promise<LoadResult> =>
    Promise.race([load.run({ ...order, target: system.target }), system.failed]);
  await run(WARM_UP);
  await untilIdle(system.pid, IDLE_TIMEOUT_MS);
  const before = processRssBytes(system.pid);
  const running = run({ kind: 'slow-sse', connections: STREAMS, durationMs: WINDOW_TO_MS });
  await delay(WINDOW_FROM_MS);
  const [startedMs, cpuBefore] = [performance.now(), processCpuMs(system.pid)];
  const held: number[] = [];
  while (performance.now() - startedMs < WINDOW_TO_MS - WINDOW_FROM_MS) {
    await delay(SAMPLE_MS);
    held.push(processRssBytes(system.pid));
  }
  const chunks = ((performance.now() - startedMs) / 1_000) * CHUNKS_PER_SECOND;
  const cpuUsPerChunk = ((processCpuMs(system.pid) - cpuBefore) * 1_000) / chunks;
  const bytesPerStream = (spreadOf(held).median - before) / STREAMS;
  const result = await running;
  // of fewer streams than were asked for, neither is known
  if (result.errors > 0) return { bytesPerStream: Number.NaN, cpuUsPerChunk: Number.NaN, result };
  return { bytesPerStream, cpuUsPerChunk, result };
}

const rowOf = (name: string, { bytesPerStream, cpuUsPerChunk, result }: StreamCosts): string[] => [
  name,
  (bytesPerStream / 1_024).toFixed(1),
  cpuUsPerChunk.toFixed(1),
  `${result.eventDelay?.p50Ms.toFixed(2) ?? '–'} / ${result.eventDelay?.p99Ms.toFixed(2) ?? '–'}`,
  result.firstError === null ? '0' : `${result.errors} (${result.firstError.split('\r\n')[0]})`,
];
