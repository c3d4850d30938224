import { expect, test } from '@jest/globals';
import { distribution } from '../../../scripts/metrics/distribution.js';

test('percentiles are sizes that occur', () => {
  expect(distribution([5, 1, 4, 2, 3])).toEqual({ count: 5, median: 3, p90: 5, max: 5 });
  expect(distribution([7])).toEqual({ count: 1, median: 7, p90: 7, max: 7 });
});

test('an empty set measures zero', () => {
  expect(distribution([])).toEqual({ count: 0, median: 0, p90: 0, max: 0 });
});
