/** What a run prints: every system's measurements while it goes on, the figures in one table at the end. */
import type { Figure } from './figures.js';
import type { Machine } from './machine.js';
import type { Measurement, Rounds } from './scenarios/measurement.js';
import { spreadOf } from './statistics.js';

export interface Outcome {
  readonly machine: Machine;
  readonly commit: string | null;
  readonly figures: readonly Figure[];
}

/** A Markdown table whose columns line up in a terminal too. */
export function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

/** The medians of one scenario, a line for each system. */
export function measurementsTable(scenario: string, rounds: Rounds): string {
  const rows = [...rounds].map(([system, measurements]) => {
    const median = (of: (measurement: Measurement) => number | undefined, digits: number): string =>
      text(spreadOf(measurements.map((measurement) => of(measurement) ?? Number.NaN)).median, digits);
    return [
      `${scenario} ${system}`,
      median((m) => m.requestsPerSecond, 0),
      median((m) => m.cpuUsPerRequest, 1),
      median((m) => m.measuredCoreShare * 100, 0),
      median((m) => m.loadCoreShare * 100, 0),
      `${median((m) => m.latency?.p50Ms, 2)} / ${median((m) => m.latency?.p99Ms, 2)}`,
      `${median((m) => m.firstEvent?.p50Ms, 2)} / ${median((m) => m.firstEvent?.p99Ms, 2)}`,
      median((m) => m.eventDelay?.p50Ms, 3),
      String(measurements.reduce((sum, { errors }) => sum + errors, 0)),
    ];
  });
  return table([
    [
      'system',
      'requests/s',
      'CPU µs',
      'core %',
      'load core %',
      'answer p50/p99 ms',
      'first event ms',
      'chunk ms',
      'errors',
    ],
    ...rows,
  ]);
}

export function figuresTable({ machine, commit, figures }: Outcome): string {
  const rows = figures.map(({ name, title, target, digits, spread }) => [
    `${name}: ${title}`,
    text(spread.median, digits),
    target,
    `${text(spread.min, digits)} … ${text(spread.max, digits)}`,
  ]);
  return `${table([['figure', 'value', 'target', 'spread'], ...rows])}\n\n${machineLine(machine, commit)}`;
}

function machineLine(machine: Machine, commit: string | null): string {
  const { isPinned, answersFirst } = machine;
  const sharing = answersFirst ? 'one core for each side' : 'one core for each side; REQUESTS WAIT FOR POSTGRES';
  const pinning = isPinned ? sharing : 'NOT PINNED: figures say little';
  return `${machine.cpu}, ${machine.cores} cores (${pinning}), ${machine.system}, Node ${machine.node}, commit ${commit ?? 'unknown'}`;
}

/** For machines: `{machine, commit, figures: {P1: {value, target, spread}, …}}`. */
export function asJson({ machine, commit, figures }: Outcome): string {
  const entries: [string, unknown][] = figures.map(({ name, target, spread }) => [
    name,
    { value: spread.median, target, spread: [spread.min, spread.max] },
  ]);
  return JSON.stringify({ machine, commit, figures: Object.fromEntries(entries) });
}

const text = (value: number, digits: number): string => (Number.isNaN(value) ? '–' : value.toFixed(digits));
