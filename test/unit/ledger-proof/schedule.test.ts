import { expect, test } from '@jest/globals';
import { Random } from '../../../ledger-proof/random.js';
import { planRequest } from '../../../ledger-proof/request-plan.js';
import { missingFaults, planFaults } from '../../../ledger-proof/schedule.js';

const SEEDS = Array.from({ length: 50 }, (_, seed) => seed);
const wanted = (faults: number) => ({ requests: 50_000, faults, proxies: 2 });

test.each([60, 120, 300])(
  'any run of %i faults kills ten in sixty in mid-stream and stops Postgres for five',
  (count) => {
    for (const seed of SEEDS) {
      const { faults } = planFaults(new Random(seed), wanted(count));
      expect(faults).toHaveLength(count);
      const kinds = faults.map(({ kind }) => kind);
      expect(missingFaults(kinds, count)).toEqual([]);
      expect(kinds.filter((kind) => kind === 'kill-mid-stream').length).toBeGreaterThanOrEqual(count / 6);
      expect(kinds.filter((kind) => kind === 'postgres-stop').length).toBeGreaterThanOrEqual(count / 12);
    }
  },
);

test('of six faults two kill in mid-stream and one stops Postgres', () => {
  const kinds = planFaults(new Random(1), wanted(6)).faults.map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'kill-mid-stream')).toHaveLength(2);
  expect(kinds.filter((kind) => kind === 'postgres-stop')).toHaveLength(1);
});

test('what cannot be made is not planned, and the number stays', () => {
  const { faults } = planFaults(new Random(1), wanted(60), new Set(['spool-full']));
  expect(faults).toHaveLength(60);
  expect(faults.map(({ kind }) => kind)).not.toContain('spool-full');
});

test('the same seed plans the same, another one something else', () => {
  expect(planFaults(new Random(7), wanted(60))).toEqual(planFaults(new Random(7), wanted(60)));
  expect(planFaults(new Random(8), wanted(60))).not.toEqual(planFaults(new Random(7), wanted(60)));
});

test('every fault begins while load runs, in its turn', () => {
  for (const seed of SEEDS) {
    const { faults, durationMs } = planFaults(new Random(seed), wanted(60));
    const times = faults.map(({ atMs }) => atMs);
    expect(times.toSorted((a, b) => a - b)).toEqual(times);
    expect(times.at(-1)).toBeLessThanOrEqual(durationMs);
  }
});

test('more than three requests in ten are streams, and some last for hundreds of milliseconds', () => {
  for (const seed of SEEDS) {
    const random = new Random(seed);
    const plans = Array.from({ length: 2_000 }, () => planRequest(random));
    const streams = plans.filter(({ isStream }) => isStream);
    expect(streams.length / plans.length).toBeGreaterThan(0.3);
    expect(streams.filter((plan) => plan.deltas * plan.intervalMs >= 400).length).toBeGreaterThan(100);
  }
});

test('too few of the faults that matter are named', () => {
  expect(missingFaults(['postgres-stop', 'kill'], 60)).toEqual([
    'kill -9 of a proxy in the middle of a stream: 0, where 60 faults need 10',
    'Postgres stopped at once (`stop -m immediate`) for 1 … 10 s: 1, where 60 faults need 5',
  ]);
});
