import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { usdFromPico, usdPerMillion } from '../../../../schema/contracts/decimal.js';

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

test('a rate of one is told for a million, down to the last pico-USD', () => {
  expect(['0', '1', '2500000', '1000000000000000'].map(usdPerMillion)).toEqual(['0', '0.000001', '2.5', '1000000000']);
});
