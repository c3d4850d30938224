/** Prices of the demo provider, so that the first minute's calls show a cost: 0.15 and 0.60 USD per million tokens. */
import type { ModelPrice } from '../../../schema/contracts/prices.js';

export const DEMO_PRICES: readonly ModelPrice[] = [
  {
    provider: 'demo',
    model: 'demo-small',
    match: { equals: 'demo-small' },
    rules: [{ condition: null, rates: { inputTokens: '150000', cachedInputTokens: '75000', outputTokens: '600000' } }],
  },
];
