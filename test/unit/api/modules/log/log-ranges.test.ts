import { expect, test } from '@jest/globals';
import { batchOf, ofEach } from '../../../../../api/modules/log/log-ranges.js';
import { timeWindows } from '../../../../../api/modules/log/log-windows.js';

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse('2026-11-29T00:00:00Z');
/** One day, three, nine, twenty-seven, and five times sixty-four. */
const WINDOWS = [...timeWindows({ fromMs: NOW_MS - 360 * DAY_MS, toMs: NOW_MS }, true)];
const lengths = (next: number, found: number, isBehindNewest = false): number[] =>
  batchOf(WINDOWS, next, { found, limit: 51, isBehindNewest }).map(({ fromMs, toMs }) => (toMs - fromMs) / DAY_MS);

test('the first windows are looked through one by one, whatever they have', () => {
  expect([lengths(0, 0), lengths(1, 0)]).toEqual([[1], [3]]);
});

test('behind them as many windows are looked through at a time as will have enough, if they are like those before', () => {
  expect(lengths(2, 0)).toEqual([9, 27, 64, 64]); // no more at a time
  expect(lengths(2, 20)).toEqual([9]); // five a day: nine days have 45
  expect(lengths(2, 8)).toEqual([9, 27]); // two a day: 22 days
  expect(lengths(3, 30)).toEqual([27]);
});

test('where the newest records were read before, only the first window is looked through alone', () => {
  expect([lengths(0, 0, true), lengths(1, 0, true), lengths(1, 20, true)]).toEqual([[1], [3, 9, 27, 64], [3]]);
});

test('behind the last window there is nothing', () => {
  expect(lengths(WINDOWS.length, 1)).toEqual([]);
});

test('the widest of them is asked first, and the answers are in their order', async () => {
  const begun: number[] = [];
  const [first, ...others] = WINDOWS.slice(0, 4);
  const windows = [...others, ...(first === undefined ? [] : [first])];
  const days = await ofEach(windows, ({ fromMs, toMs }) => {
    begun.push((toMs - fromMs) / DAY_MS);
    return Promise.resolve((toMs - fromMs) / DAY_MS);
  });
  expect(begun).toEqual([27, 9, 3, 1]);
  expect(days).toEqual([3, 9, 27, 1]);
});
