import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { customCost, parseCustomCost, type CustomCost } from '../../../../proxy/pricing/custom-cost.js';
import { noUnits, type UsageUnits } from '../../../../schema/contracts/usage-units.js';

function parsed(header: string): CustomCost {
  const result = parseCustomCost(header);
  if ('problem' in result) throw new Error(result.problem);
  return result;
}
const cost = (header: string, units: Partial<UsageUnits>): bigint | null =>
  customCost(parsed(header), { ...noUnits(), ...units }).costPico;

test('a total is the cost, whatever was used', () => {
  expect(cost('{"total_cost":0.03}', { inputTokens: 5 })).toBe(30_000_000_000n);
  expect(customCost(parsed('{"total_cost":1e-7}'), noUnits())).toEqual({
    costPico: 100_000n,
    costStatus: 'CUSTOM',
    priceVersion: null,
    priceRule: 'custom total=0.0000001',
  });
});

test('tokens are summed as decimals, beyond what a binary fraction holds, and rounded once', () => {
  expect(cost('{"per_token_in":0.1,"per_token_out":0.2}', { inputTokens: 1, outputTokens: 1 })).toBe(300_000_000_000n);
  const fine = '{"per_token_in":0.0000000000004,"per_token_out":0}';
  expect(cost(fine, { inputTokens: 1 })).toBe(0n);
  expect(cost(fine, { inputTokens: 3 })).toBe(1n);
  expect(cost('{"per_token_in":12345.678901234567,"per_token_out":0}', { inputTokens: 1 })).toBe(
    12_345_678_901_234_567n,
  );
});

test('cache reads and writes have their own rates, or else the input’s', () => {
  const units = { inputTokens: 200, cachedInputTokens: 600, cacheWriteTokens: 150, cacheWrite1hTokens: 50 };
  const both = '{"per_token_in":1,"per_token_out":0,"per_cache_read_token":0.1,"per_cache_write_token":2}';
  expect(cost(both, units)).toBe((200n + 60n + 400n) * 10n ** 12n);
  expect(cost('{"per_token_in":1,"per_token_out":0,"per_cache_read_token":0.1}', units)).toBe(460n * 10n ** 12n);
  expect(cost('{"per_token_in":1,"per_token_out":0}', units)).toBe(1_000n * 10n ** 12n);
});

test('reasoning and media are charged as the input or output that they are', () => {
  const units = { audioInputTokens: 1, imageInputTokens: 1, reasoningTokens: 1, audioOutputTokens: 1, outputTokens: 1 };
  expect(cost('{"per_token_in":1,"per_token_out":10}', units)).toBe(32n * 10n ** 12n);
});

test.each([
  ['', 'must be a JSON object of numbers'],
  ['null', 'must be a JSON object of numbers'],
  ['{}', 'must be a JSON object of numbers'],
  ['[1]', 'must be a JSON object of numbers'],
  ['{"total_cost":"1"}', 'must be a JSON object of numbers'],
  ['{"total_cost":01}', 'must be a JSON object of numbers'],
  ['{"total_cost":1,}', 'must be a JSON object of numbers'],
  ['{"total_cost":1}x', 'must be a JSON object of numbers'],
  ['{"total_cost":NaN}', 'must be a JSON object of numbers'],
  ['{"total_cost":-1}', 'total_cost is negative'],
  ['{"total_cost":1e308}', 'total_cost is out of range'],
  ['{"total_cost":1000001}', 'total_cost is out of range'],
  ['{"total_cost":1,"total_cost":2}', 'total_cost stands twice'],
  ['{"total_cost":1,"per_token_in":1}', 'total_cost stands alone or not at all'],
  ['{"per_token_in":1}', 'per_token_out is missing'],
  ['{"per_token_out":1}', 'per_token_in is missing'],
  ['{"per_token_inn":1}', 'has no member per_token_inn'],
])('%s is refused: %s', (header, problem) => {
  expect(parseCustomCost(header)).toEqual({ problem });
});

test('no header makes it throw, and what it accepts is never negative', () => {
  const header = fc.oneof(
    fc.string(),
    fc.json(),
    fc.double().map((total) => `{"total_cost":${total}}`),
  );
  fc.assert(
    fc.property(header, (text) => {
      const result = parseCustomCost(text);
      if (!('problem' in result)) expect(customCost(result, noUnits()).costPico).toBeGreaterThanOrEqual(0n);
    }),
  );
});
