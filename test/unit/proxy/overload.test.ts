import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { GatewayError } from '../../../proxy/gateway-error.js';
import { LoadWatch } from '../../../proxy/overload/load-watch.js';
import { RequestSlots, type AccountSlots } from '../../../proxy/overload/request-slots.js';
import type { AccountId } from '../../../schema/contracts/ids.js';
import { propertyRuns } from '../../support/test-size.js';

const account = (name: string): AccountId => name as AccountId; // any text will do

function taken(slots: RequestSlots, name: string): AccountSlots | null {
  try {
    return slots.take(account(name));
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toMatchObject({ errorName: 'overloaded', retryAfterSeconds: 1 });
    return null;
  }
}

/** How many of so many an account gets. */
const takenOf = (slots: RequestSlots, name: string, wanted: number): number =>
  Array.from({ length: wanted }, () => taken(slots, name)).filter((got) => got !== null).length;

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

/** A process whose turns take so many ms, one look after the other. */
function looked(slots: RequestSlots, turnsMs: readonly number[], heapShare = 0): void {
  let nowMs = 0;
  const watch = new LoadWatch(slots, { now: () => nowMs, heapShare: () => heapShare });
  for (const turnMs of turnsMs) {
    nowMs += turnMs;
    watch.look();
  }
}

test('one pause refuses nobody; turns that are late again and again leave room for four fifths of what runs', () => {
  const slots = new RequestSlots(1_000);
  takenOf(slots, 'a', 500);
  looked(slots, [5_000, 100, 300, 300, 100]);
  expect(slots.room).toBe(1_000);
  looked(slots, [300, 300, 300]);
  expect(slots.room).toBe(400);
  expect(takenOf(slots, 'b', 10)).toBe(0);
});

test('turns in time give the room back, within five seconds all of it', () => {
  const slots = new RequestSlots(10_000);
  looked(slots, Array<number>(30).fill(300));
  expect(slots.room).toBe(32);
  looked(slots, Array<number>(50).fill(100));
  expect(slots.room).toBe(10_000);
});

test('a heap that is nearly full is as good as being late', () => {
  const slots = new RequestSlots(1_000);
  takenOf(slots, 'a', 100);
  looked(slots, [100], 0.9);
  expect(slots.room).toBe(80);
});
