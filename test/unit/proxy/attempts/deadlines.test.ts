import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { Deadlines, type Deadline } from '../../../../proxy/attempts/deadlines.js';
import { propertyRuns } from '../../../support/test-size.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** What happens after so many ms: a limit begins to run, or the one that began as the `clears`th ends. */
const step = fc.record({
  afterMs: fc.integer({ min: 0, max: 40 }),
  timeoutMs: fc.oneof(fc.constantFrom(20, 100), fc.integer({ min: 1, max: 300 })),
  clears: fc.option(fc.nat(150), { nil: null }),
});

test('each is told when its own time is up, and none that was cleared before', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const deadlines = new Deadlines();
      const told: (number | null)[] = [];
      const due: (number | null)[] = [];
      const set: Deadline[] = [];
      for (const { afterMs, timeoutMs, clears } of steps) {
        jest.advanceTimersByTime(afterMs);
        const nowMs = performance.now();
        const number = set.length;
        told.push(null);
        due.push(nowMs + timeoutMs);
        set.push(deadlines.set(timeoutMs, { onTime: () => void (told[number] = performance.now()) }));
        if (clears === null || clears > number) continue;
        set[clears]?.clear();
        if ((due[clears] ?? 0) > nowMs) due[clears] = null;
      }
      jest.advanceTimersByTime(300);
      expect(told).toEqual(due);
      jest.advanceTimersByTime(300);
      expect(jest.getTimerCount()).toBe(0);
    }),
    propertyRuns,
  );
});

test('whoever is told may begin anew, and one who throws takes nobody else along', () => {
  const deadlines = new Deadlines();
  const told: string[] = [];
  const again = {
    onTime(): void {
      told.push(`again ${performance.now() - startMs}`);
      if (told.length === 1) deadlines.set(50, again);
    },
  };
  const startMs = performance.now();
  deadlines.set(50, again);
  deadlines.set(50, {
    onTime() {
      throw new Error('thrown');
    },
  });
  deadlines.set(50, { onTime: () => void told.push(`other ${performance.now() - startMs}`) });
  expect(() => jest.advanceTimersByTime(50)).toThrow('thrown');
  jest.advanceTimersByTime(51);
  expect(told).toEqual(['again 50', 'other 51', 'again 100']);
});
