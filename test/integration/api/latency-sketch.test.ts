/** Percentiles from Postgres' sketches against those of all values. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type pg from 'pg';
import { percentilesOf } from '../../../api/modules/analytics/latency-sketch.js';
import { openTestDatabase, openPool, type TestDatabase } from '../../support/postgres.js';
import { storedPropertyRuns } from '../../support/test-size.js';

const SHARES = [0, 0.01, 0.5, 0.95, 0.99, 1];
/** 28 hours: the last bucket. */
const MS_MAX = 100_000_000;

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await openTestDatabase();
  pool = openPool(database.url, 1);
  pool.on('error', () => undefined); // its database is dropped under it
});
afterAll(async () => {
  await pool.end();
  await database.close();
});

const ms = fc.oneof(fc.nat({ max: 60 }), fc.nat({ max: 3_000 }), fc.nat({ max: MS_MAX }));

test('a percentile of merged sketches is within 2 % of that of all values, and exact below 50 ms', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(ms, { maxLength: 60 }), { minLength: 1, maxLength: 4 }), async (parts) => {
      const { rows } = await pool.query<{ sketch: string; exact: (number | null)[] | null }>(
        `SELECT (SELECT coalesce(sum(part.sketch), 0)::text FROM (
             SELECT sum(usage_sketch(v.ms)) AS sketch FROM unnest($1::int[], $2::int[]) v (part, ms) GROUP BY v.part) part) AS sketch,
           (SELECT percentile_cont($3::float8[]) WITHIN GROUP (ORDER BY v.ms) FROM unnest($2::int[]) v (ms)) AS exact`,
        [parts.flatMap((part, number) => part.map(() => number)), parts.flat(), SHARES],
      );
      const found = percentilesOf(rows[0]?.sketch ?? '', SHARES);
      const exact = rows[0]?.exact ?? SHARES.map(() => null);
      for (const [index, value] of exact.entries()) {
        const read = found[index] ?? null;
        if (value === null || read === null) expect(read).toBe(value);
        else
          expect(Math.abs(read - value)).toBeLessThanOrEqual(
            parts.flat().every((one) => one < 50) ? 1e-9 : value * 0.02,
          );
      }
    }),
    storedPropertyRuns,
  );
});

test('what is longer than the last bucket, and what is no time at all, counts at the ends', async () => {
  const { rows } = await pool.query<{ sketch: string }>(
    'SELECT (usage_sketch(-5) + usage_sketch(2147483647))::text AS sketch',
  );
  const [first, last] = percentilesOf(rows[0]?.sketch ?? '', [0, 1]);
  expect(first).toBe(0);
  expect(last).toBeGreaterThan(MS_MAX * 0.98);
});
