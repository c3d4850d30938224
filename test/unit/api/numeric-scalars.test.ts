import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BigIntScalar, DecimalScalar, usdFromPico } from '../../../api/scalars/numeric-scalars.js';

test.each([
  ['0', '0'],
  ['1', '0.000000000001'],
  ['1000000000000', '1'],
  ['150000', '0.00000015'],
  ['-2500000000000', '-2.5'],
  ['9007199254740993000000000000', '9007199254740993'],
])('%s pico-USD are %s USD', (pico, usd) => {
  expect(usdFromPico(pico)).toBe(usd);
});

test('USD are plain decimals without trailing zeros, and nothing of the integer is lost', () => {
  fc.assert(
    fc.property(fc.bigInt(), (pico) => {
      const usd = usdFromPico(pico);
      expect(usd).toMatch(/^-?(0|[1-9]\d*)(\.\d{0,11}[1-9])?$/);
      const [whole = '', fraction = ''] = usd.replace('-', '').split('.');
      expect(BigInt(whole + fraction.padEnd(12, '0'))).toBe(pico < 0n ? -pico : pico);
    }),
  );
});

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
