import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { KeyFilter } from '../../../../proxy/cache/key-filter.js';
import { propertyRuns } from '../../../support/test-size.js';

const hashOf = (name: string): string => createHash('sha256').update(name).digest('hex');

test('what was added, alone or as a tail among others, may be there', () => {
  const anyHash = fc.string().map(hashOf);
  fc.assert(
    fc.property(fc.array(anyHash), fc.array(anyHash), (alone, together) => {
      const filter = new KeyFilter();
      for (const key of alone) filter.add(key);
      const tails = together.map((key) => key.slice(-16)).join('');
      for (let end = 16; end <= tails.length; end += 16) filter.add(tails, end);
      return [...alone, ...together].every((key) => filter.mayHave(key));
    }),
    { ...propertyRuns, numRuns: Math.min(propertyRuns.numRuns, 500) }, // each has a mebibyte of its own
  );
});

test('of what was never added hardly anything may be there, up to as many as the filter takes', () => {
  const filter = new KeyFilter();
  const others = Array.from({ length: 2_000 }, (_, index) => hashOf(`other ${index}`));
  const share = (): number => others.filter((key) => filter.mayHave(key)).length / others.length;
  expect(share()).toBe(0);
  for (let added = 0; !filter.isFull; added++) {
    if (added === KeyFilter.KEYS_MAX) throw new Error('it takes more than it says');
    if (added === 130_000) expect(share()).toBeLessThan(0.002);
    filter.add(hashOf(`key ${added}`));
  }
  expect(share()).toBeLessThan(0.015);
});
