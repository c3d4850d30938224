import { test, expect } from '@jest/globals';
import { Durations } from '../../../bench/load/durations.js';
import { spreadOf } from '../../../bench/statistics.js';

test('a figure is the middle one of its rounds, with the least and the greatest', () => {
  expect(spreadOf([5, 1, 4, 2, 3])).toEqual({ median: 3, min: 1, max: 5 });
});

test('a figure without rounds is a fault', () => {
  expect(() => spreadOf([])).toThrow();
});

test('durations are summed up as the nearest ranks', () => {
  const durations = new Durations();
  for (let us = 1; us <= 1_000; us++) durations.record(us);
  expect(durations.summary()).toEqual({ p50Ms: 0.5, p99Ms: 0.99 });
});

test('no durations have no summary', () => {
  expect(new Durations().summary()).toBeNull();
});

test('a duration beyond the last bucket is counted in it', () => {
  const durations = new Durations();
  durations.record(10_000_000);
  expect(durations.summary()).toEqual({ p50Ms: 500, p99Ms: 500 });
});
