import { expect, test } from '@jest/globals';
import { compileOverrides, type ActiveOverride } from '../../../../../schema/contracts/pricing/price-overrides.js';
import type { PriceRequest } from '../../../../../schema/contracts/pricing/compiled-prices.js';
import { noUnits } from '../../../../../schema/contracts/usage-units.js';

const override = (id: string, given: Partial<ActiveOverride> = {}): ActiveOverride => ({
  id,
  provider: 'openai',
  model: 'gpt-4o',
  isPrefix: false,
  serviceTier: null,
  fromMs: null,
  rates: { inputTokens: '1' },
  ...given,
});
const request = (given: Partial<PriceRequest> = {}): PriceRequest => ({
  provider: 'openai',
  model: 'gpt-4o',
  units: { ...noUnits(), inputTokens: 3 },
  usageSource: 'PROVIDER',
  atMs: 1_000,
  serviceTier: null,
  ...given,
});
const ruleOf = (overrides: readonly ActiveOverride[], given: Partial<PriceRequest> = {}): string | null =>
  compileOverrides(overrides).price(request(given))?.priceRule ?? null;

test('what matches more of the model wins, whatever the order: a whole id, then the longest beginning', () => {
  const all = [
    override('g', { model: 'g', isPrefix: true }),
    override('exact', { model: 'GPT-4o-mini' }),
    override('gpt-4o', { isPrefix: true }),
  ];
  for (const overrides of [all, all.toReversed()]) {
    expect(ruleOf(overrides, { model: ' gpt-4o-MINI ' })).toBe('override/exact');
    expect(ruleOf(overrides, { model: 'gpt-4o-2024' })).toBe('override/gpt-4o');
    expect(ruleOf(overrides, { model: 'gpt-3' })).toBe('override/g');
  }
});

test('of the same text the one that began last holds; before all of them there is none', () => {
  const all = [override('second', { fromMs: 2_000 }), override('first', { fromMs: 1_000 })];
  expect(ruleOf(all, { atMs: 999 })).toBeNull();
  expect(ruleOf(all, { atMs: 1_000 })).toBe('override/first');
  expect(ruleOf(all, { atMs: 2_000 })).toBe('override/second');
  expect(ruleOf([...all, override('always')], { atMs: 0 })).toBe('override/always');
});

test('a service tier is priced by its own overrides alone, the standard tiers by those without one', () => {
  const all = [override('plain'), override('flex', { serviceTier: 'flex' })];
  expect(ruleOf(all, { serviceTier: 'Flex' })).toBe('override/flex#tier flex');
  expect(ruleOf(all, { serviceTier: 'default' })).toBe('override/plain');
  expect(ruleOf(all, { serviceTier: 'priority' })).toBeNull();
});

test('nothing of another provider or model is priced, and nothing that was not used is billed', () => {
  expect(ruleOf([override('a')], { provider: 'anthropic' })).toBeNull();
  expect(ruleOf([override('a')], { model: 'gpt-4' })).toBeNull();
  expect(ruleOf([override('a')], { model: null })).toBeNull();
  expect(compileOverrides([override('a')]).price(request({ usageSource: 'NONE' }))?.costStatus).toBe('NOT_BILLABLE');
});

test('it prices as a whole: a narrower unit at its parent’s rate, and nothing at the list’s', () => {
  const book = compileOverrides([override('a')]);
  const used = (given: object) => book.price(request({ units: { ...noUnits(), ...given } }));
  expect(used({ inputTokens: 3, cachedInputTokens: 4 })).toEqual({
    costPico: 7n,
    costStatus: 'PRICED',
    priceVersion: null,
    priceRule: 'override/a',
  });
  expect(used({ outputTokens: 1 })).toMatchObject({ costPico: null, costStatus: 'UNPRICED' });
});
