import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { VALUES_MAX } from '../../../../proxy/rate-limits/limit-script.js';
import { CounterRoom, LocalCounters } from '../../../../proxy/rate-limits/local-counters.js';
import { monthNumber } from '../../../../schema/contracts/request-counts.js';
import { propertyRuns } from '../../../support/test-size.js';

const SLIDING = { intervalMs: 1_000, isSliding: true };
const FIXED = { intervalMs: 1_000, isSliding: false };

/** How many of `count` are admitted at `nowMs`. */
function admitted(
  counters: LocalCounters,
  value: string,
  { limit, nowMs, count }: Record<'limit' | 'nowMs' | 'count', number>,
): number {
  let found = 0;
  for (let asked = 0; asked < count; asked++) {
    if (counters.waitMs(value, limit, nowMs) > 0) continue;
    counters.count(value, nowMs);
    found += 1;
  }
  return found;
}

test('a quota counts in calendar months of UTC, whatever their length', () => {
  const counters = new LocalCounters(new CounterRoom(10), { ...FIXED, isMonthly: true });
  const counted: number[] = [];
  for (const at of [
    '2028-01-31T23:59:59.999Z',
    '2028-02-01T00:00:00Z',
    '2028-02-29T23:59:59Z',
    '2028-03-01T00:00:00Z',
  ]) {
    counted.push(admitted(counters, 'a', { limit: 3, nowMs: Date.parse(at), count: 5 }));
  }
  expect(counted).toEqual([3, 3, 0, 3]);
  expect(counters.waitMs('a', 3, Date.parse('2028-03-31T00:00:00Z'))).toBe(86_400_000);
});

test('what Redis told of a month ends with it, and what it tells of the last one afterwards counts for nothing', () => {
  const counters = new LocalCounters(new CounterRoom(10), { ...FIXED, isMonthly: true });
  const last = Date.parse('2028-02-29T23:59:59.999Z');
  const [february, march] = [monthNumber(last), monthNumber(last + 1)];
  counters.heard(8, february);
  expect(counters.share(10, 2, last)).toBe(1);
  expect(counters.share(10, 2, last + 1)).toBe(5);
  counters.heard(9, february); // it was under way when the month ended
  expect(counters.share(10, 2, last + 1)).toBe(5);
  counters.heard(4, march);
  expect(counters.share(10, 2, last + 1)).toBe(3);
  expect(admitted(counters, 'a', { limit: 3, nowMs: last + 1, count: 5 })).toBe(3);
});

test('a fixed limit begins anew with every window, a sliding one carries over what still counts', () => {
  for (const [shape, next] of [
    [FIXED, 4],
    [SLIDING, 2],
  ] as const) {
    const counters = new LocalCounters(new CounterRoom(10), shape);
    expect(admitted(counters, 'a', { limit: 4, nowMs: 5_100, count: 9 })).toBe(4);
    expect(admitted(counters, 'a', { limit: 4, nowMs: 6_500, count: 9 })).toBe(next);
    expect(admitted(counters, 'a', { limit: 4, nowMs: 9_000, count: 9 })).toBe(4);
  }
});

test('a clock that seems to go back a little behind the beginning of a window resets nothing', () => {
  const counters = new LocalCounters(new CounterRoom(10), FIXED);
  expect(admitted(counters, 'a', { limit: 4, nowMs: 6_001, count: 9 })).toBe(4);
  expect(admitted(counters, 'a', { limit: 4, nowMs: 5_999, count: 9 })).toBe(0);
  expect(admitted(counters, 'a', { limit: 4, nowMs: 6_002, count: 9 })).toBe(0);
});

test('values for which there is no room share one counter: the limit is never off', () => {
  const room = new CounterRoom(2);
  const counters = new LocalCounters(room, FIXED);
  for (const value of ['a', 'b']) expect(admitted(counters, value, { limit: 1, nowMs: 0, count: 3 })).toBe(1);
  const strangers = Array.from({ length: 50 }, (_, index) =>
    admitted(counters, `stranger-${index}`, { limit: 3, nowMs: 1, count: 1 }),
  );
  expect(strangers.filter((count) => count === 1)).toHaveLength(3);
  expect(room.crowded).toBe(3);
  expect(room.held).toBe(3); // a, b, and the shared one
});

test('a rule holds so many values a window and no more', () => {
  const room = new CounterRoom(Number.MAX_SAFE_INTEGER);
  const counters = new LocalCounters(room, FIXED);
  for (let index = 0; index < VALUES_MAX + 10; index++) counters.count(`value-${index}`, 0);
  expect(room.held).toBe(VALUES_MAX + 1);
  expect(room.crowded).toBe(10);
});

test('a refusal is remembered until Redis is to be asked again, and not once the limit is another', () => {
  const room = new CounterRoom(10);
  const counters = new LocalCounters(room, FIXED);
  counters.setLimit(1);
  const refusal = { askAgainAtMs: 100, freeAtMs: 500 };
  counters.remember('a', refusal);
  expect(counters.refusalOf('a', 99)).toBe(refusal);
  expect(counters.refusalOf('b', 99)).toBeNull();
  expect(counters.refusalOf('a', 100)).toBeNull();
  expect(room.held).toBe(0);
  counters.remember('a', refusal);
  counters.setLimit(1);
  expect(counters.refusalOf('a', 50)).toBe(refusal);
  counters.setLimit(2);
  expect(counters.refusalOf('a', 50)).toBeNull();
  expect(room.held).toBe(0);
});

const step = fc.record({
  value: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  doing: fc.constantFrom('count', 'remember', 'look', 'turn', 'setLimit'),
  atMs: fc.integer({ min: 0, max: 10_000 }),
});

test('whatever happens, all room is given back, and no more than there is is taken but for the shared counters', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.boolean(), (steps, isSliding) => {
      const room = new CounterRoom(4);
      const counters = new LocalCounters(room, { intervalMs: 1_000, isSliding });
      for (const { value, doing, atMs } of steps) {
        if (doing === 'count') counters.count(value, atMs);
        else if (doing === 'remember') counters.remember(value, { askAgainAtMs: atMs, freeAtMs: atMs });
        else if (doing === 'look') counters.refusalOf(value, atMs);
        else if (doing === 'turn') counters.sweep(atMs, atMs);
        else counters.setLimit(atMs);
        expect(room.held).toBeGreaterThanOrEqual(0);
        expect(room.held).toBeLessThanOrEqual(4 + 2);
      }
      counters.leave();
      expect(room.held).toBe(0);
    }),
    propertyRuns,
  );
});

test('refusals that are over make room, those in force stay', () => {
  const room = new CounterRoom(3);
  const [counters, others] = [new LocalCounters(room, FIXED), new LocalCounters(room, FIXED)];
  counters.remember('over', { askAgainAtMs: 10, freeAtMs: 60_000 });
  counters.remember('in force', { askAgainAtMs: 11, freeAtMs: 60_000 });
  others.count('counted', 0);
  expect(room.held).toBe(3);
  counters.sweep(0, 10);
  expect(room.held).toBe(2);
  expect(counters.refusalOf('in force', 10)).toMatchObject({ askAgainAtMs: 11 });
  expect(admitted(others, 'never seen', { limit: 1, nowMs: 0, count: 1 })).toBe(1);
  expect(others.countsOf('never seen', 0).current).toBe(1);
});

test('counters that were let go of take no room any more, though somebody still counts with them', () => {
  const room = new CounterRoom(10);
  const counters = new LocalCounters(room, SLIDING);
  counters.count('a', 0);
  counters.leave();
  counters.count('b', 0);
  counters.remember('c', { askAgainAtMs: 10, freeAtMs: 10 });
  expect(room.held).toBe(0);
  expect(counters.countsOf('b', 0).current).toBe(1);
});
