/** Answers of Claude that are made of several samplings, of which the totals leave some out. */
import { expect, test } from '@jest/globals';
import { readAnswer, unitsOf } from '../../../support/read-answer.js';

const anthropic = { provider: 'anthropic', path: '/v1/messages' };
const bedrock = { provider: 'aws-bedrock', path: '/bedrock-runtime/us-east-1/model/anthropic.claude-opus-4-8/invoke' };
const answer = (usage: object) => ({ type: 'message', model: 'claude-opus-4-8', content: [], usage });
const totals = { input_tokens: 23_000, output_tokens: 1_000 };
const message = { type: 'message', ...totals };
const compaction = { type: 'compaction', input_tokens: 150_000, output_tokens: 3_500 };

test.each([anthropic, bedrock])('a compaction is billed beside the totals by $provider', (call) => {
  const reading = readAnswer(call, answer({ ...totals, iterations: [compaction, message] }));
  expect(reading).toMatchObject({ usageSource: 'PROVIDER', usageNote: null });
  expect(reading.units).toEqual(unitsOf({ inputTokens: 173_000, outputTokens: 4_500 }));
});

test('a request that does nothing but compact is billed, though its totals are zero', () => {
  const usage = { input_tokens: 0, output_tokens: 0, iterations: [compaction] };
  expect(readAnswer(anthropic, answer(usage)).units).toEqual(unitsOf({ inputTokens: 150_000, outputTokens: 3_500 }));
});

test('iterations that the totals hold are not counted again', () => {
  const usage = { input_tokens: 46_000, output_tokens: 2_000, iterations: [message, message] };
  const reading = readAnswer(anthropic, answer(usage));
  expect(reading).toMatchObject({ usageSource: 'PROVIDER', units: { inputTokens: 46_000, outputTokens: 2_000 } });
});

test.each([
  ['compactions', { ...totals, iterations: [compaction, compaction, message] }],
  ['messages', { input_tokens: 230_000, output_tokens: 1, iterations: Array(10).fill(message) }],
])('%s that are long only together are an estimate, for the price of a long input may be another', (_, usage) => {
  expect(readAnswer(anthropic, answer(usage))).toMatchObject({
    usageSource: 'ESTIMATED',
    usageNote: 'the iterations are priced as one long input',
  });
  const long = { ...totals, input_tokens: 300_000 };
  const alone = readAnswer(anthropic, answer({ ...long, iterations: [{ type: 'message', ...long }] }));
  expect(alone.usageSource).toBe('PROVIDER');
});

test.each([
  ['an adviser', { type: 'advisor_message', model: 'claude-opus-5', input_tokens: 823, output_tokens: 1_612 }],
  ['another model', { type: 'fallback_message', model: 'claude-opus-5', ...totals }],
  ['no kind', { input_tokens: 1, output_tokens: 1 }],
  ['no shape', 'x'],
])('an iteration of %s is named, and not counted', (_, iteration) => {
  expect(readAnswer(anthropic, answer({ ...totals, iterations: [message, iteration] }))).toMatchObject({
    usageSource: 'ESTIMATED',
    usageNote: 'an iteration of another kind, or of another model, is not counted',
    units: { inputTokens: 23_000, outputTokens: 1_000 },
  });
});

test('counts of a compaction that cannot be used are named', () => {
  const iterations = [{ ...compaction, input_tokens: -1, cache_read_input_tokens: 'x' }, message];
  expect(readAnswer(anthropic, answer({ ...totals, iterations }))).toMatchObject({
    usageSource: 'ESTIMATED',
    usageNote: 'input_tokens is not a count; cache_read_input_tokens is not a count',
  });
});
