import { expect, test } from '@jest/globals';
import { importGenaiPrices, PRICED_PROVIDERS } from '../../../../../api/modules/pricing/genai-prices.js';
import { TIER_FACTORS, TIER_TABLES } from '../../../../../api/modules/pricing/service-tier-prices.js';
import { withServiceTiers } from '../../../../../api/modules/pricing/service-tiers.js';
import { compilePrices, priceByList } from '../../../../../schema/contracts/pricing/compiled-prices.js';
import type { PriceRule } from '../../../../../schema/contracts/prices.js';
import { PROVIDER_SLUGS } from '../../../../../schema/contracts/providers.js';
import { noUnits, type UsageUnits } from '../../../../../schema/contracts/usage-units.js';
import { findProvider } from '@pydantic/genai-prices';

const source = importGenaiPrices().prices;
const rulesOf = compilePrices(withServiceTiers(source));
const used = (given: Partial<UsageUnits>): UsageUnits => ({ ...noUnits(), ...given });

function cost(provider: string, model: string, serviceTier: string | null, units: Partial<UsageUnits>) {
  const atMs = Date.UTC(2026, 10, 27);
  return priceByList(1, rulesOf, { provider, model, serviceTier, atMs, units: used(units), usageSource: 'PROVIDER' });
}

test('every slug whose prices the source has is in the table of providers', () => {
  const missing = PROVIDER_SLUGS.filter(
    (slug) => !(slug in PRICED_PROVIDERS) && findProvider({ providerId: slug }) !== undefined,
  );
  expect(missing).toEqual([]);
});

test('each row is of a model that the list has, and each table says where it is from and when it was read', () => {
  for (const { provider, source: page, read, rows } of TIER_TABLES) {
    const names = source.filter((price) => price.provider === provider).map(({ model }) => model);
    expect(rows.map(({ model }) => model).filter((model) => !names.includes(model))).toEqual([]);
    expect([page, read]).toEqual([expect.stringMatching(/^https:/), expect.stringMatching(/^\d{4}-\d\d-\d\d$/)]);
  }
  for (const { source: page, read } of TIER_FACTORS) expect(page + read).toMatch(/^https:.*\d{4}-\d\d-\d\d$/);
});

test('flex and priority cost what the page says, dated ids too, and the rule names the tier', () => {
  const units = { inputTokens: 1_000_000, cachedInputTokens: 1_000, outputTokens: 1_000 };
  expect(cost('openai', 'gpt-5-mini-2025-08-07', 'flex', units)).toEqual({
    costPico: 125_000_000_000n + 12_500_000n + 1_000_000_000n,
    costStatus: 'PRICED',
    priceVersion: 1,
    priceRule: 'openai/gpt-5-mini#tier flex',
  });
  expect(cost('openai', 'o3', 'priority', { inputTokens: 2 }).costPico).toBe(7_000_000n);
  expect(cost('openai', 'o3', 'fast', { inputTokens: 2 }).costPico).toBe(7_000_000n);
});

test('a long context steps the tier’s price as it steps the standard one', () => {
  const at = (inputTokens: number) => cost('openai', 'gpt-5.4', 'flex', { inputTokens }).costPico;
  expect(at(271_999)).toBe(271_999n * 1_250_000n);
  expect(at(272_000)).toBe(272_000n * 2_500_000n);
});

test('no tier of a model has its step elsewhere than its standard price', () => {
  const stepsOf = ({ rates }: PriceRule) =>
    Object.values(rates).flatMap((rate) => (typeof rate === 'string' ? [] : rate.tiers.map(({ start }) => start)));
  const stepping = withServiceTiers(source).filter(
    ({ provider, rules }) => provider === 'openai' && rules.some((rule) => stepsOf(rule).length > 0),
  );
  expect(stepping.length).toBeGreaterThan(5);
  for (const { model, rules } of stepping) {
    const standard = rules.filter(({ condition }) => condition === null).flatMap(stepsOf);
    const tiered = rules.filter(({ condition }) => condition?.type === 'service_tier').flatMap(stepsOf);
    if (standard.length > 0)
      expect({ model, steps: tiered.filter((start) => !standard.includes(start)) }).toEqual({ model, steps: [] });
  }
});

test('what is billed by the piece costs in a tier what it costs without', () => {
  const of = (tier: string | null) => cost('openai', 'gpt-4o', tier, { webSearches: 1 }).costPico;
  expect(of('priority')).toBe(of(null));
  const anthropic = (tier: string | null) => cost('anthropic', 'claude-sonnet-4-5', tier, { webSearches: 2 }).costPico;
  expect(anthropic('batch')).toBe(anthropic(null));
});

test('half the price is half of every token’s price, under the same conditions', () => {
  const units = { inputTokens: 10, cachedInputTokens: 20, cacheWriteTokens: 30, outputTokens: 40 };
  for (const [provider, model, tier] of [
    ['anthropic', 'claude-sonnet-4-5', 'batch'],
    ['google-ai-studio', 'gemini-2.5-flash', 'flex'],
    ['google-ai-studio', 'gemini-2.5-pro', 'batch'],
  ] as const) {
    const standard = cost(provider, model, null, units).costPico ?? 0n;
    expect([model, cost(provider, model, tier, units).costPico]).toEqual([model, standard / 2n]);
  }
  expect(cost('anthropic', 'claude-opus-4-8', 'fast', { inputTokens: 1, outputTokens: 1 }).costPico).toBe(60_000_000n);
  expect(cost('groq', 'llama-3.3-70b-versatile', 'flex', units).costPico).toBe(
    cost('groq', 'llama-3.3-70b-versatile', null, units).costPico,
  );
});

test('a tier of which no page gives a price stays unpriced, and is remembered', () => {
  const unpriced = { costPico: null, costStatus: 'UNPRICED', priceVersion: null };
  expect(cost('anthropic', 'claude-sonnet-4-5', 'priority', { inputTokens: 1 })).toEqual({
    ...unpriced,
    priceRule: '#tier priority',
  });
  expect(cost('google-ai-studio', 'gemini-2.5-pro', 'priority', { inputTokens: 1 })).toMatchObject(unpriced);
  expect(cost('anthropic', 'claude-opus-5-5', 'fast', { inputTokens: 1 })).toMatchObject(unpriced);
  expect(cost('groq', 'llama-3.3-70b-versatile', 'performance', { inputTokens: 1 })).toMatchObject(unpriced);
});
