/** Responses that OpenAI makes in the background: the answer says that it has begun, and a later GET what it used. */
import { expect, test } from '@jest/globals';
import { readAnswer, SSE, sseText, unitsOf } from '../../../support/read-answer.js';

const call = { provider: 'openai', path: '/responses', request: { model: 'gpt', input: 'x'.repeat(8) } };
const stream = { ...call, request: { ...call.request, stream: true }, headers: SSE };
const pending = { object: 'response', model: 'gpt-5', background: true, output: [], usage: null };
const unread = {
  units: unitsOf({ inputTokens: 2, other: { unreadCalls: 1 } }),
  usageSource: 'ESTIMATED',
  usageNote: 'the response is made in the background, and tells its usage to who asks for it later',
  model: 'gpt-5',
};

test.each(['queued', 'in_progress'])('a response that is %s has used what nobody has told yet', (status) => {
  expect(readAnswer(call, { ...pending, status })).toMatchObject(unread);
});

test('a stream that leaves a background response at work has not seen what it uses', () => {
  const events = [
    { type: 'response.created', response: { ...pending, status: 'queued' } },
    { type: 'response.queued', response: { ...pending, status: 'queued' } },
    { type: 'response.in_progress', response: { ...pending, status: 'in_progress' } },
    { type: 'response.output_text.delta', delta: 'x'.repeat(12) },
  ];
  const units = unitsOf({ inputTokens: 2, outputTokens: 3, other: { unreadCalls: 1 } });
  expect(readAnswer({ ...stream, isComplete: false }, sseText(...events))).toMatchObject({ ...unread, units });

  const usage = { input_tokens: 5, output_tokens: 7 };
  const end = { type: 'response.completed', response: { ...pending, status: 'completed', usage } };
  expect(readAnswer(stream, sseText(...events, end))).toMatchObject({
    units: unitsOf({ inputTokens: 5, outputTokens: 7 }),
    usageSource: 'PROVIDER',
  });
});

test('a stream that is cut in the foreground ends its response, and is estimated', () => {
  const response = { ...pending, background: false, status: 'in_progress' };
  const delta = { type: 'response.output_text.delta', delta: 'x'.repeat(12) };
  const text = sseText({ type: 'response.in_progress', response }, delta);
  expect(readAnswer({ ...stream, isComplete: false }, text)).toMatchObject({
    units: unitsOf({ inputTokens: 2, outputTokens: 3 }),
    usageSource: 'ESTIMATED',
  });
});
