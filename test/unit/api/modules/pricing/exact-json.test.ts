import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DOCUMENT_CHARACTERS_MAX, readExactJson } from '../../../../../api/modules/pricing/exact-json.js';
import { decimalText, parseDecimal } from '../../../../../schema/contracts/decimal.js';
import { propertyRuns } from '../../../../support/test-size.js';

const value = (text: string): unknown => {
  const read = readExactJson(text);
  return 'value' in read ? read.value : read;
};

test('numbers stay the text that they were written as, wherever they stand', () => {
  const text = '{"a":1.5e-06,"b":[0,-0.10,12345678901234567890.000000001],"c":{"d":1E5},"7":true}';
  expect(value(text)).toEqual({
    a: '1.5e-06',
    b: ['0', '-0.10', '12345678901234567890.000000001'],
    c: { d: '1E5' },
    7: true,
  });
});

test('what looks like a number or a bracket inside a string is left alone', () => {
  const given = { 'a "1" \\': '[1, 2.5e3] {', '\n': '\\"9', ü3: null };
  expect(value(JSON.stringify(given))).toEqual(given);
});

test('a decimal goes through without losing a digit', () => {
  const decimal = fc.record({ digits: fc.bigInt({ min: 0n, max: 10n ** 24n }), decimals: fc.nat({ max: 30 }) });
  fc.assert(
    fc.property(decimal, (given) => {
      const text = decimalText(given);
      const read = value(`{"price": ${text}}`);
      const back = parseDecimal(String(Reflect.get(Object(read), 'price')));
      expect(back === null ? null : decimalText(back)).toBe(text);
    }),
    propertyRuns,
  );
});

test('any JSON is read as JSON.parse reads it, but for its numbers', () => {
  const strings = (given: unknown): unknown => {
    if (typeof given === 'number') return JSON.stringify(given);
    if (Array.isArray(given)) return given.map(strings);
    if (typeof given !== 'object' || given === null) return given;
    return Object.fromEntries(Object.entries(given).map(([key, inner]) => [key, strings(inner)]));
  };
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (given) => {
      const text = JSON.stringify(given);
      expect(value(text)).toEqual(strings(JSON.parse(text)));
    }),
    propertyRuns,
  );
});

test.each([
  ['nothing', ''],
  ['a leading zero', '[01]'],
  ['a number without an end', '[1.]'],
  ['two numbers in a row', '[1 2]'],
  ['an open string', '{"a":"1'],
  ['a bare word', '{a:1}'],
])('%s is no JSON', (_what, text) => {
  expect(readExactJson(text)).toEqual({ problem: 'is no JSON' });
});

test('what is too deep or too large is refused before it is built', () => {
  expect(readExactJson('['.repeat(100_000))).toEqual({ problem: 'must be at most 16 levels deep' });
  expect(readExactJson(' '.repeat(DOCUMENT_CHARACTERS_MAX + 1))).toEqual({
    problem: `must be at most ${DOCUMENT_CHARACTERS_MAX} characters`,
  });
});
