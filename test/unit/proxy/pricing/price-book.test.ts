import { expect, test } from '@jest/globals';
import { calcPrice, findProvider } from '@pydantic/genai-prices';
import fc from 'fast-check';
import { withHourCacheWrites } from '../../../../api/modules/pricing/cache-writes.js';
import { importGenaiPrices, PRICED_PROVIDERS } from '../../../../api/modules/pricing/genai-prices.js';
import { createPriceBook } from '../../../../proxy/pricing/price-book.js';
import type { ModelPrice } from '../../../../schema/contracts/prices.js';
import type { PriceRequest } from '../../../../schema/contracts/pricing/compiled-prices.js';
import { noUnits, totalTokensIn, totalTokensOut, type UsageUnits } from '../../../../schema/contracts/usage-units.js';
import { isHourUntold, oracleCost, oracleModel } from '../../../support/price-oracle.js';
import { propertyRuns } from '../../../support/test-size.js';

const book = createPriceBook(7, withHourCacheWrites(importGenaiPrices().prices));
const NOON = Date.UTC(2026, 10, 23, 12);

const request = (given: Partial<PriceRequest>): PriceRequest => ({
  provider: 'openai',
  model: 'gpt-4o',
  units: noUnits(),
  usageSource: 'PROVIDER',
  atMs: NOON,
  serviceTier: null,
  ...given,
});
const units = (given: Partial<UsageUnits>): UsageUnits => ({ ...noUnits(), ...given });
const counted = ({ other: _other, ...counts }: UsageUnits): Readonly<Record<string, number>> => counts;

/** Whole pico-USD as USD, like the oracle's text. */
function usd(pico: bigint | null): string | null {
  if (pico === null) return null;
  const digits = pico.toString().padStart(13, '0');
  return `${digits.slice(0, -12)}.${digits.slice(-12)}`.replace(/\.?0+$/, '');
}

test('tokens cost their rate to the pico-dollar, and the rule that priced them is named', () => {
  const cost = book.price(request({ units: units({ inputTokens: 1, cachedInputTokens: 3, outputTokens: 7 }) }));
  expect(cost).toEqual({
    costPico: 2_500_000n + 3n * 1_250_000n + 7n * 10_000_000n,
    costStatus: 'PRICED',
    priceVersion: 7,
    priceRule: 'openai/gpt-4o',
  });
});

test('a step of the price applies to the whole request once its start is exceeded, cached input included', () => {
  const at = (inputTokens: number): bigint | null =>
    book.price(
      request({
        provider: 'google-ai-studio',
        model: 'gemini-2.5-pro',
        units: units({ inputTokens, cachedInputTokens: 1, outputTokens: 1 }),
      }),
    ).costPico;
  expect(at(199_999)).toBe(199_999n * 1_250_000n + 125_000n + 10_000_000n);
  expect(at(200_000)).toBe(200_000n * 2_500_000n + 250_000n + 15_000_000n);
});

test('a one-hour cache write has its own rate', () => {
  const cost = book.price(
    request({
      provider: 'anthropic',
      model: 'claude-opus-4-5-20251101',
      units: units({ cacheWriteTokens: 1, cacheWrite1hTokens: 1, webSearches: 1 }),
    }),
  );
  expect(cost.costPico).toBe(6_250_000n + 10_000_000n + 10_000_000_000n);
});

test('what is not known is never given a cost: unknown provider, model, tier, or a unit without a rate', () => {
  const used = units({ inputTokens: 1 });
  const unpriced = [
    request({ provider: 'custom-x', units: used }),
    request({ model: 'no-such-model', units: used }),
    request({ model: null, units: used }),
    request({ model: 'g'.repeat(300), units: used }),
    request({ serviceTier: 'priority', units: used }),
    request({ model: 'text-embedding-3-small', units: units({ inputTokens: 1, outputTokens: 1 }) }),
  ];
  for (const each of unpriced) expect(book.price(each)).toMatchObject({ costPico: null, costStatus: 'UNPRICED' });
});

test('web searches without a rate leave the tokens’ cost, marked as an estimate', () => {
  const used = units({ inputTokens: 2, webSearches: 1 });
  const cost = book.price(request({ provider: 'google-ai-studio', model: 'gemini-2.5-flash', units: used }));
  expect(cost).toMatchObject({ costPico: 600_000n, costStatus: 'ESTIMATED' });
});

test('a one-hour cache write without a rate of its own costs that of five minutes, marked as an estimate', () => {
  const rates = { inputTokens: '4', cacheWriteTokens: '5' };
  const price: ModelPrice = {
    provider: 'p',
    model: 'm',
    match: { equals: 'm' },
    rules: [
      { condition: null, rates },
      { condition: { type: 'service_tier', tier: 'flex' }, rates: { ...rates, cacheWrite1hTokens: '8' } },
    ],
  };
  const own = createPriceBook(1, [price]);
  const of = (given: Partial<UsageUnits>, serviceTier: string | null) =>
    own.price(request({ provider: 'p', model: 'm', units: units(given), serviceTier }));
  expect(of({ cacheWrite1hTokens: 2 }, null)).toMatchObject({ costPico: 10n, costStatus: 'ESTIMATED' });
  expect(of({ cacheWriteTokens: 2 }, null)).toMatchObject({ costPico: 10n, costStatus: 'PRICED' });
  expect(of({ cacheWrite1hTokens: 2 }, 'flex')).toMatchObject({ costPico: 16n, costStatus: 'PRICED' });
});

test('an other unit costs the rate of its name, and without one nothing has a cost', () => {
  const price: ModelPrice = {
    provider: 'p',
    model: 'm',
    match: { equals: 'm' },
    rules: [{ condition: null, rates: { inputTokens: '1', images: '1000' } }],
  };
  const own = createPriceBook(1, [price]);
  const of = (other: UsageUnits['other']) =>
    own.price(request({ provider: 'p', model: 'm', units: units({ inputTokens: 2, other }) }));
  expect(of({ images: 3 })).toMatchObject({ costPico: 3_002n, costStatus: 'PRICED' });
  expect(of({ images: 3, audioMilliseconds: 0 }).costPico).toBe(3_002n);
  expect(of({ images: 3, audioMilliseconds: 1 })).toMatchObject({ costPico: null, costStatus: 'UNPRICED' });
});

test('estimated units are priced as such, and no usage at all is not billable', () => {
  const given = { units: units({ inputTokens: 1 }) };
  expect(book.price(request({ ...given, usageSource: 'ESTIMATED' })).costStatus).toBe('ESTIMATED');
  expect(book.price(request({ usageSource: 'NONE' }))).toMatchObject({ costPico: 0n, costStatus: 'NOT_BILLABLE' });
});

test('prices change at their day and at their time of day, in UTC', () => {
  const price: ModelPrice = {
    provider: 'p',
    model: 'm',
    match: { equals: 'm' },
    rules: [
      { condition: null, rates: { inputTokens: '1' } },
      { condition: { type: 'start_date', startDate: '2026-03-01' }, rates: { inputTokens: '2' } },
      { condition: { type: 'time_of_day', startTime: '23:00:00', endTime: '01:00:00' }, rates: { inputTokens: '3' } },
      { condition: { type: 'service_tier', tier: 'flex' }, rates: { inputTokens: '4' } },
    ],
  };
  const own = createPriceBook(1, [price]);
  const at = (iso: string, serviceTier: string | null = null) =>
    own.price(
      request({ provider: 'p', model: 'M ', units: units({ inputTokens: 1 }), atMs: Date.parse(iso), serviceTier }),
    );
  expect(at('2026-02-28T22:59:59.999Z')).toMatchObject({ costPico: 1n, priceRule: 'p/m' });
  expect(at('2026-03-01T01:00:00Z')).toMatchObject({ costPico: 2n, priceRule: 'p/m#from 2026-03-01' });
  expect(at('2026-03-01T00:59:59.999Z').costPico).toBe(3n);
  expect(at('2026-01-01T23:00:00Z').priceRule).toBe('p/m#23:00:00-01:00:00');
  expect(at('2026-03-01T12:00:00Z', 'default').costPico).toBe(2n);
  expect(at('2026-03-01T12:00:00Z', 'flex')).toMatchObject({ costPico: 4n, priceRule: 'p/m#tier flex' });
});

/** A run looks for its model in the source's lists, of a thousand. */
const runs = { ...propertyRuns, numRuns: Math.min(propertyRuns.numRuns * 3, 2_000) };
const count = fc.nat({ max: 400_000 });
const anyUnits = fc
  .record({
    inputTokens: count,
    cachedInputTokens: count,
    cacheWriteTokens: count,
    cacheWrite1hTokens: count,
    outputTokens: count,
    reasoningTokens: count,
    audioInputTokens: count,
    audioOutputTokens: count,
    webSearches: fc.nat({ max: 9 }),
  })
  .map(units);
const times = fc.date({ min: new Date('2025-01-01'), max: new Date('2027-06-01'), noInvalidDate: true });
const slugs = Object.entries(PRICED_PROVIDERS).filter(([slug]) => slug !== 'openrouter'); // rounded rates: not exact
const models = slugs.flatMap(([slug, id]) =>
  (findProvider({ providerId: id })?.models ?? []).map(({ id: model }) => ({ slug, id, model })),
);

test('every model of the source costs what the oracle says, to the pico-dollar', () => {
  fc.assert(
    fc.property(fc.constantFrom(...models), anyUnits, times, ({ slug, id, model }, used, at) => {
      const known = oracleModel(id, model);
      const cost = book.price(request({ provider: slug, model, units: used, atMs: at.getTime() }));
      expect(usd(cost.costPico)).toBe(known === null ? null : oracleCost(known, counted(used), at));
    }),
    runs,
  );
});

test('the oracle agrees with the source’s own calculation', () => {
  fc.assert(
    fc.property(fc.constantFrom(...models), anyUnits, times, ({ id, model }, given, at) => {
      const known = oracleModel(id, model);
      // there the oracle knows what the source does not
      const used = known !== null && isHourUntold(known, at) ? { ...given, cacheWrite1hTokens: 0 } : given;
      const expected = known === null ? null : oracleCost(known, counted(used), at);
      if (expected === null) return;
      const usage = {
        input_tokens: totalTokensIn(used),
        cache_read_tokens: used.cachedInputTokens,
        cache_write_tokens: used.cacheWriteTokens + used.cacheWrite1hTokens,
        cache_write_1h_tokens: used.cacheWrite1hTokens,
        input_audio_tokens: used.audioInputTokens,
        cache_audio_read_tokens: 0,
        output_tokens: totalTokensOut(used),
        output_reasoning_tokens: used.reasoningTokens,
        output_audio_tokens: used.audioOutputTokens,
        web_searches: used.webSearches,
      };
      const own = calcPrice(usage, model, { providerId: id, timestamp: at });
      expect(Math.abs((own?.total_price ?? NaN) - Number(expected))).toBeLessThan(1e-9 * (1 + Number(expected)));
    }),
    runs,
  );
});
