import { expect, test } from '@jest/globals';
import { changeIndexesOf, SeenChanges, type ChangeIndex } from '../../../../../api/modules/log/changed-days.js';
import type { TenantTransaction } from '../../../../../api/tenancy/tenant-transaction.js';

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse('2026-11-29T12:00:00Z');
const day = (ago: number): string => new Date(NOW_MS - ago * DAY_MS).toISOString().slice(0, 10);
const window = (fromAgo: number, toAgo: number) => ({
  fromMs: Date.parse(day(fromAgo)),
  toMs: Date.parse(day(toAgo)) + DAY_MS,
});

const indexes: ChangeIndex[] = ['usage_record', 'log_body_7', 'log_body_90'].flatMap((table, number) => [
  { table, day: null, oid: number * 1_000 },
  ...Array.from({ length: 60 }, (_, ago) => ({ table, day: day(ago), oid: number * 1_000 + ago + 1 })),
]);

/** Postgres, in which the indexes `full` have entries; what it was asked of. */
function postgres(full: ReadonlySet<number>, sum = 'as known') {
  const asked: number[][] = [];
  const query = (_sql: string, [oids]: readonly [number[]]) => {
    asked.push(oids);
    return Promise.resolve([{ sum, with_entries: oids.filter((oid) => full.has(oid)) }]);
  };
  return { asked, tx: { query } as unknown as TenantTransaction }; // all that is asked of it
}
const changes = (direction: 'ASC' | 'DESC' = 'DESC') =>
  new SeenChanges({ ...changeIndexesOf(indexes), sum: 'as known' }, direction, NOW_MS);

test('days are told by their own indexes, of adjustments and of bodies', async () => {
  const { tx } = postgres(new Set([5, 1_002, 2_003]));
  const told = await changes().of(tx, window(9, 0));
  expect(told).toEqual({ adjusted: [day(4)], touched: [day(2), day(1)] });
});

test('what stands in DEFAULT is of the days without a partition, and of no others', async () => {
  const { tx } = postgres(new Set([0, 2_000]));
  const seen = changes();
  expect(await seen.of(tx, window(9, 0))).toEqual({ adjusted: [], touched: [] });
  expect(await seen.of(tx, window(61, 59))).toEqual({ adjusted: [day(61), day(60)], touched: [day(61), day(60)] });
});

test('bodies that are kept no longer do not count', async () => {
  const { tx } = postgres(new Set([1_000, 1_006, 1_021]));
  expect((await changes().of(tx, window(30, 0))).touched).toEqual([day(5)]);
});

test.each(['DESC', 'ASC'] as const)('going %s, days to come are asked of ahead, and none twice', async (direction) => {
  const { tx, asked } = postgres(new Set());
  const seen = changes(direction);
  const windows = [window(40, 40), window(39, 37), window(36, 28)];
  for (const of of direction === 'ASC' ? windows : windows.toReversed()) await seen.of(tx, of);
  expect(asked).toHaveLength(1);
  expect(new Set(asked.flat()).size).toBe(asked.flat().length);
});

test('what a page has seen stays so for it', async () => {
  const full = new Set<number>();
  const { tx } = postgres(full);
  const seen = changes();
  const first = seen.of(tx, window(3, 0));
  full.add(2);
  expect(await Promise.all([first, seen.of(tx, window(3, 1)), seen.of(tx, window(1, 1))])).toEqual([
    { adjusted: [], touched: [] },
    { adjusted: [], touched: [] },
    { adjusted: [], touched: [] },
  ]);
});

test('where there are other partitions than those that were known, any day may have changed', async () => {
  const { tx } = postgres(new Set(), 'another sum');
  expect(await changes().of(tx, window(3, 0))).toEqual({ adjusted: null, touched: null });
});
