import { expect, test } from '@jest/globals';
import { readTollgateDocument } from '../../../../../api/modules/pricing/tollgate-document.js';
import { ApiError } from '../../../../../api/errors.js';

const MODEL = { provider: 'openai', model: 'gpt-x', rules: [{ usdPerMillion: { inputTokens: '0.15' } }] };
const read = (model: object) => readTollgateDocument({ models: [MODEL, { ...MODEL, ...model }] }, 'input.document');

test('prices, steps, dates, times, tiers and other units are taken over', () => {
  const usdPerMillion = { inputTokens: { base: '1.25', tiers: [{ start: '200000', price: '2.5' }] }, images: '40000' };
  const when = { type: 'start_date', startDate: '2026-12-01' };
  const rules = [
    { condition: null, usdPerMillion },
    { condition: { type: 'time_of_day', startTime: '23:00:00', endTime: '01:00:00' }, usdPerMillion },
    { condition: { type: 'service_tier', tier: 'flex', when }, usdPerMillion },
  ];
  const match = { or: [{ starts_with: 'gpt-x' }, { contains: 'y' }] };
  const rates = {
    inputTokens: { base: '1250000', tiers: [{ start: 200_000, price: '2500000' }] },
    images: '40000000000',
  };
  expect(read({ match, rules }).prices[1]).toEqual({
    provider: 'openai',
    model: 'gpt-x',
    match,
    rules: rules.map(({ condition }) => ({ condition, rates })),
  });
});

test.each([
  ['models.1.provider', { provider: 'Open AI' }],
  ['models.1.model', { model: '' }],
  ['models.1.rules', { rules: [] }],
  ['models.1.rules.0.usdPerMillion', { rules: [{ usdPerMillion: {} }] }],
  ['models.1.rules.0.usdPerMillion.inputTokens', { rules: [{ usdPerMillion: { inputTokens: '-1' } }] }],
  ['models.1.rules.0.usdPerMillion.inputTokens', { rules: [{ usdPerMillion: { inputTokens: '0.0000001' } }] }],
  ['models.1.rules.0.usdPerMillion.outputToken', { rules: [{ usdPerMillion: { outputToken: '1' } }] }],
  ['models.1.rules.0.condition.startDate', { rules: [{ ...MODEL.rules[0], condition: { type: 'start_date', startDate: '2026-02-30' } }] }],
  ['models.1.rules.0.condition.tier', { rules: [{ ...MODEL.rules[0], condition: { type: 'service_tier', tier: 'standard' } }] }],
  ['models.1.match', { match: { regex: '(a+)+$' } }],
  ['models.1', { comment: 'unknown member' }],
])('%s that cannot be used is named', (path, model) => {
  const refusal = expect.objectContaining({ code: 'BAD_USER_INPUT', field: `input.document.${path}` });
  let thrown: unknown = null;
  try {
    read(model);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ApiError);
  expect(thrown).toEqual(refusal);
}); // prettier-ignore
