import { expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { FreshRows } from '../../../../proxy/ledger/fresh-rows.js';
import { ByteBuffer } from '../../../../proxy/byte-buffer.js';
import { CompositeRow } from '../../../../proxy/usage/composite-row.js';
import { readableRows } from '../../../../proxy/usage/readable-rows.js';
import { propertyRuns } from '../../../support/test-size.js';

/** Adds a row that says its own number, and is of so many bytes. */
function add(fresh: FreshRows, seq: number, length = 1): void {
  const bytes = new ByteBuffer();
  bytes.int32(7); // what stands in front of a row in its frame
  new CompositeRow(bytes).row(2, (row) => (row.bigint(seq), row.text('x'.repeat(length), length)), null);
  fresh.add(seq, bytes, 4);
}

/** The numbers that the rows behind `shipped` say, which must be those that the run claims; null: they are not here. */
function take(fresh: FreshRows, shipped: number): number[] | null {
  const run = fresh.take(shipped);
  if (run === null) return null;
  const numbers = readableRows(run.rows.slice(0, run.rows.count, 0), ['seq', 'text']).map(({ seq }) => Number(seq));
  expect(numbers).toEqual(numbers.map((_, i) => run.firstSeq + i));
  return numbers;
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('what is taken is all that is safe and not shipped, as long as nothing of it was let go', () => {
  const step = fc.record({ added: fc.nat(5), safeBehind: fc.nat(3), isShipped: fc.boolean(), elsewhere: fc.nat(4) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const fresh = new FreshRows();
      let [added, shipped, firstHeld] = [0, 0, 1];
      for (const { added: more, safeBehind, isShipped, elsewhere } of steps) {
        for (let i = 0; i < more; i++) add(fresh, ++added);
        fresh.safeSeq = Math.max(fresh.safeSeq, added - safeBehind);
        const expected = fresh.safeSeq > shipped && shipped + 1 >= firstHeld ? range(shipped + 1, fresh.safeSeq) : null;
        expect(take(fresh, shipped)).toEqual(expected);
        if (expected !== null) firstHeld = fresh.safeSeq + 1; // taken once: whoever could not ship it reads the files
        if (isShipped && expected !== null) shipped = fresh.safeSeq;
        else shipped = Math.min(fresh.safeSeq, shipped + elsewhere); // from the files
      }
    }),
    propertyRuns,
  );
});

test('while nothing is taken the memory that it has is used again, not given back and made anew', () => {
  const fresh = new FreshRows();
  const row = new ByteBuffer();
  new CompositeRow(row).row(1, (columns) => columns.text('x'.repeat(100_000), 100_000), null);
  let seq = 0;
  const addMany = (): void => {
    for (let i = 0; i < 200; i++) fresh.add(++seq, row, 0);
  };
  addMany();
  const allocations = jest.spyOn(Buffer, 'allocUnsafeSlow');
  addMany();
  expect(allocations).not.toHaveBeenCalled();
  allocations.mockRestore();
});

test('while nothing is taken the memory has a bound: the older ones are let go, and the files have them', () => {
  const fresh = new FreshRows();
  const rowBytes = 1024 * 1024;
  for (let seq = 1; seq <= 30; seq++) add(fresh, seq, rowBytes);
  fresh.safeSeq = 30;
  expect(take(fresh, 0)).toBeNull();
  const newest = take(fresh, 29);
  expect(newest).toEqual([30]);
});
