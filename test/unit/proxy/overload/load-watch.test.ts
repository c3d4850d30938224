import { expect, test } from '@jest/globals';
import { LoadWatch } from '../../../../proxy/overload/load-watch.js';
import { RequestSlots } from '../../../../proxy/overload/request-slots.js';
import { takenOf } from '../../../support/request-slots.js';

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
