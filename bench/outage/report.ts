/** The outcome of an outage for people. */
import { table } from '../report.js';
import type { OutageOptions } from './options.js';
import type { OutageOutcome } from './outage.js';

const MEBIBYTE = 1_024 ** 2;

export function outageTable({ seconds, perSecond }: OutageOptions, outcome: OutageOutcome): string {
  const { load, memory, backlog, drainMs, drainedPerSecond, rows, lost, duplicated } = outcome;
  const growth = (of: 'rssBytes' | 'heapBytes'): string =>
    `${mebibytes(memory.before[of])} + ${mebibytes(memory.during[of] - memory.before[of])} MiB`;
  const latency = load.latency === null ? '–' : `${ms(load.latency.p50Ms)} / ${ms(load.latency.p99Ms)} ms`;
  return table([
    ['Postgres away', `${seconds} s at ${perSecond}/s`, 'goal'],
    ['requests', String(load.sent), ''],
    ['errors seen by clients', String(load.errors), '0'],
    ['answer p50 / p99', latency, ''],
    ['RSS before, and its growth while away', growth('rssBytes'), '≤ 64 MiB'],
    ['heap before, and its growth while away', growth('heapBytes'), '≤ 64 MiB'],
    ['RSS at most while draining', `${mebibytes(memory.after.rssBytes)} MiB`, ''],
    ['records that waited', String(backlog), ''],
    [
      'drained, with the load going on',
      `${drainedPerSecond.toFixed(0)} rows/s in ${(drainMs / 1_000).toFixed(1)} s`,
      '≥ 10 000 rows/s',
    ],
    ['rows', String(rows), ''],
    ['lost', String(lost), '0'],
    ['duplicated', String(duplicated), '0'],
  ]);
}

const mebibytes = (bytes: number): string => (bytes / MEBIBYTE).toFixed(1);
const ms = (value: number): string => value.toFixed(2);
