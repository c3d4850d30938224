import { expect, test } from '@jest/globals';
import { importGenaiPrices, PRICED_PROVIDERS } from '../../../../../api/modules/pricing/genai-prices.js';
import { modelMatchSchema, priceRuleSchema } from '../../../../../schema/contracts/prices.js';

const { prices, ignored, rounded } = importGenaiPrices();
const price = (provider: string, model: string) =>
  prices.find((each) => each.provider === provider && each.model === model);

test('every provider of the table has models, each with a name of its own', () => {
  for (const slug of Object.keys(PRICED_PROVIDERS)) {
    const names = prices.filter(({ provider }) => provider === slug).map(({ model }) => model);
    expect(names.length).toBeGreaterThan(0);
    expect(new Set(names).size).toBe(names.length);
  }
});

test('what is imported has the shape that the proxy reads', () => {
  const read = prices.map(({ match, rules }) => ({
    match: modelMatchSchema.parse(match),
    rules: rules.map((rule) => priceRuleSchema.parse(rule)),
  }));
  expect(read).toEqual(prices.map(({ match, rules }) => ({ match, rules })));
});

test('prices become whole pico-USD per unit, steps and conditions included', () => {
  expect(price('openai', 'gpt-4o')?.rules[0]).toEqual({
    condition: null,
    rates: {
      inputTokens: '2500000',
      cachedInputTokens: '1250000',
      outputTokens: '10000000',
      fileSearches: '2500000000',
      webSearches: '10000000000',
    },
  });
  expect(price('google-ai-studio', 'gemini-2.5-pro')?.rules[0]?.rates['inputTokens']).toEqual({
    base: '1250000',
    tiers: [{ start: 200_000, price: '2500000' }],
  });
  expect(price('openai', 'o3')?.rules[1]?.condition).toEqual({ type: 'start_date', startDate: '2025-06-10' });
  expect(price('deepseek', 'deepseek-chat')?.rules[1]?.condition).toEqual({
    type: 'time_of_day',
    startTime: '00:30:00',
    endTime: '16:30:00',
  });
});

test('models that a provider resells come after its own, under names that do not clash', () => {
  const google = prices.filter(({ provider }) => provider === 'google-ai-studio').map(({ model }) => model);
  expect(google).toContain('anthropic:claude-3-haiku');
  expect(google.indexOf('gemini-2.5-pro')).toBeLessThan(google.indexOf('anthropic:claude-3-haiku'));
});

test('what could not be taken over is named', () => {
  expect(ignored).toContain('mistral/mistral-ocr-latest input_document_kpages');
  // 0.111 USD an hour is no whole number of pico-USD a millisecond
  expect(ignored).toContain('groq/whisper-large-v3 input_audio_hours');
  expect(ignored.join()).not.toContain('openai/whisper-1 input_audio_hours');
  expect(rounded.every((name) => name.startsWith('openrouter/'))).toBe(true);
});
