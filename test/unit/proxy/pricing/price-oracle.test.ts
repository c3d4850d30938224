import { expect, test } from '@jest/globals';
import { calcPrice, findProvider, type ModelInfo } from '@pydantic/genai-prices';
import fc from 'fast-check';
import { PRICED_PROVIDERS } from '../../../../api/modules/pricing/genai-prices.js';
import {
  isHourUntold,
  oracleBill,
  oracleCost,
  oracleCostAt,
  oracleModel,
  oraclePico,
} from '../../../support/price-oracle.js';
import { TEST_SEED, TEST_SIZE } from '../../../support/test-size.js';

const models: readonly { readonly id: string; readonly model: ModelInfo }[] = [
  ...new Set(Object.values(PRICED_PROVIDERS)),
].flatMap((id) => (findProvider({ providerId: id })?.models ?? []).map((model) => ({ id, model })));

const count = fc.nat({ max: 400_000 });
const anyUnits = fc.record({
  inputTokens: count,
  cachedInputTokens: count,
  cacheWriteTokens: count,
  cacheWrite1hTokens: count,
  outputTokens: count,
  reasoningTokens: count,
  audioInputTokens: count,
  audioOutputTokens: count,
  imageInputTokens: count,
  imageOutputTokens: count,
  webSearches: fc.nat({ max: 9 }),
});
const times = fc.date({ min: new Date('2025-01-01'), max: new Date('2027-06-01'), noInvalidDate: true });
type Units = typeof anyUnits extends fc.Arbitrary<infer U> ? U : never;

/** The same use in the source's words, in which wide counts contain narrow ones. */
function sourceUsage(units: Units): Parameters<typeof calcPrice>[0] {
  const written = units.cacheWriteTokens + units.cacheWrite1hTokens;
  return {
    input_tokens:
      units.inputTokens + units.cachedInputTokens + written + units.audioInputTokens + units.imageInputTokens,
    cache_read_tokens: units.cachedInputTokens,
    cache_write_tokens: written,
    cache_write_1h_tokens: units.cacheWrite1hTokens,
    input_audio_tokens: units.audioInputTokens,
    input_image_tokens: units.imageInputTokens,
    cache_audio_read_tokens: 0,
    cache_image_read_tokens: 0,
    output_tokens: units.outputTokens + units.reasoningTokens + units.audioOutputTokens + units.imageOutputTokens,
    output_reasoning_tokens: units.reasoningTokens,
    output_audio_tokens: units.audioOutputTokens,
    output_image_tokens: units.imageOutputTokens,
    web_searches: units.webSearches,
  };
}

test('every model of every priced provider costs what the source reckons, but exactly', () => {
  const compared = new Set<ModelInfo>();
  fc.assert(
    fc.property(anyUnits, times, (given, at) => {
      for (const { id, model } of models) {
        const units = isHourUntold(model, at) ? { ...given, cacheWrite1hTokens: 0 } : given; // it is compared below
        const usd = oracleCost(model, units, at);
        // an id that an earlier model's match takes is that model's; what has no price for a unit is compared below
        if (usd === null || oracleModel(id, model.id) !== model) continue;
        const own = calcPrice(sourceUsage(units), model.id, { providerId: id, timestamp: at })?.total_price ?? NaN;
        const difference = Math.abs(own - Number(usd)) / Math.max(Number(usd), 1e-12);
        if (!(difference < 1e-9)) throw new Error(`${id}/${model.id}: ${own} is not ${usd}`);
        compared.add(model);
      }
    }),
    { numRuns: TEST_SIZE === 'full' ? 100 : 2, seed: TEST_SEED },
  );
  expect(compared.size).toBeGreaterThan(900);
});

test('where the source leaves out tokens that it has no price for, the oracle gives no cost', () => {
  const embedding = oracleModel('openai', 'text-embedding-3-small');
  if (embedding === null) throw new Error('the source has no text-embedding-3-small');
  const at = new Date('2026-11-01T12:00:00Z');
  expect(
    calcPrice({ input_tokens: 1_000_000, output_tokens: 5 }, embedding.id, { providerId: 'openai' }),
  ).toMatchObject({
    total_price: 0.02,
  });
  expect(oracleCost(embedding, { inputTokens: 1_000_000, outputTokens: 5 }, at)).toBeNull();
});

test('where the source leaves out searches that it has no price for, the oracle says that the cost is not whole', () => {
  const flash = oracleModel('google', 'gemini-2.5-flash');
  if (flash === null) throw new Error('the source has no gemini-2.5-flash');
  const at = new Date('2026-11-01T12:00:00Z');
  expect(oracleBill(flash, { inputTokens: 10, webSearches: 1 }, at)).toEqual({ usd: '0.000003', isWhole: false });
  expect(oracleBill(flash, { inputTokens: 10 }, at)).toEqual({ usd: '0.000003', isWhole: true });
});

test('where the source prices an hour of Claude’s cache like five minutes, the oracle doubles the input’s price', () => {
  const opus = oracleModel('aws', 'global.anthropic.claude-opus-4-5-v1:0');
  if (opus === null) throw new Error('the source has no Claude Opus 4.5 on Bedrock');
  const at = new Date('2026-11-01T12:00:00Z');
  expect(isHourUntold(opus, at)).toBe(true);
  expect(oracleBill(opus, { cacheWrite1hTokens: 1_000, cacheWriteTokens: 1_000 }, at)).toEqual({
    usd: '0.01625',
    isWhole: true,
  });
});

test('rates of a page are multiplied in decimals', () => {
  const rates = { inputTokens: '0.625', cachedInputTokens: '0.0625', outputTokens: '5' };
  expect(oracleCostAt(rates, { inputTokens: 8, cachedInputTokens: 2, outputTokens: 18, reasoningTokens: 64 })).toBe(
    '0.000415125',
  );
  expect(oracleCostAt(rates, { imageInputTokens: 1 })).toBeNull();
  expect(oraclePico('0.000415125')).toBe('415125000');
  expect(oraclePico('0.0000000000001')).toBe('0.1');
});
