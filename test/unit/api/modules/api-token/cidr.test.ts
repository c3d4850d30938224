import { expect, test } from '@jest/globals';
import { isInside, isNarrower } from '../../../../../api/modules/api-token/cidr.js';

test('an address is inside its networks, an IPv4-mapped one as IPv4, and an unknown one inside none', () => {
  expect(isInside('10.1.2.3', ['192.0.2.0/24', '10.0.0.0/8'])).toBe(true);
  expect(isInside('::ffff:10.1.2.3', ['10.0.0.0/8'])).toBe(true);
  expect(isInside('11.0.0.0', ['10.0.0.0/8'])).toBe(false);
  expect(isInside(null, ['0.0.0.0/0', '::/0'])).toBe(false);
  expect(isInside('nonsense', ['0.0.0.0/0'])).toBe(false);
});

test('a network is narrower than one that contains all of it', () => {
  expect(isNarrower('10.1.0.0/16', ['10.0.0.0/8'])).toBe(true);
  expect(isNarrower('10.0.0.0/8', ['10.0.0.0/8'])).toBe(true);
  expect(isNarrower('10.0.0.0/7', ['10.0.0.0/8'])).toBe(false);
  expect(isNarrower('11.0.0.1', ['10.0.0.0/8'])).toBe(false);
  expect(isNarrower('2001:db8::/48', ['10.0.0.0/8', '2001:db8::/32'])).toBe(true);
  expect(isNarrower('::ffff:192.0.2.1/8', ['0.0.0.0/0'])).toBe(false);
  expect(isNarrower('', ['0.0.0.0/0'])).toBe(false);
});
