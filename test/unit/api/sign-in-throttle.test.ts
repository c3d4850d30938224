import { expect, test } from '@jest/globals';
import { network, SignInThrottle } from '../../../api/modules/session/sign-in-throttle.js';

function throttle(max: number, networkMax = 1_000) {
  const clock = { now: 1_000_000 };
  const options = {
    windowMs: 60_000,
    failuresPerEmailMax: max,
    failuresPerNetworkMax: networkMax,
    now: () => clock.now,
  };
  return { throttle: new SignInThrottle(options), clock };
}

test('failures of one email are stopped from wherever they come, until the window has passed', () => {
  const { throttle: throttled, clock } = throttle(3);
  for (const ip of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) throttled.admit('a@example.com', ip);
  expect(() => throttled.admit('a@example.com', '192.0.2.4')).toThrow('Too many failed sign-ins');
  throttled.admit('b@example.com', '192.0.2.4');
  clock.now += 60_001;
  throttled.admit('a@example.com', '192.0.2.4');
});

test('a spray over many emails is stopped by its network', () => {
  const { throttle: throttled } = throttle(3, 10);
  for (let index = 0; index < 10; index++) throttled.admit(`user${index}@example.com`, `2001:db8::${index}`);
  expect(() => throttled.admit('other@example.com', '2001:db8::ffff')).toThrow('Too many failed sign-ins');
  throttled.admit('other@example.com', '2001:db8:0:1::1');
});

test('signing in with the right password costs nothing', () => {
  const { throttle: throttled } = throttle(3);
  for (let index = 0; index < 50; index++) {
    throttled.admit('a@example.com', '192.0.2.1');
    throttled.forgive('a@example.com', '192.0.2.1');
  }
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
