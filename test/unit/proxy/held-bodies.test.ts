import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, test } from '@jest/globals';
import { HeldBodies } from '../../../proxy/held-bodies.js';

const answer = (closed = false): ServerResponse => Object.assign(new EventEmitter(), { closed }) as ServerResponse; // all that is looked at

test('all bodies together keep to their bound, and what a request held is free again when its answer closes', () => {
  const bodies = new HeldBodies({ bodyBytesMax: 8, totalBytesMax: 10 });
  const [first, second] = [answer(), answer()];
  const hold = bodies.holdFor(first);
  expect(hold.bytesMax).toBe(8);
  expect([hold.take(4), hold.take(3)]).toEqual([null, null]);
  const other = bodies.holdFor(second);
  expect(other.take(3)).toBeNull();
  expect(other.take(1)).toMatchObject({ definition: { code: 9006, status: 503 }, retryAfterSeconds: 1 });
  expect({ held: bodies.heldBytes, refused: bodies.refused }).toEqual({ held: 10, refused: 1 });
  first.emit('close');
  expect(bodies.heldBytes).toBe(3);
  expect(other.take(7)).toBeNull();
  second.emit('close');
  expect(bodies.heldBytes).toBe(0);
});

test('bytes that come after the answer has closed hold nothing', () => {
  const bodies = new HeldBodies({ bodyBytesMax: 8, totalBytesMax: 10 });
  const closing = answer();
  const hold = bodies.holdFor(closing);
  closing.emit('close');
  expect([hold.take(8), bodies.holdFor(answer(true)).take(8)]).toEqual([null, null]);
  expect(bodies.heldBytes).toBe(0);
});
