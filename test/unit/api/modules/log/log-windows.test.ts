import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { daysApart, timeWindows, windowDays } from '../../../../../api/modules/log/log-windows.js';
import { propertyRuns } from '../../../../support/test-size.js';

const DAY_MS = 86_400_000;
const day = fc.integer({ min: 20_000, max: 20_400 }).map((days) => days * DAY_MS);
const moment = fc.tuple(day, fc.integer({ min: 0, max: DAY_MS - 1 })).map(([ms, more]) => ms + more);

test('windows cover a range once, one after the other, and none opens more than 64 days that have partitions', () => {
  fc.assert(
    fc.property(moment, moment, day, fc.boolean(), (one, other, partitionedFromMs, isDescending) => {
      const [fromMs, toMs] = [Math.min(one, other), Math.max(one, other)];
      const windows = [...timeWindows({ fromMs, toMs }, isDescending, partitionedFromMs)];
      const inTime = isDescending ? windows.toReversed() : windows;
      let reached = fromMs;
      for (const window of inTime) {
        expect(window.fromMs).toBe(reached);
        expect(window.toMs).toBeGreaterThan(window.fromMs);
        const partitioned = window.toMs - Math.max(window.fromMs, partitionedFromMs);
        expect(partitioned).toBeLessThanOrEqual(64 * DAY_MS);
        reached = window.toMs;
      }
      expect(reached).toBe(toMs);
      if (isDescending && windows[0] !== undefined && toMs > partitionedFromMs) {
        expect(toMs - windows[0].fromMs).toBeLessThanOrEqual(DAY_MS);
      }
    }),
    propertyRuns,
  );
});

const isoDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

test('days that are to be apart are in parts of their own, which cover the window in its order', () => {
  fc.assert(
    fc.property(moment, moment, fc.uniqueArray(day), fc.boolean(), (one, other, chosen, isDescending) => {
      const [fromMs, toMs] = [Math.min(one, other), Math.max(one, other) + 1];
      const days = chosen.toSorted((a, b) => a - b).map(isoDay);
      const parts = daysApart({ fromMs, toMs }, days, isDescending);
      const inTime = isDescending ? parts.toReversed() : parts;
      expect([inTime[0]?.fromMs, inTime.at(-1)?.toMs]).toEqual([fromMs, toMs]);
      for (const [index, part] of inTime.entries()) {
        if (index > 0) expect(part.fromMs).toBe(inTime[index - 1]?.toMs);
        expect(part.toMs).toBeGreaterThan(part.fromMs);
        const [first, last] = windowDays(part).map((text) => Date.parse(text));
        const within = Array.from({ length: ((last ?? 0) - (first ?? 0)) / DAY_MS + 1 }, (_, n) =>
          days.includes(isoDay((first ?? 0) + n * DAY_MS)),
        );
        expect(new Set(within).size).toBe(1);
      }
    }),
    propertyRuns,
  );
});

test('without such days, and with days that follow each other, a window stays together', () => {
  const window = { fromMs: Date.parse('2026-01-01'), toMs: Date.parse('2026-01-05') };
  expect(daysApart(window, [], true)).toEqual([window]);
  expect(daysApart(window, ['2026-01-01', '2026-01-02', '2026-01-03', '2026-01-04'], true)).toEqual([window]);
  expect(daysApart(window, ['2025-12-31', '2026-01-01', '2026-01-02'], true).map(windowDays)).toEqual([
    ['2026-01-03', '2026-01-04'],
    ['2026-01-01', '2026-01-02'],
  ]);
});
