import { expect, test } from '@jest/globals';
import { attemptSum, withTotalOnce } from '../../../../proxy/usage/attempt-sum.js';
import { CompositeRows } from '../../../../proxy/usage/composite-rows.js';
import { readableRows } from '../../../../proxy/usage/readable-rows.js';
import { RECORD_COLUMNS, writeRecord } from '../../../../proxy/usage/usage-rows.js';
import type { AttemptRecord } from '../../../../schema/contracts/usage-record.js';
import { noUnits } from '../../../../schema/contracts/usage-units.js';
import { EMPTY_RECORD } from '../../../support/empty-record.js';

const attempt = (given: Partial<AttemptRecord>): AttemptRecord => ({
  number: 1,
  step: 0,
  provider: 'openai',
  model: 'gpt',
  statusCode: 200,
  errorCode: null,
  startedAtMs: EMPTY_RECORD.createdAtMs,
  durationMs: 1,
  units: noUnits(),
  usageSource: 'PROVIDER',
  costPico: 0n,
  costStatus: 'PRICED',
  priceVersion: 1,
  priceRule: 'openai/gpt',
  ...given,
});
const nothing = attempt({ usageSource: 'NONE', costStatus: 'NOT_BILLABLE', priceVersion: null, priceRule: null });

test('the sum of one attempt is that attempt', () => {
  const only = attempt({});
  expect(attemptSum([only])).toBe(only);
});

test('a price in total is charged once, for the last attempt that it is for; other prices for each', () => {
  const total = {
    costStatus: 'CUSTOM',
    priceVersion: null,
    priceRule: 'custom total=0.01',
    costPico: 10n ** 10n,
  } as const;
  const other = { ...total, priceRule: 'custom total=0.02', costPico: 2n * 10n ** 10n };
  const perToken = { ...total, priceRule: 'custom in=1.0 out=1.0 cacheRead=1.0 cacheWrite=1.0', costPico: 5n };
  const attempts = [total, other, perToken, perToken, total].map((price, index) =>
    attempt({ ...price, number: index + 1 }),
  );
  const [first, ...rest] = withTotalOnce([...attempts, nothing]);
  expect(first).toEqual({ ...attempts[0], costPico: 0n, priceRule: null });
  expect(rest).toEqual([...attempts.slice(1), nothing]);
  expect(attemptSum([attempt(first ?? {}), ...rest])).toMatchObject({
    costPico: 3n * 10n ** 10n + 10n,
    costStatus: 'CUSTOM',
  });
});

test('units and costs of many attempts are summed, each under its own provider and model', () => {
  const first = attempt({ units: { ...noUnits(), inputTokens: 5, other: { images: 1 } }, costPico: 2n ** 53n });
  const second = attempt({
    number: 2,
    provider: 'anthropic',
    model: 'claude',
    units: { ...noUnits(), inputTokens: 7, outputTokens: 2, other: { images: 2, characters: 3 } },
    costPico: 2n ** 53n + 1n,
    priceRule: 'anthropic/claude',
  });
  const sum = attemptSum([first, nothing, second]);
  expect(sum).toEqual({
    units: { ...noUnits(), inputTokens: 12, outputTokens: 2, other: { images: 3, characters: 3 } },
    usageSource: 'PROVIDER',
    costPico: 2n ** 54n + 1n,
    costStatus: 'PRICED',
    priceVersion: 1,
    priceRule: 'anthropic/claude',
  });

  const rows = new CompositeRows();
  rows.add(RECORD_COLUMNS.length, writeRecord, { ...EMPTY_RECORD, ...sum, attempts: [first, nothing, second] });
  const [row] = readableRows(rows.slice(0, 1, 0), RECORD_COLUMNS);
  expect(row).toMatchObject({ input_tokens: '12', cost_pico: String(2n ** 54n + 1n), attempt_started_after_ms: null });
  expect(JSON.parse(row?.['attempts'] ?? '')).toMatchObject([
    { provider: 'openai', units: { inputTokens: 5 }, otherUnits: { images: 1 }, costPico: String(2n ** 53n) },
    { costStatus: 'NOT_BILLABLE', costPico: '0', units: {} },
    { number: 2, provider: 'anthropic', model: 'claude', costPico: String(2n ** 53n + 1n) },
  ]);
});

test.each([
  [['PRICED', 'PRICED'], 'PRICED'],
  [['NOT_BILLABLE', 'PRICED'], 'PRICED'],
  [['PRICED', 'ESTIMATED'], 'ESTIMATED'],
  [['NOT_BILLABLE', 'CUSTOM'], 'CUSTOM'],
  [['NOT_BILLABLE', 'NOT_BILLABLE'], 'NOT_BILLABLE'],
] as const)('attempts that are %j make a record that is %s', ([one, other], expected) => {
  const sum = attemptSum([attempt({ costStatus: one, costPico: 1n }), attempt({ costStatus: other, costPico: 2n })]);
  expect(sum).toMatchObject({ costStatus: expected, costPico: 3n });
});

test('one attempt of unknown cost, or a sum that no column holds, leaves the whole cost unknown', () => {
  const unknown = { costPico: null, costStatus: 'UNPRICED', priceVersion: null, priceRule: null };
  const unpriced = attempt({ costPico: null, costStatus: 'UNPRICED', priceVersion: null, priceRule: null });
  expect(attemptSum([attempt({ costPico: 5n }), unpriced])).toMatchObject(unknown);
  expect(attemptSum([attempt({ costPico: 2n ** 63n - 1n }), attempt({ costPico: 1n })])).toMatchObject(unknown);
});

test('one estimate makes all of it an estimate, and what was not used at all changes nothing', () => {
  expect(attemptSum([attempt({ usageSource: 'ESTIMATED' }), attempt({})]).usageSource).toBe('ESTIMATED');
  expect(attemptSum([nothing, attempt({})]).usageSource).toBe('PROVIDER');
  expect(attemptSum([nothing, nothing])).toMatchObject({
    usageSource: 'NONE',
    costStatus: 'NOT_BILLABLE',
    costPico: 0n,
  });
});
