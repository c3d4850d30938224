import { expect, jest, test } from '@jest/globals';
import { PolicyPublisher } from '../../../../api/policy-publisher/policy-publisher.js';
import type { Database } from '../../../../api/tenancy/database.js';
import type { Logger } from '../../../../platform/logger.js';
import type { PolicyChange } from '../../../../schema/contracts/redis-keys.js';

const CHANGES: readonly PolicyChange[] = ['a', 'b', 'c'].map((gatewayName, index) => ({
  kind: 'gateway',
  accountId: 'account',
  gatewayName,
  revision: index + 1,
}));

/** A publisher for which Redis takes so many documents, and then fails; and what it was asked. */
function publisher(taken: number) {
  const stored: string[] = [];
  const published: string[] = [];
  const redis = {
    eval: (_script: string, _keys: number, key: string): Promise<number> => {
      stored.push(key);
      return stored.length > taken ? Promise.reject(new Error('Command timed out')) : Promise.resolve(1);
    },
    publish: (_channel: string, message: string): Promise<number> => {
      published.push((JSON.parse(message) as { gatewayName: string }).gatewayName); // as they are above
      return Promise.resolve(1);
    },
  } as unknown as ConstructorParameters<typeof PolicyPublisher>[1]; // all that is asked of it
  const database = { inLookup: () => Promise.resolve([{ document: { revision: 1 } }]) } as unknown as Database; // likewise
  const warn = jest.fn();
  return { publisher: new PolicyPublisher(database, redis, { warn } as unknown as Logger), stored, published, warn };
}

test('all changes of a transaction are published, in their order', async () => {
  const { publisher: all, stored, published } = publisher(3);
  await all.publishAll(CHANGES);
  expect([stored.length, published]).toEqual([3, ['a', 'b', 'c']]);
});

test('a Redis that does not answer holds up whoever made a change once, not for each of its documents', async () => {
  const { publisher: failing, stored, published, warn } = publisher(1);
  await failing.publishAll(CHANGES);
  expect([stored.length, published]).toEqual([2, ['a']]);
  expect(warn).toHaveBeenCalledTimes(1);
});
