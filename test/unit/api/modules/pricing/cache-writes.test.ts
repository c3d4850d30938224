import { expect, test } from '@jest/globals';
import { builtInPrices } from '../../../../../api/modules/pricing/built-in-prices.js';
import { compilePrices, priceByList } from '../../../../../schema/contracts/pricing/compiled-prices.js';
import { noUnits, type UsageUnits } from '../../../../../schema/contracts/usage-units.js';

const prices = builtInPrices(false);
const rulesOf = compilePrices(prices);

function cost(provider: string, model: string, units: Partial<UsageUnits>, serviceTier: string | null = null) {
  const atMs = Date.UTC(2026, 10, 27);
  const used = { ...noUnits(), ...units };
  return priceByList(1, rulesOf, { provider, model, serviceTier, atMs, units: used, usageSource: 'PROVIDER' });
}

test('every Claude model whose cache writes have a price has one for an hour, dearer than that for five minutes', () => {
  const claude = prices.filter(({ model }) => model.includes('claude'));
  const rates = claude.flatMap(({ provider, model, rules }) =>
    rules.flatMap((rule) => (rule.rates['cacheWriteTokens'] === undefined ? [] : [{ provider, model, ...rule.rates }])),
  );
  expect(rates.length).toBeGreaterThan(150);
  const without = rates.filter((each) => !('cacheWrite1hTokens' in each));
  expect(without.map(({ provider, model }) => `${provider}/${model}`)).toEqual([]);
});

test.each([
  ['aws-bedrock', 'global.anthropic.claude-sonnet-4-5-20250929-v1:0', 3_000_000n],
  ['aws-bedrock', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', 3_300_000n],
  ['google-vertex-ai', 'claude-opus-5@20260901', 5_000_000n],
  ['openrouter', 'anthropic/claude-sonnet-4.6', 3_000_000n],
  ['anthropic', 'claude-sonnet-4-5', 3_000_000n],
])('%s charges twice the input for a cache write of an hour of %s', (provider, model, input) => {
  expect(cost(provider, model, { inputTokens: 1 }).costPico).toBe(input);
  expect(cost(provider, model, { cacheWrite1hTokens: 1 })).toMatchObject({
    costPico: input * 2n,
    costStatus: 'PRICED',
  });
});

test('where the input has steps, the write of an hour has them too', () => {
  const write = (inputTokens: number) =>
    cost('google-vertex-ai', 'claude-opus-4-6@default', { inputTokens, cacheWrite1hTokens: 1 }).costPico;
  expect(write(199_999)).toBe(199_999n * 5_000_000n + 10_000_000n);
  expect(write(200_000)).toBe(200_000n * 10_000_000n + 20_000_000n);
});

test('what is no Claude model is given no such price', () => {
  const own = prices.filter(({ model }) => !model.includes('claude'));
  expect(own.filter(({ rules }) => rules.some(({ rates }) => 'cacheWrite1hTokens' in rates))).toEqual([]);
});
