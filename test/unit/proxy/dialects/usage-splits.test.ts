import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { USAGE_UNITS } from '../../../../schema/contracts/usage-units.js';
import { readUsage } from '../../../support/read-usage.js';
import { propertyRuns, TEST_SIZE } from '../../../support/test-size.js';
import { usageFixtures } from '../../../support/usage-fixtures.js';

const fixtures = usageFixtures();
/** Of the answers, those that come byte by byte: at the small size, some of every dialect. */
const BYTEWISE_STEP = TEST_SIZE === 'full' ? 1 : 8;
const runs = { ...propertyRuns, numRuns: Math.min(propertyRuns.numRuns, 300) };

test('no split of an answer into chunks changes what is read', () => {
  fc.assert(
    fc.property(fc.constantFrom(...fixtures), fc.array(fc.nat({ max: 400 })), (fixture, sizes) => {
      expect(readUsage(fixture, sizes)).toEqual(readUsage(fixture, []));
    }),
    runs,
  );
});

test('an answer that comes byte by byte is read the same', () => {
  for (const fixture of fixtures.filter((_fixture, i) => i % BYTEWISE_STEP === 0)) {
    const bytes = Array<number>(fixture.answer.length).fill(1);
    expect([fixture.name, readUsage(fixture, bytes)]).toEqual([fixture.name, readUsage(fixture, [])]);
  }
});

test('an answer cut anywhere is read without fault, and what is not exact says why', () => {
  fc.assert(
    fc.property(fc.constantFrom(...fixtures), fc.double({ min: 0, max: 1, noNaN: true }), (fixture, share) => {
      const answer = fixture.answer.subarray(0, Math.floor(fixture.answer.length * share));
      const cut = { ...fixture, answer, expected: { ...fixture.expected, isComplete: false } };
      const { units, usageSource, usageNote } = readUsage(cut, []);
      const counts = [...USAGE_UNITS.map((unit) => units[unit]), ...Object.values(units.other ?? {})];
      expect(counts.filter((count) => !Number.isSafeInteger(count) || count < 0)).toEqual([]);
      expect(usageSource === 'PROVIDER' || usageNote !== null).toBe(true);
    }),
    runs,
  );
});
