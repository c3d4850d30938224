/** Places of subscribers: bounded in all and for each holder, and each is given back once. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SubscriberPlaces, type SubscriberPlace } from '../../../../api/http/subscriber-places.js';
import { ANONYMOUS, type Principal } from '../../../../api/principal.js';

const user = (userId: string) => ({ kind: 'user', userId }) as unknown as Principal; // all that is asked of it

test('a caller who is known leaves his network’s place to others', () => {
  const places = new SubscriberPlaces(10, 1);
  const first = places.take('net');
  expect(places.take('net')).toBeNull();
  expect(first?.isFor(user('one'))).toBe(true);
  const second = places.take('net');
  expect(second?.isFor(user('one'))).toBe(false);
  expect(second?.isFor(user('two'))).toBe(true);
});

test('one who left while he was looked up takes no place', () => {
  const places = new SubscriberPlaces(10, 1);
  const gone = places.take('net');
  gone?.leave();
  expect(gone?.isFor(user('one'))).toBe(false);
  expect(places.take('net')?.isFor(user('one'))).toBe(true);
});

test('an anonymous caller stays where he is', () => {
  const places = new SubscriberPlaces(10, 1);
  expect(places.take('net')?.isFor(ANONYMOUS)).toBe(true);
  expect(places.take('net')).toBeNull();
});

test('never are more held than the bounds, and when all have left, all are free', () => {
  const TOTAL = 4;
  const OF_ONE = 2;
  const step = fc.record({ network: fc.nat(2), user: fc.nat(3), leaves: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const places = new SubscriberPlaces(TOTAL, OF_ONE);
      const held: { place: SubscriberPlace; user: number }[] = [];
      for (const { network, user: id, leaves } of steps) {
        if (leaves) held.shift()?.place.leave();
        const place = places.take(String(network));
        if (place?.isFor(user(String(id))) === true) held.push({ place, user: id });
        else place?.leave();
        expect(held.length).toBeLessThanOrEqual(TOTAL);
        expect(held.filter((each) => each.user === id).length).toBeLessThanOrEqual(OF_ONE);
      }
      for (const { place } of held) place.leave();
      for (let at = 0; at < TOTAL; at++) expect(places.take('net')?.isFor(user(String(at)))).toBe(true);
    }),
  );
});
