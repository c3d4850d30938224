import { expect, test } from '@jest/globals';
import { BackOff } from '../../../../proxy/workers/back-off.js';

test('workers that end again and again are waited for longer each time, ten seconds at most', () => {
  const backOff = new BackOff();
  const delays = Array.from({ length: 9 }, () => backOff.next(10));
  expect(delays).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
});

test('one that has served for a minute is followed at once', () => {
  const backOff = new BackOff();
  for (let i = 0; i < 5; i++) backOff.next(10);
  expect([backOff.next(60_000), backOff.next(10)]).toEqual([100, 200]);
});
