import fc from 'fast-check';
import { expect, test } from '@jest/globals';
import { PermitsAhead } from '../../../../proxy/rate-limits/permits-ahead.js';

/** Requests that come at this pace from 0 on; how many of them found a permit. */
function come(ahead: PermitsAhead, { perSecond, ms }: { readonly perSecond: number; readonly ms: number }): number {
  let found = 0;
  for (let nowMs = 0; nowMs < ms; nowMs += 1_000 / perSecond) if (ahead.use(nowMs)) found += 1;
  return found;
}

test('few requests want none, more the least that there is, many as many as come in some 25 ms', () => {
  const few = new PermitsAhead();
  come(few, { perSecond: 80, ms: 1_000 });
  expect(few.ask(1_000)).toBe(0);
  const more = new PermitsAhead();
  come(more, { perSecond: 150, ms: 1_000 });
  expect(more.ask(1_000)).toBe(8);
  const many = new PermitsAhead();
  come(many, { perSecond: 4_000, ms: 1_000 });
  expect(many.ask(1_000)).toBe(100);
  // As long as it is not known what comes of that nobody asks again, and where nothing came of it not for a second.
  expect([many.ask(1_000), many.isLow]).toEqual([0, false]);
  many.failed(1_050);
  expect([many.ask(2_049), many.ask(2_050)]).toEqual([0, 100]);
});

test('after a pause one asks for each again', () => {
  const ahead = new PermitsAhead();
  come(ahead, { perSecond: 4_000, ms: 1_000 });
  ahead.use(2_000);
  expect(ahead.ask(2_000)).toBe(0);
});

test('they end with the first of the windows, or a tenth of a second after they were asked for', () => {
  for (const [toNextMs, endsAtMs] of [
    [20, 1_020],
    [5_000, 1_100],
  ] as const) {
    const ahead = new PermitsAhead();
    ahead.taken([10, toNextMs, 7], 1_000);
    expect(ahead.use(endsAtMs - 0.001)).toBe(true);
    expect(ahead.use(endsAtMs)).toBe(false);
    expect(ahead.end()).toEqual({ count: 9, windows: [7] });
    expect(ahead.end().count).toBe(0);
  }
});

test('what is left goes on with more of the same windows, and back when another has begun', () => {
  const ahead = new PermitsAhead();
  ahead.taken([10, 5_000, 7, 3], 0);
  expect(ahead.taken([10, 5_000, 7, 3], 50)).toEqual({ count: 0, windows: [] });
  expect(ahead.taken([0], 60)).toEqual({ count: 0, windows: [] });
  expect(ahead.taken([5, 5_000, 8, 3], 70)).toEqual({ count: 20, windows: [7, 3] });
  expect(ahead.end()).toEqual({ count: 5, windows: [8, 3] });
});

test('each permit is used once, or told to be given back', () => {
  const step = fc.oneof(
    fc.record({ uses: fc.integer({ min: 1, max: 30 }) }),
    fc.record({ takes: fc.integer({ min: 0, max: 30 }), window: fc.integer({ min: 1, max: 3 }) }),
    fc.constant({ ends: true as const }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(step, fc.integer({ min: 0, max: 60 })), { maxLength: 50 }), (steps) => {
      const ahead = new PermitsAhead();
      let [nowMs, taken, used, unused] = [0, 0, 0, 0];
      for (const [one, passedMs] of steps) {
        nowMs += passedMs;
        if ('uses' in one) for (let i = 0; i < one.uses; i++) used += ahead.use(nowMs) ? 1 : 0;
        else if ('takes' in one) {
          const told = one.takes === 0 ? ([0] as const) : ([one.takes, 80, one.window] as const);
          unused += ahead.taken(told, nowMs).count;
          taken += one.takes;
        } else unused += ahead.end().count;
      }
      expect(used + unused + ahead.end().count).toBe(taken);
    }),
  );
});
