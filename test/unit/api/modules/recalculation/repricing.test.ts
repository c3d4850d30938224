import { expect, test } from '@jest/globals';
import { reprice, type PriceNow } from '../../../../../api/modules/recalculation/repricing.js';
import type { PricedAttempt } from '../../../../../api/modules/log/index.js';
import { noUnits } from '../../../../../schema/contracts/usage-units.js';

const attempt = (given: Partial<PricedAttempt>): PricedAttempt => ({
  number: 1,
  provider: 'openai',
  model: 'gpt',
  units: { ...noUnits(), inputTokens: 5 },
  usageSource: 'PROVIDER',
  costPico: 5n,
  costStatus: 'PRICED',
  priceVersion: 1,
  priceRule: 'openai/gpt',
  ...given,
});
const now: PriceNow = ({ provider, model, units, usageSource, serviceTier }) => ({
  costPico: model === 'unknown' ? null : BigInt(units.inputTokens) * 2n,
  costStatus: model === 'unknown' ? 'UNPRICED' : usageSource === 'ESTIMATED' ? 'ESTIMATED' : 'PRICED',
  priceVersion: 2,
  priceRule: `${provider}/${model}${serviceTier === null ? '' : `#tier ${serviceTier}`}`,
});

test('each attempt is priced under its own provider and model, and the record is their sum', () => {
  const attempts = [
    attempt({}),
    attempt({ number: 2, provider: 'anthropic', model: 'claude', usageSource: 'ESTIMATED' }),
  ];
  const { cost, attempts: costs } = reprice(attempts, 0, now);
  expect(cost).toEqual({ costPico: 20n, costStatus: 'ESTIMATED', priceVersion: 2, priceRule: 'anthropic/claude' });
  expect(costs.map(({ number, priceRule }) => [number, priceRule])).toEqual([
    [1, 'openai/gpt'],
    [2, 'anthropic/claude'],
  ]);
});

test('the tier of its time prices it, and an attempt whose cost no list decides keeps it', () => {
  const free = attempt({ number: 2, costPico: 0n, costStatus: 'NOT_BILLABLE', priceRule: null });
  const { cost } = reprice([attempt({ priceRule: 'openai/gpt#tier flex' }), free], 0, now);
  expect(cost).toMatchObject({ costPico: 10n, costStatus: 'PRICED', priceRule: 'openai/gpt#tier flex' });
});

test('a record of which an attempt has no price now, or whose cost no ledger holds, gets none', () => {
  expect(reprice([attempt({}), attempt({ number: 2, model: 'unknown' })], 0, now).cost).toBeNull();
  const huge: PriceNow = (request) => ({ ...now(request), costPico: 2n ** 63n });
  expect(reprice([attempt({})], 0, huge).cost).toBeNull();
});
