import { expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { FreshRows, type FreshRun } from '../../../../proxy/ledger/fresh-rows.js';
import type { SpoolPosition } from '../../../../proxy/ledger/spool-reader.js';
import { ByteBuffer } from '../../../../proxy/byte-buffer.js';
import { CompositeRow } from '../../../../proxy/usage/composite-row.js';
import { CompositeRows } from '../../../../proxy/usage/composite-rows.js';
import { readableRows } from '../../../../proxy/usage/readable-rows.js';
import { propertyRuns } from '../../../support/test-size.js';

/** Adds a row that says its own number, and is of so many bytes. */
function add(fresh: FreshRows, seq: number, length = 1): void {
  const bytes = new ByteBuffer();
  bytes.int32(7); // what stands in front of a row in its frame
  new CompositeRow(bytes).row(2, (row) => (row.bigint(seq), row.text('x'.repeat(length), length)), null);
  fresh.add(seq, bytes, 4);
}

/** Room for so many of these rows. */
function bytesOfRows(count: number): number {
  const rows = new CompositeRows();
  for (let i = 0; i < count; i++) rows.add(2, (row) => (row.bigint(i), row.text('x', 1)), null);
  return rows.byteLength;
}

/** In a file whose records are of a byte each. */
const positionBehind = (seq: number): SpoolPosition => ({ segment: 1, offset: seq });

function take(fresh: FreshRows, shipped: number): number[] | null {
  const run = fresh.take(shipped);
  return run === null ? null : numbersOf(run);
}

/** The numbers that its rows say, which must be those that it claims. */
function numbersOf(run: FreshRun): number[] {
  const numbers = readableRows(run.rows.slice(0, run.rows.count, 0), ['seq', 'text']).map(({ seq }) => Number(seq));
  expect(numbers).toEqual(numbers.map((_, i) => run.firstSeq + i));
  return numbers;
}

test('what is taken is all that is safe, not shipped, and found room', () => {
  const step = fc.record({ added: fc.nat(5), safeBehind: fc.nat(3), isShipped: fc.boolean(), elsewhere: fc.nat(4) });
  const runs = fc.record({ roomRows: fc.integer({ min: 1, max: 12 }), steps: fc.array(step, { maxLength: 30 }) });
  fc.assert(
    fc.property(runs, ({ roomRows, steps }) => {
      const fresh = new FreshRows(bytesOfRows(roomRows));
      fresh.safePosition = positionBehind(0);
      let [added, shipped] = [0, 0];
      let held: number[] = [];
      let rest: number | null = null; // how many were safe when the first one found no room
      for (const { added: more, safeBehind, isShipped, elsewhere } of steps) {
        for (let i = 0; i < more; i++) {
          add(fresh, ++added);
          if (rest === null && held.length < roomRows) held.push(added);
          else rest ??= fresh.safeSeq;
        }
        fresh.safeSeq = Math.max(fresh.safeSeq, added - safeBehind);
        fresh.safePosition = positionBehind(fresh.safeSeq);
        const safe = held.filter((seq) => seq <= fresh.safeSeq && seq > shipped);
        const expected = safe[0] === shipped + 1 ? safe : null;

        const run = fresh.take(shipped);

        expect(run && numbersOf(run)).toEqual(expected);
        if (expected !== null) {
          const last = expected.at(-1) ?? 0;
          const isRestNext = rest !== null && last === held.at(-1);
          expect(run?.position).toEqual(positionBehind(isRestNext ? (rest ?? 0) : fresh.safeSeq));
          held = held.filter((seq) => seq > last); // taken once: whoever could not ship it reads the files
          if (isRestNext) rest = null;
          if (isShipped) shipped = last;
        } else if ((held.at(-1) ?? 0) <= shipped) [held, rest] = [[], null];
        if (expected === null || !isShipped) shipped = Math.min(fresh.safeSeq, shipped + elsewhere); // from the files
      }
    }),
    propertyRuns,
  );
});

test('those that found no room stand in the files behind where the run says that it ends', () => {
  const fresh = new FreshRows(bytesOfRows(2));
  for (const seq of [1, 2, 3, 4]) {
    add(fresh, seq);
    fresh.safeSeq = seq;
    fresh.safePosition = positionBehind(seq);
  }
  const run = fresh.take(0);
  expect(run && numbersOf(run)).toEqual([1, 2]);
  expect(run?.position).toEqual(positionBehind(2));
  for (const seq of [5, 6, 7]) add(fresh, seq);
  fresh.safeSeq = 7;
  expect(take(fresh, 2)).toBeNull(); // 3 and 4 are read there
  expect(take(fresh, 4)).toEqual([5, 6]);
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

test('of one that can be taken no more, for the files were read beyond it, the room is free again', () => {
  const fresh = new FreshRows(bytesOfRows(2));
  for (const seq of [1, 2, 3]) add(fresh, seq);
  fresh.safeSeq = 3;
  expect(take(fresh, 3)).toBeNull();
  add(fresh, 4);
  fresh.safeSeq = 4;
  expect(take(fresh, 3)).toEqual([4]);
});
