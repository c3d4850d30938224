import { expect, test } from '@jest/globals';
import { storeEndpoints } from '../../../../proxy/upstream/own-addresses.js';

const storesOf = (databaseUrl: string, redisUrl: string): string[] =>
  storeEndpoints({ databaseUrl, redisUrl }).map(({ hostname, port }) => `${hostname} ${port}`);

test('stores are found in their URLs, with the ports that their clients would take', () => {
  expect(storesOf('postgres://u:p@db.internal/x', 'redis://cache.internal')).toEqual([
    'db.internal 5432',
    'cache.internal 6379',
  ]);
  expect(storesOf('postgres://u:p@[fd00::1]:6543/x', 'rediss://:p@cache:7000/1')).toEqual([
    'fd00::1 6543',
    'cache 7000',
  ]);
  expect(storesOf('postgres://u@/x?host=10.0.0.9&port=5433', 'cache:6400')).toEqual(['10.0.0.9 5433', 'cache 6400']);
});

test('stores on unix sockets are nowhere on the network', () => {
  expect(storesOf('postgres://u:p@%2Fvar%2Frun/x', 'unix:///run/redis.sock')).toEqual([]);
  expect(storesOf('postgres:///x?host=/var/run', '/run/redis.sock')).toEqual([]);
});

test('every node of a cluster counts, and a cache of its own', () => {
  expect(storesOf('postgres://db/x', 'redis://a:7000,b')).toEqual(['db 5432', 'a 7000', 'b 6379']);
  const urls = { databaseUrl: 'postgres://db/x', redisUrl: 'redis://a', cacheRedisUrl: 'redis://c:1' };
  expect(storeEndpoints(urls).map(({ hostname, port }) => `${hostname} ${port}`)).toEqual(['db 5432', 'a 6379', 'c 1']);
});
