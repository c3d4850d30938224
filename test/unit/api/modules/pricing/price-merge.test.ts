import { expect, test } from '@jest/globals';
import { priceDifferences } from '../../../../../api/modules/pricing/price-differences.js';
import { mergedPrices } from '../../../../../api/modules/pricing/price-merge.js';
import type { ModelMatch, ModelPrice } from '../../../../../schema/contracts/prices.js';

const price = (model: string, inputTokens: string, match: ModelMatch = { starts_with: model }): ModelPrice => ({
  provider: 'openai',
  model,
  match,
  rules: [{ condition: null, rates: { inputTokens } }],
});
const candidate = (model: string, inputTokens: string, match: ModelMatch | null = null) => ({
  ...price(model, inputTokens),
  match,
});
const IN_FORCE = [price('b', '2'), price('a', '1')];

test('merged, a model takes the place of the one of its name and keeps what that one matched; a new one goes first', () => {
  expect(mergedPrices(IN_FORCE, [candidate('a', '9'), candidate('a-mini', '3')], 'MERGE')).toEqual([
    price('a-mini', '3', { equals: 'a-mini' }),
    price('b', '2'),
    price('a', '9'),
  ]);
  const match = { contains: 'x' };
  expect(mergedPrices(IN_FORCE, [candidate('a', '9', match)], 'MERGE')[1]).toEqual(price('a', '9', match));
});

test('filling adds only what no model of the list matches', () => {
  const candidates = [candidate('a', '9'), candidate('a-2026', '9'), candidate('c', '3')];
  expect(mergedPrices(IN_FORCE, candidates, 'FILL')).toEqual([...IN_FORCE, price('c', '3', { equals: 'c' })]);
});

test('replacing leaves nothing of the list but what the same names matched', () => {
  expect(mergedPrices(IN_FORCE, [candidate('a', '9')], 'REPLACE')).toEqual([price('a', '9')]);
});

test('the differences tell what came, what went, and from which rate to which', () => {
  const stepped: ModelPrice = {
    ...price('b', '2'),
    rules: [
      { condition: null, rates: { inputTokens: { base: '2', tiers: [{ start: 200_000, price: '4000000' }] } } },
      { condition: { type: 'service_tier', tier: 'flex' }, rates: { inputTokens: '1' } },
    ],
  };
  expect(priceDifferences(IN_FORCE, [stepped, price('c', '1')])).toEqual([
    {
      kind: 'CHANGED',
      provider: 'openai',
      model: 'b',
      rates: [
        { condition: null, unit: 'inputTokens', from: '0.000002', to: '0.000002, 4 above 200000 input tokens' },
        { condition: 'tier flex', unit: 'inputTokens', from: null, to: '0.000001' },
      ],
    },
    { kind: 'ADDED', provider: 'openai', model: 'c', rates: [] },
    { kind: 'REMOVED', provider: 'openai', model: 'a', rates: [] },
  ]);
  expect(priceDifferences(IN_FORCE, IN_FORCE)).toEqual([]);
});
