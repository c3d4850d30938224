import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { timeWindows } from '../../../../api/modules/log/log-windows.js';
import { propertyRuns } from '../../../support/test-size.js';

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
