import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { readExactJson } from '../../../../../api/modules/pricing/exact-json.js';
import { readLitellmDocument } from '../../../../../api/modules/pricing/litellm-document.js';
import type { PriceCandidates } from '../../../../../api/modules/pricing/price-candidate.js';
import { ApiError } from '../../../../../api/errors.js';

const EXCERPT = readFileSync('test/fixtures/prices/litellm-excerpt.json', 'utf8');

function read(text: string): PriceCandidates {
  const json = readExactJson(text);
  if ('problem' in json) throw new Error(json.problem);
  return readLitellmDocument(json.value, 'input.document');
}
const excerpt = read(EXCERPT);
const rulesOf = (name: string) =>
  excerpt.prices.find(({ provider, model }) => `${provider}/${model}` === name)?.rules ?? [];

test('prices by the token become whole pico-USD, each tier a rule of its own', () => {
  expect(rulesOf('openai/gpt-4o')).toEqual([
    { condition: null, rates: { cachedInputTokens: '1250000', inputTokens: '2500000', outputTokens: '10000000' } },
    { condition: { type: 'service_tier', tier: 'batch' }, rates: { inputTokens: '1250000', outputTokens: '5000000' } },
    {
      condition: { type: 'service_tier', tier: 'priority' },
      rates: { cachedInputTokens: '2125000', inputTokens: '4250000', outputTokens: '17000000' },
    },
  ]);
});

test('a price of long contexts is a step of the rate, also where the hour of a cache write stands before it', () => {
  expect(rulesOf('anthropic/claude-sonnet-4-5')[0]?.rates).toMatchObject({
    cacheWrite1hTokens: { base: '6000000', tiers: [{ start: 200_000, price: '12000000' }] },
    inputTokens: { base: '3000000', tiers: [{ start: 200_000, price: '6000000' }] },
  });
  expect(rulesOf('openai/gpt-5.4')[0]?.rates['outputTokens']).toEqual({
    base: '15000000',
    tiers: [{ start: 272_000, price: '22500000' }],
  });
});

test('providers are those of the wire, and models lose the provider before their name', () => {
  const names = excerpt.prices.map(({ provider, model }) => `${provider}/${model}`);
  expect(names).toContain('google-vertex-ai/gemini-2.5-pro');
  expect(names).toContain('grok/grok-4.20-0309-reasoning');
  const entry = { litellm_provider: 'groq', input_cost_per_token: 1e-7 };
  expect(read(JSON.stringify({ 'groq/llama': entry, 'vertex_ai/claude': { ...entry, litellm_provider: 'vertex_ai-anthropic_models' } })).prices)
    .toMatchObject([
      { provider: 'groq', model: 'llama' },
      { provider: 'google-vertex-ai', model: 'claude' },
    ]); // prettier-ignore
});

test('what is not taken over is named: things that we do not count, unknown providers, prices of nothing but zeros', () => {
  expect(excerpt.ignored).toEqual(
    expect.arrayContaining([
      'claude-sonnet-4-5: search_context_cost_per_query',
      'gemini-2.0-flash-exp-image-generation: no price of a token',
    ]),
  );
  const { ignored, rounded } = read(
    '{"a":{"litellm_provider":"nobody","input_cost_per_token":1},"b":{"litellm_provider":"openai","input_cost_per_token":1.0000001e-06}}',
  );
  expect(ignored).toEqual(['a: provider nobody']);
  expect(rounded).toEqual(['b: input_cost_per_token']);
});

test.each([
  ['"cheap"', 'is no price'],
  ['-1e-6', 'is no price'],
  ['{}', 'is no price'],
  ['1e9', 'is beyond any price'],
])('a price of %s names its entry', (price, problem) => {
  const field = 'input.document.gpt.input_cost_per_token';
  const text = `{"gpt":{"litellm_provider":"openai","input_cost_per_token":${price}}}`;
  expect(() => read(text)).toThrow(new ApiError('BAD_USER_INPUT', `${field} ${problem}`, field));
});

test('a provider with the name of what every object has is left out like any that is not ours', () => {
  const entry = { litellm_provider: 'constructor', input_cost_per_token: 1e-6 };
  expect(read(JSON.stringify({ m: entry }))).toMatchObject({ prices: [], ignored: ['m: provider constructor'] });
});
