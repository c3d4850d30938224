/** Memory for bodies of logs: of one operation, and of all together. */
import { expect, test } from '@jest/globals';
import { ApiError } from '../../../../../api/errors.js';
import { BodyRooms } from '../../../../../api/modules/log/index.js';

const refusal = (work: () => void): string | null => {
  try {
    work();
    return null;
  } catch (error) {
    return error instanceof ApiError ? error.code : String(error);
  }
};

test('an operation holds so much, of several logs', () => {
  const room = new BodyRooms(100, 1_000).open();
  room.take(60, 2);
  room.take(40);
  expect(refusal(() => room.take(1))).toBe('QUERY_TOO_COMPLEX');
});

test('logs that come one by one are several', () => {
  const room = new BodyRooms(100, 1_000).open();
  room.take(60, 1);
  expect(refusal(() => room.take(60, 1))).toBe('QUERY_TOO_COMPLEX');
});

test('a single log is always shown', () => {
  const rooms = new BodyRooms(100, 200);
  expect(refusal(() => rooms.open().take(5_000, 1))).toBeNull();
});

test('all operations together hold so much, and what one held is free when it closes', () => {
  const rooms = new BodyRooms(100, 150);
  const first = rooms.open();
  const second = rooms.open();
  first.take(100, 2);
  expect(refusal(() => second.take(60, 2))).toBe('RATE_LIMITED');
  expect([rooms.refused, rooms.heldBytes]).toEqual([1, 100]);
  first.close();
  first.close();
  expect(refusal(() => second.take(60, 0))).toBeNull();
  expect(rooms.heldBytes).toBe(60);
});

test('one whose caller has left reads no further', () => {
  const rooms = new BodyRooms(100, 150);
  const room = rooms.open();
  room.close();
  expect(refusal(() => room.take(1, 1))).toBe('QUERY_TOO_COMPLEX');
  expect(rooms.heldBytes).toBe(0);
});
