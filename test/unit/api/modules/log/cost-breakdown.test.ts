import { expect, test } from '@jest/globals';
import type { AppliedRules } from '../../../../../api/modules/log/applied-rules.js';
import { costBreakdown } from '../../../../../api/modules/log/cost-breakdown.js';
import type { PricedRow } from '../../../../../api/modules/log/stored-attempts.js';
import { compileRule } from '../../../../../schema/contracts/pricing/compiled-rule.js';

const RULE = compileRule('openai/gpt', { condition: null, rates: { inputTokens: '2', outputTokens: '3' } });
const rules: AppliedRules = ({ priceVersion, priceRule }) =>
  priceVersion === 7 && priceRule === 'openai/gpt' ? RULE : null;

const row = (given: Partial<PricedRow> = {}): PricedRow => ({
  id: 'id',
  day: '2026-01-01',
  created_at: new Date(0),
  provider: 'openai',
  model: 'gpt',
  usage_source: 'PROVIDER',
  cost_pico: '26',
  cost_status: 'PRICED',
  price_version: 7,
  price_rule: 'openai/gpt',
  attempts: null,
  units: { inputTokens: 10, outputTokens: 2 },
  other_units: null,
  ...given,
});
const attempt = (number: number, given: object = {}) => ({
  number,
  step: 0,
  provider: 'openai',
  model: 'gpt',
  statusCode: 200,
  errorCode: null,
  startedAtMs: 0,
  durationMs: 1,
  units: { inputTokens: 10 },
  usageSource: 'PROVIDER',
  costPico: '20',
  costStatus: 'PRICED',
  priceVersion: 7,
  priceRule: 'openai/gpt',
  ...given,
});

test('attempts are explained one by one, and together where they paid the same', () => {
  const free = attempt(3, { costPico: '0', costStatus: 'NOT_BILLABLE', priceVersion: null, priceRule: null });
  const attempts = [attempt(1), attempt(2, { units: { inputTokens: 1, outputTokens: 1 }, costPico: '5' }), free];
  const { lines, attempts: costs, totalUsd } = costBreakdown(row({ cost_pico: '25', attempts }), [], rules);
  expect(lines).toEqual([
    { unit: 'inputTokens', quantity: 11n, rateUsd: '0.000000000002', amountUsd: '0.000000000022' },
    { unit: 'outputTokens', quantity: 1n, rateUsd: '0.000000000003', amountUsd: '0.000000000003' },
  ]);
  expect(costs.map(({ number, costUsd, lines: own, note }) => [number, costUsd, own.length, note])).toEqual([
    [1, '0.00000000002', 1, null],
    [2, '0.000000000005', 2, null],
    [3, '0', 0, 'nothing that a provider bills'],
  ]);
  expect(totalUsd).toBe('0.000000000025');
});

test.each([
  ['CACHED', '0', null, 'answered from the cache: nothing was billed'],
  ['UNPRICED', null, null, 'no price is known for this use of the model'],
  ['UNPRICED', null, '#tier priority', 'no price is known for service tier priority'],
  ['PRICED', '26', 'openai/gone', 'the price that made this cost is not stored here'],
  ['CUSTOM', '26', 'custom', 'the price that made this cost is not stored here'],
] as const)('%s costs %s by %s: it says why there are no lines', (cost_status, cost_pico, price_rule, note) => {
  const explained = costBreakdown(row({ cost_status, cost_pico, price_rule }), [], rules);
  expect([explained.lines, explained.attempts[0]?.note]).toEqual([[], note]);
});

test('other units that a rule prices have lines of their own', () => {
  const withImages = compileRule('openai/gpt', { condition: null, rates: { inputTokens: '2', images: '5' } });
  const { lines } = costBreakdown(
    row({ units: {}, other_units: { images: 3 }, cost_pico: '15' }),
    [],
    () => withImages,
  );
  expect(lines).toMatchObject([{ unit: 'images', quantity: 3n, amountUsd: '0.000000000015' }]);
});

test('the total is what was recorded and what was adjusted since', () => {
  const adjustment = {
    id: 'a',
    adjusts: 'id',
    received_at: new Date(1),
    cost_pico: '-6',
    cost_status: 'ESTIMATED',
    price_version: 8,
    price_rule: 'openai/gpt#from 2026-01-01',
  } as const;
  const { recordedUsd, totalUsd, adjustments } = costBreakdown(row(), [adjustment], rules);
  expect([recordedUsd, totalUsd]).toEqual(['0.000000000026', '0.00000000002']);
  expect(adjustments).toEqual([
    {
      id: 'a',
      createdAt: new Date(1),
      amountUsd: '-0.000000000006',
      costStatus: 'ESTIMATED',
      price: { version: 8, rule: 'openai/gpt', condition: 'from 2026-01-01' },
    },
  ]);
});
