import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { NameMeanings } from '../../../../proxy/upstream/name-meanings.js';
import { propertyRuns } from '../../../support/test-size.js';

test('a name means what it means in lower case, however often and in whatever case it is asked for', () => {
  const meanings = new NameMeanings((lower) => lower);
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom('Via', 'via', 'VIA'), fc.string({ unit: 'binary' }))), (names) => {
      for (const name of names) expect(meanings.of(name)).toBe(name.toLowerCase());
    }),
    propertyRuns,
  );
});

test('what is remembered is found out once, and long names and too many are not kept', () => {
  let found = 0;
  const meanings = new NameMeanings(() => (found += 1) > 0);
  const ask = (...names: readonly string[]): number => {
    found = 0;
    for (const name of names) meanings.of(name);
    return found;
  };
  expect(ask('via', 'via', 'Via')).toBe(2);
  expect(ask('x'.repeat(65), 'x'.repeat(65))).toBe(2);
  expect(ask(...Array.from({ length: 998 }, (_, i) => `name-${i}`))).toBe(998);
  expect(ask('via')).toBe(0);
  expect(ask('one-more', 'via')).toBe(2);
});
