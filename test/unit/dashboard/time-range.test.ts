import fc from 'fast-check';
import { expect, test } from '@jest/globals';
import {
  INTERVAL_MS,
  previousRange,
  rangeVariables,
  RANGES,
  timeRange,
  type RangeName,
} from '../../../dashboard/src/time-range.js';

const NOW_MS = Date.parse('2026-11-28T16:05:09Z');
const NONE = { range: null, from: null, to: null };

test('a page without a range shows the last 24 hours', () => {
  const range = timeRange(NONE, NOW_MS);
  expect(range).toMatchObject({ name: '24h', interval: 'FIVE_MINUTES' });
  expect(rangeVariables(range)).toEqual({ from: '2026-11-27T16:10:00.000Z', to: '2026-11-28T16:10:00.000Z' });
});

test('a range with ends of its own is kept as it is, and what cannot be read is the default', () => {
  const own = timeRange({ ...NONE, from: '2026-11-28T10:00:00Z', to: '2026-11-28T10:30:00Z' }, NOW_MS);
  expect(own).toMatchObject({ name: null, interval: 'MINUTE' });
  expect(own.toMs - own.fromMs).toBe(1_800_000);
  for (const given of [
    { ...NONE, range: 'toString' },
    { ...NONE, from: 'x', to: 'y' },
  ]) {
    expect(timeRange(given, NOW_MS)).toEqual(timeRange(NONE, NOW_MS));
  }
  const backwards = { ...NONE, from: '2026-11-28T10:30:00Z', to: '2026-11-28T10:00:00Z' };
  expect(timeRange(backwards, NOW_MS).name).toBe('24h');
});

test('steps are no finer than the api keeps for so long ago', () => {
  const old = timeRange({ ...NONE, from: '2026-11-01T10:00:00Z', to: '2026-11-01T11:00:00Z' }, NOW_MS);
  expect(old.interval).toBe('HOUR');
  const older = timeRange({ ...NONE, from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' }, NOW_MS);
  expect(older.interval).toBe('DAY');
});

test('every named range holds now, in whole steps, and as many as a chart takes', () => {
  const names = Object.keys(RANGES) as RangeName[]; // the keys of a constant
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.integer({ min: 1.7e12, max: 1.9e12 }), (name, nowMs) => {
      const range = timeRange({ ...NONE, range: name }, nowMs);
      const stepMs = INTERVAL_MS[range.interval];
      expect(range.toMs - range.fromMs).toBe(RANGES[name] * 3_600_000);
      expect(nowMs < range.toMs && nowMs >= range.toMs - stepMs).toBe(true);
      expect(range.toMs % stepMs).toBe(0);
      expect((range.toMs - range.fromMs) / stepMs).toBeLessThanOrEqual(400);
      expect(previousRange(range)).toMatchObject({ toMs: range.fromMs, fromMs: range.fromMs * 2 - range.toMs });
    }),
    { numRuns: 200 },
  );
});
