import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isPublicAddress, networkListSchema, networksOf, parseNetwork } from '../../../../schema/contracts/networks.js';
import { propertyRuns } from '../../../support/test-size.js';

test.each(['10.0.0.0/8', '192.0.2.1', '2001:db8::/32', '::1', '0.0.0.0/0'])('%s is a network', (text) => {
  expect(parseNetwork(text)).not.toBeNull();
});

test.each([
  '',
  '10.0.0/8',
  '10.0.0.0/33',
  '::/129',
  '10.0.0.0/-1',
  '10.0.0.0/8/9',
  '10.0.0.0/',
  'fe80::1%eth0',
  'fe80::1%eth0/64',
  '010.0.0.1',
  'example.com',
])('%j is no network', (text) => {
  expect(parseNetwork(text)).toBeNull();
});

test('an address of IPv4 and its IPv4-mapped form are one', () => {
  const list = networksOf(['10.0.0.0/8', '2001:db8::/32', '192.0.2.7']);
  const mapped = ['::ffff:10.0.0.1', '::FFFF:10.0.0.1', '::ffff:a00:1'];
  for (const ip of ['10.255.0.1', '2001:db8::1', '192.0.2.7', ...mapped]) expect(list.has(ip)).toBe(true);
  for (const ip of ['11.0.0.1', '2001:db9::1', '192.0.2.8', '::ffff:11.0.0.1', 'x']) expect(list.has(ip)).toBe(false);
});

test('a network of IPv6 that has the mapped addresses has those of IPv4: who may grant it may grant theirs', () => {
  expect(networksOf(['::/0']).has('192.0.2.1')).toBe(true);
  expect(networksOf(['::ffff:192.0.2.0/120']).has('192.0.2.1')).toBe(true);
  expect(networksOf(['2000::/3']).has('192.0.2.1')).toBe(false);
});

test('text that is no network matches nothing and never throws', () => {
  const odd = fc.oneof(fc.string(), fc.constantFrom('10.0.0.0/33', '10.0.0.0/x', '10.0.0.0/-1', '::/129', '10.0.0.0/'));
  fc.assert(
    fc.property(fc.array(odd), (cidrs) => {
      expect(networksOf(cidrs).has('192.0.2.1')).toBe(cidrs.some((cidr) => /^0\.0\.0\.0\/0+$/.test(cidr)));
    }),
    propertyRuns,
  );
  expect(networksOf(['fe80::1%eth0/64', 'fe80::1%eth0']).has('fe80::1')).toBe(false);
});

/** First and last address of each range that security.md §3.4 names, and of some more of IANA's registries. */
test.each([
  '0.0.0.0', '0.255.255.255', '10.0.0.0', '10.255.255.255', '100.64.0.0', '100.127.255.255', '127.0.0.1', '127.255.255.255',
  '169.254.0.0', '169.254.169.254', '172.16.0.0', '172.31.255.255', '192.0.0.1', '192.0.2.1', '192.168.0.0',
  '192.168.255.255', '198.18.0.0', '198.19.255.255', '198.51.100.7', '203.0.113.7', '224.0.0.1', '239.255.255.255',
  '240.0.0.0', '255.255.255.255', '::', '::1', '::127.0.0.1', '::ffff:8.8.8.8', '::ffff:127.0.0.1', '64:ff9b::808:808',
  '64:ff9b:1::1', '100::1', '2001::1', '2001:0:4136:e378::1', '2001:db8::1', '2002:7f00:1::', '3fff::1', '5f00::1',
  'fc00::1', 'fdff::1', 'fe80::1', 'fec0::1', 'ff02::1', 'fe80::1%eth0', '', 'localhost', '127.1', '2606:4700::1%1',
])('%j is no public address', (address) => {
  expect(isPublicAddress(address)).toBe(false);
}); // prettier-ignore

test.each([
  '1.1.1.1', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '172.15.255.255', '172.32.0.0', '192.0.1.0',
  '198.17.255.255', '198.20.0.0', '223.255.255.255', '2606:4700::1', '2a00:1450:4001::1', '2001:4860:4860::8888',
])('%s is a public address', (address) => {
  expect(isPublicAddress(address)).toBe(true);
}); // prettier-ignore

test('allowed networks are read from a list, an IPv4-mapped address counts as IPv4, and no list allows nothing', () => {
  const list = networkListSchema.parse('10.1.0.0/16, fd00::/8,');
  expect(['10.1.2.3', '::ffff:10.1.2.3', 'fd12::1'].map((address) => list.has(address))).toEqual([true, true, true]);
  expect(['10.2.0.1', 'fe80::1', 'localhost', ''].some((address) => list.has(address))).toBe(false);
  expect(networkListSchema.parse(undefined).isEmpty).toBe(true);
  expect(networkListSchema.safeParse('10.0.0.0/8,everything').success).toBe(false);
});
