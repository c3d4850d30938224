import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RequestSlots, type AccountSlots } from '../../../../proxy/overload/request-slots.js';
import { taken, takenOf } from '../../../support/request-slots.js';
import { propertyRuns } from '../../../support/test-size.js';

test('an account alone has four fifths of the room, and whoever comes then finds the rest', () => {
  const slots = new RequestSlots(100);
  expect(takenOf(slots, 'greedy', 1_000)).toBe(80);
  expect(takenOf(slots, 'modest', 10)).toBe(10);
  expect(takenOf(slots, 'greedy', 1_000)).toBe(0);
  expect(takenOf(slots, 'third', 1_000)).toBe(10);
  expect(slots.running).toBe(100);
  expect(slots.counts).toEqual({ full: 990, overShare: 920 + 1_000 });
});

test('what was given back can be taken again, by whoever has less than his share', () => {
  const slots = new RequestSlots(10);
  const greedy = Array.from({ length: 8 }, () => taken(slots, 'greedy'));
  for (const own of greedy.slice(0, 4)) if (own !== null) slots.giveBack(own);
  expect(slots.running).toBe(4);
  expect(takenOf(slots, 'other', 10)).toBe(4);
});

test('whatever is taken and given back, the room is never exceeded, and all of it comes back', () => {
  const step = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), isTaking: fc.boolean() });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.array(step, { maxLength: 80 }), (room, steps) => {
      const slots = new RequestSlots(room);
      const held: AccountSlots[] = [];
      for (const { name, isTaking } of steps) {
        const got = isTaking ? taken(slots, name) : null;
        if (got !== null) held.push(got);
        else if (!isTaking) {
          const index = held.findIndex(({ accountId }) => accountId === name);
          for (const own of index === -1 ? [] : held.splice(index, 1)) slots.giveBack(own);
        }
        expect(slots.running).toBe(held.length);
        expect(slots.running).toBeLessThanOrEqual(room);
      }
      for (const own of held) slots.giveBack(own);
      expect(takenOf(slots, 'a', 1)).toBe(1);
    }),
    propertyRuns,
  );
});
