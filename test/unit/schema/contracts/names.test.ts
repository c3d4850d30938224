import { expect, test } from '@jest/globals';
import { isAccountName, isAccountTag, isGatewayName } from '../../../../schema/contracts/names.js';

const TAG = '0123456789abcdef'.repeat(2);

test.each(['a', 'a1', 'acme', 'acme-inc', '1', 'a--b', 'a'.repeat(64)])('%s names an account', (name) => {
  expect(isAccountName(name)).toBe(true);
});

test.each(['', '-a', 'a-', 'A', 'a_b', 'a b', 'a.b', 'é', 'a'.repeat(65), TAG, `${'a'.repeat(32)}`, 'acme\n'])(
  '%j names no account',
  (name) => {
    expect(isAccountName(name)).toBe(false);
  },
);

test('a tag is 32 lowercase hex digits and nothing else', () => {
  expect(isAccountTag(TAG)).toBe(true);
  for (const text of [TAG.toUpperCase(), TAG.slice(1), `${TAG}0`, `${TAG}\n`, `g${TAG.slice(1)}`]) {
    expect(isAccountTag(text)).toBe(false);
  }
});

test.each(['a', '_', '_x', 'A-b_C', '0', 'x'.repeat(64)])('%s names a gateway', (name) => {
  expect(isGatewayName(name)).toBe(true);
});

test.each(['', '-a', 'a b', 'a.b', 'a/b', 'é', 'x'.repeat(65), 'a\n', 'a%20'])('%j names no gateway', (name) => {
  expect(isGatewayName(name)).toBe(false);
});
