import { expect, test } from '@jest/globals';
import { BoundedPools } from '../../../../proxy/upstream/bounded-pools.js';
import type { Destination } from '../../../../proxy/upstream/destination.js';
import { UpstreamPool } from '../../../../proxy/upstream/upstream-pool.js';
import type { AccountId } from '../../../../schema/contracts/ids.js';
import { builtIn, custom } from '../../../support/dispatched-call.js';

const origin = (n: number): string => `https://host-${n}.example`;

/** Pools that never connect: a call on one of them waits until it is destroyed. */
function poolsOf(all: number, ofAccount: number = all): BoundedPools {
  const create = ({ origin: its }: Destination): UpstreamPool =>
    new UpstreamPool(its, { connect: () => undefined }, null);
  return new BoundedPools(create, { all, ofAccount });
}

const OTHER = '0192f0c1-2345-7000-8000-000000000002' as AccountId;
const ofOther = (its: string): Destination => ({ ...builtIn(its), callerId: OTHER });

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
  const call = busy.dispatcher.request({ path: '/', method: 'GET' });
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
  const call = pools.of(builtIn(origin(1))).dispatcher.request({ path: '/', method: 'GET' });
  const outcome = call.catch(() => 'ended with its pool');
  expect(() => pools.of(builtIn(origin(2)))).toThrow('too many different upstreams');
  expect(pools.refused).toBe(1);
  await pools.destroy();
  expect(await outcome).toBe('ended with its pool');
});

test('an account that invents hosts without end closes its own pools, and nobody else’s', async () => {
  const pools = poolsOf(10, 4);
  const theirs = [1, 2, 3].map((n) => pools.of(ofOther(origin(n))));
  for (let n = 10; n < 110; n += 1) pools.of(builtIn(origin(n)));
  expect({ size: pools.size, closed: pools.closed, refused: pools.refused }).toEqual({
    size: 7,
    closed: 96,
    refused: 0,
  });
  expect([1, 2, 3].map((n) => pools.of(ofOther(origin(n))))).toEqual(theirs);
  await pools.destroy();
});

test('an account with its whole share in use is refused another, while others go on', async () => {
  const pools = poolsOf(10, 2);
  const calls = [1, 2].map((n) => pools.of(builtIn(origin(n))).dispatcher.request({ path: '/', method: 'GET' }));
  const outcomes = calls.map((call) => call.catch(() => 'ended with its pool'));
  expect(() => pools.of(builtIn(origin(3)))).toThrow('this account is calling too many different upstreams');
  expect(pools.refused).toBe(1);
  // What is there already may be called, also by those that did not make it.
  pools.of(builtIn(origin(1)));
  pools.of(ofOther(origin(1)));
  pools.of(ofOther(origin(3)));
  pools.of(builtIn(origin(3)));
  expect({ size: pools.size, refused: pools.refused }).toEqual({ size: 3, refused: 1 });
  await pools.destroy();
  expect(await Promise.all(outcomes)).toEqual(['ended with its pool', 'ended with its pool']);
});

test('a pool that was not used between two looks is closed with all that it holds, unless a call is on it', async () => {
  const pools = poolsOf(10);
  const way = 'http://ada:canary@proxy.example:3128';
  const unused = pools.of(builtIn(origin(1), way));
  const used = pools.of(builtIn(origin(2), way));
  const busy = pools.of(builtIn(origin(3), way));
  const outcome = busy.dispatcher.request({ path: '/', method: 'GET' }).catch(() => 'ended with its pool');
  pools.closeUnused();
  expect(pools.size).toBe(3);
  pools.of(builtIn(origin(2), way));
  pools.closeUnused();
  expect({ size: pools.size, closed: pools.closed }).toEqual({ size: 2, closed: 0 });
  expect([pools.of(builtIn(origin(2), way)), pools.of(builtIn(origin(3), way))]).toEqual([used, busy]);
  expect(pools.of(builtIn(origin(1), way))).not.toBe(unused);
  await pools.destroy();
  expect(await outcome).toBe('ended with its pool');
});
