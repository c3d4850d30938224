/** Images that a model for text makes: an answer with one is larger than what is held of an answer. */
import { expect, test } from '@jest/globals';
import { readAnswer, SSE, sseText, type ReadExchange } from '../../../support/read-answer.js';

const image = (megabytes: number): string => 'iVBORw0KGgo+/w=='.repeat(megabytes * 65_536);

const responses: ReadExchange = { provider: 'openai', path: '/v1/responses', request: { model: 'gpt-5' } };
const called = (result: string) => ({ type: 'image_generation_call', id: 'ig_1', status: 'completed', result });
const completed = (...results: readonly string[]) => ({
  model: 'gpt-5-2025-08-07',
  object: 'response',
  status: 'completed',
  service_tier: 'flex',
  output: results.map(called),
  usage: { input_tokens: 100, output_tokens: 10, total_tokens: 110 },
});
const made = (images: number) => ({
  usageSource: 'PROVIDER',
  usageNote: null,
  model: 'gpt-5-2025-08-07',
  serviceTier: 'flex',
  units: { inputTokens: 100, outputTokens: 10, other: { images } },
});

test('a response that repeats its images in the last event tells its usage', () => {
  const partial = { type: 'response.image_generation_call.partial_image', partial_image_b64: image(2) };
  const last = { type: 'response.completed', response: completed(image(3), image(2)) };
  expect(readAnswer({ ...responses, headers: SSE }, sseText(partial, last))).toMatchObject(made(2));
});

test('a response in one document tells its usage, however large its image', () => {
  expect(readAnswer(responses, completed(image(9)))).toMatchObject(made(1));
});

const gemini = (method: string): ReadExchange => ({
  provider: 'google-ai-studio',
  path: `/v1beta/models/gemini-3-pro-image:${method}`,
  request: { contents: [{ parts: [{ text: 'a cat' }] }] },
});
const painted = (data: string) => ({
  modelVersion: 'gemini-3-pro-image',
  candidates: [{ content: { parts: [{ inlineData: { mimeType: 'image/png', data } }] }, finishReason: 'STOP' }],
  usageMetadata: {
    promptTokenCount: 3,
    candidatesTokenCount: 1_120,
    candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1_120 }],
  },
});

test.each([
  ['server-sent events', 'streamGenerateContent', sseText(painted(image(2)))],
  ['a streamed array', 'streamGenerateContent', JSON.stringify([painted(image(2)), painted(image(3))])],
  ['a document', 'generateContent', JSON.stringify(painted(image(9)), null, 2)],
])('an image of Gemini leaves its usage readable in %s', (_, method, answer) => {
  const reading = readAnswer(gemini(method), answer);
  expect(reading).toMatchObject({ usageSource: 'PROVIDER', units: { inputTokens: 3, imageOutputTokens: 1_120 } });
});

test('text beside images is estimated by its whole length where no usage is told', () => {
  const text = 'word '.repeat(20_000);
  const { usageMetadata: _, ...rest } = painted(image(2));
  const answer = { ...rest, candidates: [{ content: { parts: [{ text }] } }, ...rest.candidates] };
  expect(readAnswer(gemini('generateContent'), answer).units.outputTokens).toBe(25_000);
});

test('an event that is too large all the same counts with its bytes, up to what an unread answer counts', () => {
  const events = [{ choices: [{ delta: { content: 'x'.repeat(1_100_000) } }] }, { choices: [] }];
  const chat = { provider: 'openai', path: '/v1/chat/completions', request: { model: 'm' } };
  expect(readAnswer({ ...chat, headers: SSE }, sseText(...events))).toMatchObject({
    usageSource: 'ESTIMATED',
    units: { outputTokens: 32_768 },
  });
  const array = [{ candidates: [{ content: { parts: Array(20).fill({ text: 'x'.repeat(100_000) }) } }] }];
  expect(readAnswer(gemini('streamGenerateContent'), array).units.outputTokens).toBe(32_768);
});
