/** Connections of subscribers: who is refused is counted, who leaves by himself is not. */
import { expect, test } from '@jest/globals';
import type { OperationEntrance } from '../../../../api/graphql/operation-entrance.js';
import { SubscriberPlaces } from '../../../../api/http/subscriber-places.js';
import { SubscriptionOperations } from '../../../../api/http/subscription-operations.js';
import type { Principal } from '../../../../api/principal.js';
import type { RequestContexts } from '../../../../api/request-context.js';

const CALLER = { credential: null, isByCookie: false, ip: '192.0.2.1', userAgent: null };
const USER = { kind: 'user', userId: 'one' } as unknown as Principal; // all that is asked of it

/** With room for two not yet known, and for one who is. */
function operations(): SubscriptionOperations {
  const places = new SubscriberPlaces(2, 2);
  places.take('elsewhere')?.isFor({ kind: 'user', userId: 'other' } as unknown as Principal); // as above
  const [entrance, contexts] = [{} as OperationEntrance, {} as RequestContexts]; // nothing is asked of them
  return new SubscriptionOperations(entrance, contexts, (formatted) => formatted, places);
}

test('who finds no place once he is known is counted as refused, and who has left by then is not', () => {
  const subscribers = operations();
  const connect = () => subscribers.connect(() => undefined, CALLER);
  const gone = connect();
  gone?.leave();
  expect(gone?.isFor(USER)).toBe(false);
  expect(subscribers.counts.refused).toBe(0);
  const [first, second] = [connect(), connect()];
  expect([first?.isFor(USER), second?.isFor(USER)]).toEqual([true, false]);
  expect(subscribers.counts.refused).toBe(1);
});
