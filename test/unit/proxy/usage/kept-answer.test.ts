import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CopyRoom } from '../../../../proxy/cache/copy-room.js';
import { KeptAnswer } from '../../../../proxy/usage/kept-answer.js';
import { propertyRuns } from '../../../support/test-size.js';

const DOCUMENT = { isEventStream: false };

test('copies for the cache have a bound each and one together, and give back what they took', () => {
  const room = new CopyRoom(100, 150);
  const [first, second] = [new KeptAnswer(null, room, DOCUMENT), new KeptAnswer(null, room, DOCUMENT)];
  first.push(Buffer.alloc(60, 1));
  first.push(Buffer.alloc(40, 2));
  second.push(Buffer.alloc(51, 3));
  expect([first.copied()?.length, second.copied(), room.heldBytes]).toEqual([100, null, 100]);
  first.push(Buffer.alloc(1));
  expect([first.copied(), room.heldBytes]).toEqual([null, 0]);
  expect(room.counts).toEqual({ tooLarge: 1, noRoom: 1 });
  first.release();
  expect(room.heldBytes).toBe(0);
});

test('log and cache have the same bytes in memory, and of a long answer the log keeps no more than its own', () => {
  const short = new KeptAnswer(100, new CopyRoom(), DOCUMENT);
  for (let part = 0; part < 10; part++) short.push(Buffer.alloc(10, part));
  expect(short.logged()?.buffer).toBe(short.copied()?.buffer);

  const long = new KeptAnswer(100, new CopyRoom(), DOCUMENT);
  long.push(Buffer.alloc(1_000_000));
  expect(long.logged()?.buffer.byteLength).toBe(100);
  long.release();
  expect(long.logged()?.buffer.byteLength).toBe(100);
});

const uses = fc.array(fc.constantFrom('logged', 'copied', 'release'), { maxLength: 4 });
const steps = fc.array(fc.record({ length: fc.integer({ min: 0, max: 1_500 }), uses }), { maxLength: 20 });
const bounds = fc.record({
  logged: fc.option(fc.integer({ min: 0, max: 6_000 })),
  answer: fc.option(fc.integer({ min: 0, max: 9_000 })),
  taken: fc.integer({ min: 0, max: 9_000 }),
  isEventStream: fc.boolean(),
});

test('the log has the first bytes, the cache all or nothing, whoever asks when', () => {
  fc.assert(
    fc.property(bounds, steps, ({ logged, answer, taken, isEventStream }, chunks) => {
      const room = answer === null ? null : new CopyRoom(answer, 9_000);
      if (room !== null) room.heldBytes = taken;
      const kept = new KeptAnswer(logged, room, { isEventStream });
      let whole = Buffer.alloc(0);
      let isCopied = room !== null;
      for (const [index, { length, uses: asked }] of chunks.entries()) {
        const chunk = Buffer.alloc(length, index + 1);
        whole = Buffer.concat([whole, chunk]);
        kept.push(chunk);
        isCopied &&= whole.length <= (answer ?? 0) && taken + whole.length <= 9_000;
        for (const use of asked) {
          if (use === 'logged') expect(kept.logged()).toEqual(logged === null ? null : whole.subarray(0, logged));
          else if (use === 'copied') expect(kept.copied()).toEqual(isCopied ? whole : null);
          else {
            kept.release();
            isCopied = false;
          }
        }
        expect(kept.isCopied).toBe(isCopied);
        if (room !== null) expect(room.heldBytes).toBe(taken + (isCopied ? whole.length : 0));
      }
      expect(kept.logged()).toEqual(logged === null ? null : whole.subarray(0, logged));
      expect(kept.isLogTruncated).toBe(logged !== null && whole.length > logged);
    }),
    propertyRuns,
  );
});
