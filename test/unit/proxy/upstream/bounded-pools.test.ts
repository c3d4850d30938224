import { expect, test } from '@jest/globals';
import { Pool } from 'undici';
import { BoundedPools } from '../../../../proxy/upstream/bounded-pools.js';
import { builtIn, custom } from '../../../support/dispatched-call.js';

const origin = (n: number): string => `https://host-${n}.example`;

/** Pools that never connect: a call on one of them waits until it is destroyed. */
function poolsOf(poolsMax: number): BoundedPools {
  return new BoundedPools((destination) => new Pool(destination.origin, { connect: () => undefined }), poolsMax);
}

test('a destination has one pool; another account, way out or origin has another', async () => {
  const pools = poolsOf(10);
  const all = [
    builtIn(origin(1)),
    builtIn(origin(2)),
    custom(origin(1)),
    builtIn(origin(1), 'http://p:1'),
    custom(origin(1), 'http://p:1'),
  ];
  const made = all.map((destination) => pools.of(destination));
  expect(new Set(made).size).toBe(5);
  expect(all.map((destination) => pools.of(destination))).toEqual(made);
  await pools.destroy();
});

test('at the bound the pool that was used longest ago leaves, and one with a call on it never does', async () => {
  const pools = poolsOf(3);
  const busy = pools.of(builtIn(origin(1)));
  const call = busy.request({ path: '/', method: 'GET' });
  const outcome = call.catch(() => 'ended with its pool');
  const second = pools.of(builtIn(origin(2)));
  const third = pools.of(builtIn(origin(3)));
  expect(pools.of(builtIn(origin(2)))).toBe(second);
  pools.of(builtIn(origin(4)));
  expect({ size: pools.size, closed: pools.closed }).toEqual({ size: 3, closed: 1 });
  expect([pools.of(builtIn(origin(1))), pools.of(builtIn(origin(2)))]).toEqual([busy, second]);
  expect(pools.of(builtIn(origin(3)))).not.toBe(third);
  await pools.destroy();
  expect(await outcome).toBe('ended with its pool');
});

test('when every pool is in use, a call to yet another destination is refused and counted', async () => {
  const pools = poolsOf(1);
  const call = pools.of(builtIn(origin(1))).request({ path: '/', method: 'GET' });
  const outcome = call.catch(() => 'ended with its pool');
  expect(() => pools.of(builtIn(origin(2)))).toThrow('too many different upstreams');
  expect(pools.refused).toBe(1);
  await pools.destroy();
  expect(await outcome).toBe('ended with its pool');
});
