import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BigIntScalar, DecimalScalar } from '../../../../api/scalars/numeric-scalars.js';

test('BigInt leaves as digits of any length', () => {
  fc.assert(fc.property(fc.bigInt(), (value) => void expect(BigIntScalar.serialize(value)).toBe(value.toString())));
  expect(BigIntScalar.serialize('9223372036854775807')).toBe('9223372036854775807');
});

test.each(['1e5', '0x10', '', ' 1', '1.', '.5', '1.1234567890123', 'NaN', 5, null, {}])(
  'the Decimal %j is refused',
  (value) => {
    expect(() => DecimalScalar.parseValue(value)).toThrow('decimal');
  },
);

test('a Decimal is normalised', () => {
  expect(['007.500', '0.0', '-1.10', '12'].map((value) => DecimalScalar.parseValue(value))).toEqual([
    '7.5',
    '0',
    '-1.1',
    '12',
  ]);
});
