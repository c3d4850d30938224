import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  addUnits,
  noUnits,
  OTHER_UNITS_MAX,
  otherUnitsSchema,
  USAGE_UNITS,
  type UsageUnits,
} from '../../../../schema/contracts/usage-units.js';

const count = fc.nat({ max: 2 ** 40 });
const units: fc.Arbitrary<UsageUnits> = fc
  .tuple(
    fc.array(count, { minLength: USAGE_UNITS.length, maxLength: USAGE_UNITS.length }),
    fc.option(fc.dictionary(fc.stringMatching(/^[a-z][A-Za-z0-9]{0,31}$/), count, { maxKeys: OTHER_UNITS_MAX })),
  )
  .map(([counts, other]) =>
    USAGE_UNITS.reduce((all, unit, i) => ({ ...all, [unit]: counts[i] }), { ...noUnits(), other }),
  );

test('the sum of two sets of units has every unit of both, and is as wide as one set may be', () => {
  fc.assert(
    fc.property(units, units, (a, b) => {
      const sum = addUnits(a, b);
      for (const unit of USAGE_UNITS) expect(sum[unit]).toBe(a[unit] + b[unit]);
      const names = new Set([...Object.keys(a.other ?? {}), ...Object.keys(b.other ?? {})]);
      if (names.size <= OTHER_UNITS_MAX) {
        for (const name of names) expect(sum.other?.[name]).toBe((a.other?.[name] ?? 0) + (b.other?.[name] ?? 0));
      }
      if (sum.other !== null) expect(() => otherUnitsSchema.parse(sum.other)).not.toThrow();
      expect(sum.other === null).toBe(a.other === null && b.other === null);
    }),
  );
});

test('what two sets add up to leaves both as they were', () => {
  const one = { ...noUnits(), inputTokens: 1, other: { images: 1 } };
  addUnits(one, one);
  expect(one).toEqual({ ...noUnits(), inputTokens: 1, other: { images: 1 } });
});

test('an other unit has a name like any unit, and a count', () => {
  for (const wrong of [{ Images: 1 }, { images: -1 }, { images: 0.5 }, { images: '1' }, { 'a"b': 1 }]) {
    expect(otherUnitsSchema.safeParse(wrong).success).toBe(false);
  }
  const many = Object.fromEntries(Array.from({ length: OTHER_UNITS_MAX + 1 }, (_, i) => [`unit${i}`, 1]));
  expect(otherUnitsSchema.safeParse(many).success).toBe(false);
});
