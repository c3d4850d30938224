import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { network, SignInThrottle } from '../../../../../api/modules/session/sign-in-throttle.js';

const GONE = new Error('Redis is away');
const AWAY = { eval: () => Promise.reject(GONE) };

/** One that has to count alone. */
function throttle(max: number, networkMax = 1_000, redis: ConstructorParameters<typeof SignInThrottle>[0] = AWAY) {
  const clock = { now: 1_000_000 };
  const options = {
    windowMs: 60_000,
    failuresPerEmailMax: max,
    failuresPerNetworkMax: networkMax,
    key: randomBytes(32),
    now: () => clock.now,
  };
  return { throttle: new SignInThrottle(redis, options), clock };
}

test('without Redis failures of one email are stopped from wherever they come, until the window has passed', async () => {
  const { throttle: throttled, clock } = throttle(3);
  for (const ip of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) await throttled.admit('a@example.com', ip);
  await expect(throttled.admit('a@example.com', '192.0.2.4')).rejects.toThrow('Too many failed sign-ins');
  await throttled.admit('b@example.com', '192.0.2.4');
  clock.now += 60_001;
  await throttled.admit('a@example.com', '192.0.2.4');
  expect(throttled.counts).toEqual({ refused: 1, alone: 5 });
});

test('without Redis a spray over many emails is stopped by its network', async () => {
  const { throttle: throttled } = throttle(3, 10);
  for (let index = 0; index < 10; index++) await throttled.admit(`user${index}@example.com`, `2001:db8::${index}`);
  await expect(throttled.admit('other@example.com', '2001:db8::ffff')).rejects.toThrow('Too many failed sign-ins');
  await throttled.admit('other@example.com', '2001:db8:0:1::1');
});

test('signing in with the right password costs nothing, and takes back no guess of somebody else', async () => {
  const { throttle: throttled } = throttle(3);
  await throttled.admit('a@example.com', '192.0.2.2');
  for (let index = 0; index < 50; index++) {
    await throttled.forgive(await throttled.admit('a@example.com', '192.0.2.1'));
  }
  for (const ip of ['192.0.2.3', '192.0.2.4']) await throttled.admit('a@example.com', ip);
  await expect(throttled.admit('a@example.com', '192.0.2.5')).rejects.toThrow('Too many failed sign-ins');
});

test('whoever reached a limit here is refused without asking Redis, and what all apis refuse counts for nothing here', async () => {
  let asked = 0;
  let verdict = 1;
  const redis = { eval: () => Promise.resolve((asked++, verdict)) };
  const { throttle: throttled } = throttle(2, 10, redis);
  verdict = 0;
  for (let index = 0; index < 5; index++) {
    await expect(throttled.admit('a@example.com', '192.0.2.1')).rejects.toThrow('Too many failed sign-ins');
  }
  verdict = 1;
  for (let index = 0; index < 2; index++) await throttled.admit('a@example.com', '192.0.2.1');
  expect(asked).toBe(7);
  await expect(throttled.admit('a@example.com', '192.0.2.1')).rejects.toThrow('Too many failed sign-ins');
  expect(asked).toBe(7);
  expect(throttled.counts).toEqual({ refused: 6, alone: 0 });
});

test('what is forgotten for want of room is what was tried longest ago, and it is counted', async () => {
  const { throttle: throttled } = throttle(1, 100);
  const guess = (index: number) => throttled.admit(`user${index}@example.com`, `2001:db8:${index.toString(16)}::1`);
  // Each has a place for its email, and one for its address.
  for (let index = 0; index < 10_001; index++) await guess(index);
  expect(throttled.forgotten).toBe(2);
  await guess(0);
  await expect(guess(10_000)).rejects.toThrow('Too many failed sign-ins');
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  [null, 'unknown'],
])('the network of %s is %s', (ip, expected) => {
  expect(network(ip)).toBe(expected);
});
