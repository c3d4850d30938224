import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { waitMsOf, type WindowCounts } from '../../../../proxy/rate-limits/window.js';
import { LimitOracle, seededRandom } from '../../../support/limit-oracle.js';
import { limitDecisions, propertyRuns, TEST_SEED } from '../../../support/test-size.js';

const INTERVAL_MS = 60_000;

/** One limit for many values, decided by `waitMsOf`. */
class CountedLimit {
  private readonly counts = new Map<string, number>();

  constructor(
    private readonly limit: number,
    private readonly isSliding: boolean,
  ) {}

  admits(value: string, nowMs: number): boolean {
    const window = Math.floor(nowMs / INTERVAL_MS);
    const counts = {
      intervalMs: INTERVAL_MS,
      isSliding: this.isSliding,
      elapsedMs: nowMs - window * INTERVAL_MS,
      current: this.counts.get(`${window} ${value}`) ?? 0,
      previous: this.counts.get(`${window - 1} ${value}`) ?? 0,
    };
    if (waitMsOf(this.limit, counts) > 0) return false;
    this.counts.set(`${window} ${value}`, counts.current + 1);
    return true;
  }
}

/** What was admitted in the trailing interval, by value. */
class Trailing {
  private readonly admitted = new Map<string, number[]>();

  at(value: string, nowMs: number): number[] {
    const times = (this.admitted.get(value) ?? []).filter((atMs) => atMs > nowMs - INTERVAL_MS);
    this.admitted.set(value, times);
    return times;
  }
}

/** Requests of many clients, of which few send most, at random moments. */
function* zipfRequests(count: number, random: () => number): Generator<{ value: string; atMs: number }> {
  const weights = Array.from({ length: 500 }, (_, rank) => 1 / (rank + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const steps = weights.map(
    (
      (sum) => (weight: number) =>
        (sum += weight / total)
    )(0),
  );
  let atMs = Date.UTC(2026, 0, 1);
  for (let sent = 0; sent < count; sent++) {
    atMs += Math.ceil(-Math.log(1 - random()) * 20); // fifty a second on average
    const chosen = random();
    yield { value: String(steps.findIndex((step) => chosen < step)), atMs };
  }
}

test.each(['FIXED', 'SLIDING'] as const)(
  'a proxy that decides alone makes the decisions of the definition: %s',
  (technique) => {
    const counted = new CountedLimit(30, technique === 'SLIDING');
    const oracle = new LimitOracle([{ limit: 30, intervalSeconds: INTERVAL_MS / 1_000, technique }]);
    for (const { value, atMs } of zipfRequests(limitDecisions / 10, seededRandom(TEST_SEED))) {
      const isAdmitted = oracle.admits([value], atMs);
      if (counted.admits(value, atMs) !== isAdmitted) expect({ value, atMs, isAdmitted }).toBe('otherwise');
    }
  },
);

test('a sliding limit admits in all about what a log of every request would, if not the same ones', () => {
  const [count, limit] = [limitDecisions, 30];
  const [counted, byCounters, byLog] = [new CountedLimit(limit, true), new Trailing(), new Trailing()];
  const found = { otherwise: 0, byCounters: 0, byLog: 0, most: 0 };
  for (const { value, atMs } of zipfRequests(count, seededRandom(TEST_SEED))) {
    const [admitted, logged] = [byCounters.at(value, atMs), byLog.at(value, atMs)];
    const isLogged = logged.length < limit;
    if (isLogged) logged.push(atMs);
    const isAdmitted = counted.admits(value, atMs);
    if (isAdmitted) admitted.push(atMs);
    found.otherwise += isAdmitted === isLogged ? 0 : 1;
    found.byCounters += Number(isAdmitted);
    found.byLog += Number(isLogged);
    found.most = Math.max(found.most, admitted.length);
  }
  const percent = (part: number): string => `${((100 * part) / count).toFixed(3)} %`;
  process.stderr.write(
    `sliding limit of ${limit} and a true log, ${count} requests: admitted ${found.byCounters} and ${found.byLog} ` +
      `(${percent(Math.abs(found.byCounters - found.byLog))} apart), ${percent(found.otherwise)} at other moments; ` +
      `at most ${found.most} in any trailing interval\n`,
  );
  expect(found.byCounters).toBeLessThan(0.9 * count); // else it would say nothing
  expect(Math.abs(found.byCounters - found.byLog) / count).toBeLessThan(0.02);
  expect(found.most).toBeLessThan(2 * limit);
});

const windowCounts = fc.record({
  intervalMs: fc.integer({ min: 1, max: 2_592_000 }).map((seconds) => seconds * 1_000),
  isSliding: fc.boolean(),
  share: fc.double({ min: 0, max: 0.999, noNaN: true }),
  current: fc.integer({ min: 0, max: 1_000 }),
  previous: fc.integer({ min: 0, max: 1_000 }),
});

/** The same counts, `passedMs` later. */
function later(counts: WindowCounts, passedMs: number): WindowCounts {
  const { intervalMs, elapsedMs, current, previous } = counts;
  const windows = Math.floor((elapsedMs + passedMs) / intervalMs);
  const here = { ...counts, elapsedMs: elapsedMs + passedMs - windows * intervalMs };
  if (windows === 0) return { ...here, current, previous };
  return { ...here, current: 0, previous: windows === 1 ? current : 0 };
}

test('the wait is the shortest after which one would be admitted, to the millisecond', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), windowCounts, (limit, { share, ...rest }) => {
      const counts = { ...rest, elapsedMs: Math.floor(share * rest.intervalMs) };
      const waitMs = waitMsOf(limit, counts);
      expect(waitMsOf(limit, later(counts, waitMs))).toBe(0);
      if (waitMs > 0) expect(waitMsOf(limit, later(counts, waitMs - 1))).toBeGreaterThan(0);
    }),
    propertyRuns,
  );
});
