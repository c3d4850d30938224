import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { keptSinceMs, segmentsOf } from '../../../../../api/modules/analytics/rollup-segments.js';
import { propertyRuns } from '../../../../support/test-size.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW_MS = Date.UTC(2026, 10, 28, 10, 30);

test('every moment of a range is read from one place, in whole units of a level that still has them', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: NOW_MS - 500 * DAY_MS, max: NOW_MS }),
      fc.integer({ min: 1, max: 100 * DAY_MS }),
      fc.constantFrom(null, 60_000, 300_000, HOUR_MS, DAY_MS),
      (fromMs, lengthMs, stepMs) => {
        const span = { fromMs, toMs: fromMs + lengthMs };
        const { rolled, rolledSpan, ledger } = segmentsOf(span, stepMs, NOW_MS);
        const pieces = [...rolled, ...ledger].toSorted((a, b) => a.fromMs - b.fromMs);
        expect(pieces[0]?.fromMs).toBe(span.fromMs);
        expect(pieces.at(-1)?.toMs).toBe(span.toMs);
        for (const [index, piece] of pieces.entries()) {
          expect(piece.toMs).toBeGreaterThan(piece.fromMs);
          expect(piece.toMs).toBe(pieces[index + 1]?.fromMs ?? span.toMs);
        }
        for (const { level, ...piece } of rolled) {
          expect([piece.fromMs % level.unitMs, piece.toMs % level.unitMs]).toEqual([0, 0]);
          expect(piece.fromMs).toBeGreaterThanOrEqual(keptSinceMs(level, NOW_MS));
          if (stepMs !== null) expect(stepMs % level.unitMs).toBe(0);
        }
        for (const piece of ledger) {
          expect(rolledSpan === null || piece.toMs <= rolledSpan.fromMs || piece.fromMs >= rolledSpan.toMs).toBe(true);
        }
      },
    ),
    propertyRuns,
  );
});

test('thirty days up to now are days, and what is left of them hours, minutes and less than one', () => {
  const midnight = Math.floor(NOW_MS / DAY_MS) * DAY_MS;
  const { rolled, ledger } = segmentsOf({ fromMs: midnight - 29 * DAY_MS, toMs: NOW_MS + 1_500 }, null, NOW_MS);
  expect(rolled.map(({ level, fromMs, toMs }) => [level.table, (toMs - fromMs) / level.unitMs])).toEqual([
    ['usage_day', 29],
    ['usage_hour', 10],
    ['usage_minute', 30],
  ]);
  expect(ledger).toMatchObject([{ fromMs: NOW_MS, toMs: NOW_MS + 1_500 }]);
});
