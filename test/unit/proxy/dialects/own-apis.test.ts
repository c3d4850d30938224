/** Answers in the shapes of Cohere's OpenAPI file, Workers AI's model pages, Deepgram's API reference (2026-11-27). */
import { expect, test } from '@jest/globals';
import { falImages } from '../../../../proxy/dialects/native-media.js';
import { readAnswer, SSE, sseText, unitsOf, type ReadExchange } from '../../../support/read-answer.js';

const cohereCall = (path: string, request: object = {}): ReadExchange => ({
  provider: 'cohere',
  path,
  request: { model: 'command-a-03-2025', messages: [{ role: 'user', content: 'x'.repeat(8) }], ...request },
});

test("a null in the last counts of Anthropic's streams takes away none that stand before it", () => {
  const split = { ephemeral_5m_input_tokens: 30, ephemeral_1h_input_tokens: 70 };
  const known = { cache_read_input_tokens: 500, cache_creation_input_tokens: 100, cache_creation: split };
  const start = { type: 'message_start', message: { usage: { input_tokens: 9, output_tokens: 1, ...known } } };
  const untold = { input_tokens: null, cache_read_input_tokens: null, cache_creation_input_tokens: null };
  const usage = { ...untold, cache_creation: null, server_tool_use: null, output_tokens: 12 };
  const call = { provider: 'anthropic', path: '/v1/messages', request: { stream: true } };
  expect(readAnswer(call, sseText(start, { type: 'message_delta', delta: {}, usage }))).toMatchObject({
    units: unitsOf({
      inputTokens: 9,
      cachedInputTokens: 500,
      cacheWriteTokens: 30,
      cacheWrite1hTokens: 70,
      outputTokens: 12,
    }),
    usageSource: 'PROVIDER',
  });
});

test('Cohere is billed by its billed units, and not by the tokens beside them', () => {
  const usage = {
    billed_units: { input_tokens: 5, output_tokens: 418 },
    tokens: { input_tokens: 71, output_tokens: 420 },
  };
  const expected = { units: unitsOf({ inputTokens: 5, outputTokens: 418 }), usageSource: 'PROVIDER' };
  expect(readAnswer(cohereCall('/v2/chat'), { message: { content: [] }, usage })).toMatchObject(expected);
  expect(readAnswer(cohereCall('/v1/chat'), { text: 'hi', meta: usage })).toMatchObject(expected);
  const v2 = sseText(
    { type: 'content-delta', index: 0, delta: { message: { content: { text: 'hi' } } } },
    { type: 'message-end', delta: { finish_reason: 'COMPLETE', usage } },
  );
  expect(readAnswer({ ...cohereCall('/v2/chat', { stream: true }), headers: SSE }, v2)).toMatchObject(expected);
  const v1 = [
    { event_type: 'text-generation', text: 'hi' },
    { event_type: 'stream-end', response: { text: 'hi', meta: usage } },
  ];
  const lines = v1.map((event) => `${JSON.stringify(event)}\n`).join('');
  expect(readAnswer(cohereCall('/v1/chat', { stream: true }), lines)).toMatchObject(expected);
});

test('searches, classifications and images of Cohere are units of their own', () => {
  const rerank = cohereCall('/v2/rerank', { messages: undefined, query: 'q', documents: ['a'] });
  expect(readAnswer(rerank, { results: [], meta: { billed_units: { search_units: 2 } } })).toMatchObject({
    units: unitsOf({ other: { searchUnits: 2 } }),
    usageSource: 'PROVIDER',
  });
  expect(
    readAnswer(cohereCall('/v1/classify'), { classifications: [], meta: { billed_units: { classifications: 3 } } }),
  ).toMatchObject({
    units: unitsOf({ other: { classifications: 3 } }),
  });
  const embed = {
    embeddings: { float: [[0.1]] },
    meta: { billed_units: { input_tokens: 2, image_tokens: 40, images: 1 } },
  };
  expect(readAnswer(cohereCall('/v2/embed'), embed)).toMatchObject({
    units: unitsOf({ inputTokens: 2, imageInputTokens: 40, other: { images: 1 } }),
    usageSource: 'PROVIDER',
  });
});

test('a Cohere stream that is cut is estimated from its text', () => {
  const said = sseText({ type: 'content-delta', delta: { message: { content: { text: 'x'.repeat(12) } } } });
  const call = { ...cohereCall('/v2/chat', { stream: true }), headers: SSE, isComplete: false };
  expect(readAnswer(call, said)).toMatchObject({
    units: unitsOf({ inputTokens: 2, outputTokens: 3 }),
    usageSource: 'ESTIMATED',
  });
});

const run = (request: object = {}): ReadExchange => ({
  provider: 'workers-ai',
  path: '/@cf/meta/llama-3.1-8b-instruct',
  request: { prompt: 'x'.repeat(20), ...request },
});

test('Workers AI tells tokens in the result, or in the last event of a stream', () => {
  const usage = { prompt_tokens: 20, completion_tokens: 7, total_tokens: 27 };
  const expected = {
    units: unitsOf({ inputTokens: 20, outputTokens: 7 }),
    usageSource: 'PROVIDER',
    model: '@cf/meta/llama-3.1-8b-instruct',
  };
  expect(
    readAnswer(run(), { result: { response: 'Hi', usage }, success: true, errors: [], messages: [] }),
  ).toMatchObject(expected);
  const events = `${sseText({ response: 'H', p: 'ab' }, { response: 'i' }, { response: '', usage })}data: [DONE]\n\n`;
  expect(readAnswer({ ...run({ stream: true }), headers: SSE }, events)).toMatchObject(expected);
  const cut = readAnswer(
    { ...run({ stream: true }), headers: SSE, isComplete: false },
    sseText({ response: 'x'.repeat(12) }),
  );
  expect(cut).toMatchObject({ units: unitsOf({ inputTokens: 5, outputTokens: 3 }), usageSource: 'ESTIMATED' });
});

test('a Workers AI model that tells no tokens is estimated from text, or counted in neurons where it tells those', () => {
  expect(
    readAnswer(run({ text: ['x'.repeat(20)], prompt: '' }), { result: { shape: [1, 2], data: [[0.1, 0.2]] } }),
  ).toMatchObject({
    units: unitsOf({ inputTokens: 5 }),
    usageSource: 'ESTIMATED',
  });
  const image = { result: { image: 'A'.repeat(9_000_000) }, success: true };
  expect(readAnswer({ ...run(), headers: ['cf-ai-neurons', '4.8001'] }, image)).toMatchObject({
    units: unitsOf({ other: { milliNeurons: 4_801 } }),
    usageSource: 'PROVIDER',
  });
  expect(readAnswer(run(), { success: false, errors: [{ code: 3040 }], result: null }).usageSource).toBe('NONE');
});

test('sound and images by their own APIs are counted in what their providers bill', () => {
  const other = (exchange: ReadExchange, answer: unknown): unknown => readAnswer(exchange, answer).units.other;
  const voice = { provider: 'elevenlabs', path: '/v1/text-to-speech/voice', request: { text: 'hello', model_id: 'm' } };
  expect(other(voice, Buffer.alloc(99))).toEqual({ characters: 5 });
  const tts = { provider: 'cartesia', path: '/tts/bytes', request: { transcript: 'hello!', model_id: 'sonic-2' } };
  expect(other(tts, Buffer.alloc(99))).toEqual({ characters: 6 });
  const heard = {
    metadata: { duration: 25.933313, channels: 2, models: ['u'], model_info: { u: { name: 'general-nova-3' } } },
  };
  const listen = readAnswer({ provider: 'deepgram', path: '/v1/listen' }, heard);
  expect(listen).toMatchObject({ units: { other: { audioMilliseconds: 51_866 } }, model: 'general-nova-3' });
  expect(other({ provider: 'fal', path: '/fal-ai/flux/dev' }, { images: [{}, {}] })).toEqual({ images: 2 });
  expect(other({ provider: 'ideogram', path: '/v1/ideogram-v3/generate' }, { data: [{}] })).toEqual({ images: 1 });
  expect(readAnswer({ provider: 'fal', path: '/fal-ai/x' }, { request_id: 'r' })).toMatchObject({
    units: { other: { unreadCalls: 1 } },
    usageSource: 'ESTIMATED',
  });
});

test('a stream of images that was looked at on its way reads as one that was not', () => {
  const reader = falImages.newStreamReader(falImages.readRequest({}, 'fal-ai/x'), SSE);
  for (const url of ['a', 'b']) {
    reader.push(Buffer.from(sseText({ images: [{ url }] })));
    expect(reader.soFar()).toMatchObject({ usageSource: 'ESTIMATED', usageNote: 'the answer was cut' });
  }
  expect(reader.finish(true)).toMatchObject({
    units: unitsOf({ other: { images: 1 } }),
    usageSource: 'PROVIDER',
    usageNote: null,
  });
});
