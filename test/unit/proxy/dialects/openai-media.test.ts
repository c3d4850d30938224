/** Answers in the shapes of OpenAI's OpenAPI file, and of those who copy them (2026-11-27). */
import { expect, test } from '@jest/globals';
import type { UsageReading } from '../../../../proxy/dialects/dialect.js';
import { readAnswer, SSE, sseText, unitsOf, type ReadExchange } from '../../../support/read-answer.js';

const openai = (path: string, request: object): ReadExchange => ({ provider: 'openai', path, request });

test('images are tokens where they are told, and else a number of images of a size and quality', () => {
  const usage = {
    input_tokens: 50,
    output_tokens: 4_160,
    total_tokens: 4_210,
    input_tokens_details: { text_tokens: 10, image_tokens: 40 },
  };
  const call = openai('/images/edits', { model: 'gpt-image-1', prompt: 'x', size: '1536x1024', quality: 'high' });
  const expected = {
    units: unitsOf({ inputTokens: 10, imageInputTokens: 40, imageOutputTokens: 4_160 }),
    usageSource: 'PROVIDER',
    serviceTier: 'default',
  };
  const b64_json = 'A'.repeat(12_000_000);
  expect(readAnswer(call, { created: 1, data: [{ b64_json }], usage })).toMatchObject(expected);
  const stream = sseText(
    { type: 'image_generation.partial_image', b64_json: 'A'.repeat(2_000_000), partial_image_index: 0 },
    { type: 'image_generation.completed', b64_json: 'A'.repeat(2_000_000), usage },
  );
  expect(readAnswer({ ...call, request: { model: 'gpt-image-1', stream: true }, headers: SSE }, stream)).toMatchObject(
    expected,
  );

  const dalle = openai('/images/generations', { model: 'dall-e-3', prompt: 'x' });
  expect(readAnswer(dalle, { created: 1, data: [{ url: 'https://x/1' }] })).toMatchObject({
    units: unitsOf({ other: { images: 1 } }),
    usageSource: 'PROVIDER',
    serviceTier: null,
  });
  const hd = openai('/images/generations', { model: 'dall-e-3', quality: 'hd', size: '1024x1792' });
  expect(readAnswer(hd, { created: 1, data: [{}, {}] })).toMatchObject({
    units: unitsOf({ other: { images: 2 } }),
    serviceTier: 'hd 1024x1792',
  });
  expect(readAnswer({ ...dalle, isComplete: false }, '{"created":1,')).toMatchObject({
    units: unitsOf({ other: { images: 1 } }),
    usageSource: 'ESTIMATED',
  });
});

test('speech is billed by its characters, or by the tokens of its last event', () => {
  const call = openai('/audio/speech', { model: 'tts-1', input: 'Grüße \u{1f600}', voice: 'alloy' });
  expect(readAnswer(call, Buffer.alloc(2_000_000, 7))).toMatchObject({
    units: unitsOf({ other: { characters: 7 } }),
    usageSource: 'PROVIDER',
  });
  const request = { model: 'gpt-4o-mini-tts', input: 'hello', stream_format: 'sse' };
  const done = { type: 'speech.audio.done', usage: { input_tokens: 14, output_tokens: 101, total_tokens: 115 } };
  const stream = { ...openai('/audio/speech', request), headers: SSE };
  expect(readAnswer(stream, sseText({ type: 'speech.audio.delta', audio: 'A'.repeat(1_500_000) }, done))).toMatchObject(
    {
      units: unitsOf({ inputTokens: 14, audioOutputTokens: 101 }),
      usageSource: 'PROVIDER',
    },
  );
  expect(
    readAnswer({ ...stream, isComplete: false }, sseText({ type: 'speech.audio.delta', audio: 'AAAA' })),
  ).toMatchObject({
    units: unitsOf({ other: { characters: 5 } }),
    usageSource: 'ESTIMATED',
  });
});

test('transcriptions tell tokens or a time; what tells neither has no price', () => {
  const call = openai('/audio/transcriptions', { model: 'gpt-4o-transcribe' });
  const tokens = {
    type: 'tokens',
    input_tokens: 14,
    input_token_details: { text_tokens: 2, audio_tokens: 12 },
    output_tokens: 45,
  };
  const expected = {
    units: unitsOf({ inputTokens: 2, audioInputTokens: 12, outputTokens: 45 }),
    usageSource: 'PROVIDER',
  };
  expect(readAnswer(call, { text: 'hello', usage: tokens })).toMatchObject(expected);
  const events = sseText(
    { type: 'transcript.text.delta', delta: 'hel' },
    { type: 'transcript.text.done', text: 'hello', usage: tokens },
  );
  expect(
    readAnswer({ ...call, request: { model: 'gpt-4o-transcribe', stream: 'true' }, headers: SSE }, events),
  ).toMatchObject(expected);
  const heard = { units: unitsOf({ other: { audioMilliseconds: 8_470 } }), usageSource: 'PROVIDER' };
  expect(readAnswer(call, { text: 'hello', usage: { type: 'duration', seconds: 8.47 } })).toMatchObject(heard);
  expect(readAnswer(call, { text: 'hello', duration: 8.47, segments: [] })).toMatchObject(heard);
  expect(readAnswer(call, 'hello')).toMatchObject({ units: { other: { untoldAudio: 1 } }, usageSource: 'ESTIMATED' });
  const mistral = { prompt_audio_seconds: 203, prompt_tokens: 4, completion_tokens: 635, total_tokens: 3_264 };
  expect(
    readAnswer({ ...call, provider: 'mistral', path: '/v1/audio/transcriptions' }, { text: 'x', usage: mistral }),
  ).toMatchObject({
    units: unitsOf({ inputTokens: 4, outputTokens: 635, other: { audioMilliseconds: 203_000 } }),
  });
});

const chat = (provider: string, usage: object): UsageReading =>
  readAnswer({ provider, path: '/v1/chat/completions', request: { model: 'm' } }, { choices: [], usage });

test('what providers bill beside the tokens of a copied usage object is counted', () => {
  const research = {
    prompt_tokens: 33, completion_tokens: 7_163, total_tokens: 7_196, citation_tokens: 20_016, num_search_queries: 30,
    reasoning_tokens: 94_521, search_context_size: 'low',
  }; // prettier-ignore
  expect(chat('perplexity-ai', research)).toMatchObject({
    units: unitsOf({
      inputTokens: 33,
      outputTokens: 7_163,
      reasoningTokens: 94_521,
      webSearches: 30,
      other: { citationTokens: 20_016 },
    }),
    usageSource: 'PROVIDER',
  });
  const plain = { prompt_tokens: 3, completion_tokens: 4 };
  expect(chat('perplexity-ai', { ...plain, search_context_size: 'low' })).toMatchObject({
    usageSource: 'ESTIMATED',
    usageNote: 'search_context_size low is priced as high',
  });
  expect(chat('grok', { ...plain, num_sources_used: 6 }).units.other).toEqual({ searchSources: 6 });
  expect(chat('grok', { ...plain, num_sources_used: 0 }).units.other).toBeNull();
  expect(
    chat('openrouter', { ...plain, cost: 0.1, server_tool_use: { web_search_requests: 2 } }).units.webSearches,
  ).toBe(2);
  expect(chat('mistral', { ...plain, prompt_audio_seconds: 12 }).units.other).toEqual({ audioMilliseconds: 12_000 });
  expect(chat('mistral', { ...plain, prompt_audio_seconds: null }).units.other).toBeNull();
});

test('a stream of responses that ends incomplete or failed tells its usage all the same', () => {
  for (const type of ['response.completed', 'response.incomplete', 'response.failed']) {
    const response = { model: 'gpt', usage: { input_tokens: 3, output_tokens: 4 }, output: [] };
    const call = { ...openai('/responses', { model: 'gpt', stream: true }), headers: SSE };
    expect(readAnswer(call, sseText({ type, response }))).toMatchObject({
      units: unitsOf({ inputTokens: 3, outputTokens: 4 }),
      usageSource: 'PROVIDER',
    });
  }
});

test('tools of a response that are billed by the call are counted beside its tokens', () => {
  const output = [{ type: 'file_search_call' }, { type: 'file_search_call' }, { type: 'image_generation_call' }];
  const answer = { model: 'gpt', output, usage: { input_tokens: 3, output_tokens: 4 } };
  expect(readAnswer(openai('/responses', { model: 'gpt' }), answer).units.other).toEqual({
    fileSearches: 2,
    images: 1,
  });
});

test('before Gemini 3 a prompt that searches is billed once', () => {
  const answer = {
    usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 4 },
    candidates: [{ finishReason: 'STOP', groundingMetadata: { webSearchQueries: ['a', 'b'] } }],
  };
  const searches = (name: string): number =>
    readAnswer({ provider: 'google-ai-studio', path: `/v1beta/models/${name}:generateContent` }, answer).units
      .webSearches;
  expect([searches('gemini-2.5-flash'), searches('gemini-3-pro-preview')]).toEqual([1, 2]);
});
