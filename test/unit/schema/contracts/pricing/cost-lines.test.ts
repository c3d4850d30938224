import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  compileRule,
  markedTier,
  tierMark,
  type CostLine,
} from '../../../../../schema/contracts/pricing/compiled-rule.js';
import {
  customLines,
  customPico,
  customRule,
  ratesOfRule,
  type CustomRates,
} from '../../../../../schema/contracts/pricing/custom-rates.js';
import { noUnits, USAGE_UNITS, type UsageUnits } from '../../../../../schema/contracts/usage-units.js';
import { propertyRuns } from '../../../../support/test-size.js';

const count = fc.oneof(fc.constant(0), fc.nat({ max: 1_000_000 }));
const units: fc.Arbitrary<UsageUnits> = fc
  .record(Object.fromEntries(USAGE_UNITS.map((unit) => [unit, count])))
  .map((counted) => ({ ...noUnits(), ...counted }));
const pico = fc.bigInt({ min: 0n, max: 10n ** 15n }).map(String);
const rate = fc.oneof(
  pico,
  fc.record({ base: pico, tiers: fc.array(fc.record({ start: fc.nat(), price: pico }), { maxLength: 3 }) }),
);
const rates = fc.dictionary(fc.constantFrom(...USAGE_UNITS), rate);
const decimal = fc.record({ digits: fc.bigInt({ min: 0n, max: 10n ** 20n }), decimals: fc.nat({ max: 40 }) });
const customRates: fc.Arbitrary<CustomRates> = fc.oneof(
  decimal.map((total) => ({ kind: 'total' as const, total })),
  fc
    .record({ tokenIn: decimal, tokenOut: decimal, cacheReadToken: decimal, cacheWriteToken: decimal })
    .map((perToken) => ({ kind: 'perToken' as const, ...perToken })),
); // prettier-ignore
const sum = (lines: readonly CostLine[]): bigint => lines.reduce((total, { amountPico }) => total + amountPico, 0n);

test('the lines of a price are quantity times rate, and their sum is the cost, to the pico-dollar', () => {
  fc.assert(
    fc.property(rates, units, (given, used) => {
      const rule = compileRule('p/m', { condition: null, rates: given });
      const cost = rule.cost(used);
      fc.pre(cost !== null);
      const lines = rule.lines(used);
      for (const line of lines) expect(line.amountPico).toBe(line.quantity * line.ratePico);
      expect(sum(lines)).toBe(cost?.pico);
    }),
    propertyRuns,
  );
});

test('the lines of a client’s own price add up to its cost, however fine it is', () => {
  fc.assert(
    fc.property(customRates, units, (given, used) => {
      expect(sum(customLines(given, used))).toBe(customPico(given, used));
    }),
    propertyRuns,
  );
});

test('a client’s own price costs the same after it was kept as a rule’s text', () => {
  fc.assert(
    fc.property(customRates, units, (given, used) => {
      const kept = ratesOfRule(customRule(given));
      expect(kept === null ? null : customPico(kept, used)).toBe(customPico(given, used));
    }),
    propertyRuns,
  );
  expect(ratesOfRule('custom')).toBeNull();
  expect(ratesOfRule('openai/gpt-4o')).toBeNull();
});

test('a rule’s name tells its tier, also beside a date', () => {
  const when = { type: 'start_date', startDate: '2026-01-01' } as const;
  const rule = compileRule('p/m', { condition: { type: 'service_tier', tier: 'flex', when }, rates: {} });
  expect(rule.name).toBe('p/m#tier flex#from 2026-01-01');
  expect([markedTier(rule.name), markedTier(tierMark('x')), markedTier('p/m'), markedTier(null)]).toEqual(['flex', 'x', null, null]);
  expect(rule.isInForce(Date.UTC(2025, 11, 31))).toBe(false);
  expect(rule.isInForce(Date.UTC(2026, 0, 1))).toBe(true);
}); // prettier-ignore
