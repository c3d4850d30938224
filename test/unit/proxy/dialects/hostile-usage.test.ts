import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anthropicMessages } from '../../../../proxy/dialects/anthropic-messages.js';
import type { Dialect, RequestFacts, UsageReading } from '../../../../proxy/dialects/dialect.js';
import { gemini } from '../../../../proxy/dialects/gemini.js';
import { openAiChat } from '../../../../proxy/dialects/openai-chat.js';
import { openAiResponses } from '../../../../proxy/dialects/openai-responses.js';
import {
  noUnits,
  otherUnitsSchema,
  totalTokensIn,
  totalTokensOut,
  USAGE_UNITS,
} from '../../../../schema/contracts/usage-units.js';
import { chunkFrame, eventFrame } from '../../../support/aws-frames.js';
import { EVERY_DIALECT } from '../../../support/every-dialect.js';
import { FRAMES, readAnswer, sseText, type ReadExchange } from '../../../support/read-answer.js';
import { propertyRuns } from '../../../support/test-size.js';

const facts: RequestFacts = { model: 'm', isStreaming: false, systemText: null, serviceTier: null, inputTextBytes: 40 };

function document(dialect: Dialect, body: unknown): UsageReading {
  const reader = dialect.newDocumentReader(facts);
  reader.push(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
  return reader.finish(true);
}
function stream(dialect: Dialect, text: string, complete = true): UsageReading {
  const reader = dialect.newStreamReader(facts);
  reader.push(Buffer.from(text));
  return reader.finish(complete);
}
const chat = (usage: unknown): UsageReading =>
  document(openAiChat, { choices: [{ message: { content: 'twelve bytes' } }], usage });

test.each([
  ['missing', { completion_tokens: 5 }, 'prompt_tokens is missing'],
  ['negative', { prompt_tokens: -1, completion_tokens: 5 }, 'prompt_tokens is not a count'],
  ['a fraction', { prompt_tokens: 1.5, completion_tokens: 5 }, 'prompt_tokens is not a count'],
  ['text', { prompt_tokens: '7', completion_tokens: 5 }, 'prompt_tokens is not a count'],
  ['absurd', { prompt_tokens: 1e308, completion_tokens: 5 }, 'prompt_tokens is not a count'],
  ['above 2^53', { prompt_tokens: 2 ** 60, completion_tokens: 5 }, 'prompt_tokens is not a count'],
])('an input count that is %s is estimated from the request, and named', (_, usage, usageNote) => {
  const reading = chat(usage);
  expect(reading).toMatchObject({ usageSource: 'ESTIMATED', usageNote });
  expect(reading.units).toMatchObject({ inputTokens: 10, outputTokens: 5 });
});

test('details that exceed their total are left out, and the total is kept', () => {
  const usage = { prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 11 } };
  expect(chat(usage)).toMatchObject({ usageSource: 'ESTIMATED', usageNote: 'the details of prompt_tokens exceed it' });
  expect(chat(usage).units).toMatchObject({ inputTokens: 10, cachedInputTokens: 0, outputTokens: 5 });
});

test('a provider that answers a streaming request with a document is read all the same', () => {
  const body = { choices: [{ message: { content: 'x' } }], usage: { prompt_tokens: 3, completion_tokens: 4 } };
  expect(stream(openAiChat, JSON.stringify(body))).toMatchObject({
    usageSource: 'PROVIDER',
    units: { inputTokens: 3, outputTokens: 4 },
  });
});

test('no usage at all is estimated from the text on both sides', () => {
  const reading = chat(null);
  expect(reading).toMatchObject({ usageSource: 'ESTIMATED', units: { inputTokens: 10, outputTokens: 3 } });
});

test('an answer that is an error bills nothing', () => {
  expect(document(openAiChat, { error: { message: 'no' } }).usageSource).toBe('NONE');
  expect(document(anthropicMessages, { type: 'error', error: { type: 'overloaded_error' } }).usageSource).toBe('NONE');
  expect(document(gemini, [{ error: { code: 429 } }]).usageSource).toBe('NONE');
  expect(stream(openAiResponses, 'data: {"type":"error","message":"no"}\n\n').usageSource).toBe('NONE');
});

test('a stream that breaks with an error after its start is billed for what was seen', () => {
  const start = { type: 'message_start', message: { usage: { input_tokens: 100, output_tokens: 1 } } };
  const delta = { type: 'content_block_delta', delta: { type: 'text_delta', text: 'x'.repeat(40) } };
  const error = { type: 'error', error: { type: 'overloaded_error' } };
  const text = [start, delta, error].map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
  const reading = stream(anthropicMessages, text);
  expect(reading).toMatchObject({ usageSource: 'ESTIMATED', units: { inputTokens: 100, outputTokens: 10 } });
});

test('what Anthropic bills beside its list is said, and never priced as if it were not', () => {
  const usage = { input_tokens: 3, output_tokens: 4, service_tier: 'standard' };
  const read = (more: object): UsageReading =>
    document(anthropicMessages, { type: 'message', usage: { ...usage, ...more } });
  expect(read({})).toMatchObject({ usageSource: 'PROVIDER', serviceTier: 'standard' });
  expect(read({ speed: 'fast' }).serviceTier).toBe('fast');
  expect(read({ inference_geo: 'us' })).toMatchObject({
    usageSource: 'ESTIMATED',
    usageNote: 'inference_geo us is priced at the global rate',
    units: { inputTokens: 3, outputTokens: 4 },
  });
});

test('a document above the bound is estimated, with the reason', () => {
  const reader = openAiChat.newDocumentReader(facts);
  for (let i = 0; i < 9; i++) reader.push(Buffer.alloc(1_048_576, 'x'));
  const reading = reader.finish(true);
  expect(reading.usageNote).toBe('the answer was too large to read; estimated from text');
  expect(reading.units).toMatchObject({ inputTokens: 10, outputTokens: 32_768 });
});

test('an event above the bound is skipped, and the usage behind it is marked', () => {
  const usage = '{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}';
  const reading = stream(openAiChat, `data: "${'x'.repeat(1_100_000)}"\n\ndata: ${usage}\n\n`);
  expect(reading).toMatchObject({ usageSource: 'ESTIMATED', units: { inputTokens: 3, outputTokens: 4 } });
});

test('usage is read past the finish reason, with a byte order mark, comments and split data lines', () => {
  const text =
    '\uFEFFdata: {"choices":[{"delta":{},"finish_reason":"stop"}]}\r\n\r\n: ping\r\n\r\n' +
    'event: x\r\ndata: {"choices":[],\r\ndata: "usage":{"prompt_tokens":3,"completion_tokens":4}}\r\n\r\ndata: [DONE]\r\n\r\n';
  expect(stream(openAiChat, text)).toMatchObject({
    usageSource: 'PROVIDER',
    units: { inputTokens: 3, outputTokens: 4 },
  });
});

const COUNTS = fc.constantFrom(-1, 1e308, '5', null, 0.5, 2 ** 60, [7], { value: 7 }, true, 0, 7);
const value = fc.oneof(fc.jsonValue(), fc.integer(), fc.double(), COUNTS);
const keys = fc.constantFrom(
  'prompt_tokens', 'completion_tokens', 'prompt_tokens_details', 'completion_tokens_details', 'cached_tokens',
  'input_tokens', 'output_tokens', 'cache_creation', 'cache_creation_input_tokens', 'ephemeral_1h_input_tokens',
  'promptTokenCount', 'candidatesTokenCount', 'promptTokensDetails', 'cacheTokensDetails', 'thoughtsTokenCount',
  'inputTokens', 'outputTokens', 'cacheReadInputTokens', 'cacheWriteInputTokens', 'cacheDetails', 'billed_units',
  'search_units', 'image_tokens', 'input_token_details', 'output_tokens_details', 'audio_tokens', 'seconds', 'type',
  'iterations', 'citation_tokens', 'num_search_queries', 'reasoning_tokens', 'search_context_size', 'server_tool_use',
  'web_search_requests', 'prompt_audio_seconds', 'num_sources_used', 'inputTokenCount', 'outputTokenCount',
  '__proto__', 'constructor', 'toString',
); // prettier-ignore
const object = (of: fc.Arbitrary<unknown>): fc.Arbitrary<object> =>
  fc.array(fc.tuple(keys, of), { maxLength: 8 }).map((entries) => Object.fromEntries(entries));
const usage = object(fc.oneof(value, object(value)));
const METRICS = 'amazon-bedrock-invocationMetrics';
const event = fc.oneof(
  usage.map((given) => ({ choices: [], usage: given, usageMetadata: given, meta: given, result: { usage: given } })),
  usage.map((given) => ({ type: 'message', usage: given })),
  usage.map((given) => ({ type: 'message_start', message: { usage: given } })),
  usage.map((given) => ({ type: 'message_delta', usage: given })),
  usage.map((given) => ({ type: 'message-end', delta: { usage: given } })),
  usage.map((given) => ({ type: 'message_stop', [METRICS]: given })),
  usage.map((given) => ({ type: 'response.completed', response: { usage: given, output: given } })),
  usage.map((given) => ({
    metadata: given,
    images: given,
    data: [given],
    duration: given,
    audio_duration_secs: 1e308,
  })),
  fc.record({
    type: fc.constantFrom('content_block_delta', 'x.delta'),
    delta: fc.jsonValue(),
    choices: fc.jsonValue(),
  }),
  fc.jsonValue(),
);
const headers = fc.array(
  fc.tuple(
    fc.constantFrom('x-amzn-bedrock-input-token-count', 'x-amzn-bedrock-output-token-count', 'cf-ai-neurons'),
    fc.constantFrom('', '-1', '7', '1e308', '0x7', '7.5', '99999999999999999999', 'NaN', '__proto__'),
  ),
);

test('whatever a provider reports, reading never throws, never overflows, and is exact or says why it is not', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...EVERY_DIALECT),
      fc.array(event),
      headers,
      fc.boolean(),
      (dialect, events, told, complete) => {
        const sse = Buffer.from(sseText(...events));
        const frames = Buffer.concat(events.flatMap((each) => [eventFrame('x', each), chunkFrame(each)]));
        const answers = [
          sse,
          frames,
          Buffer.from(JSON.stringify(events)),
          Buffer.from(JSON.stringify(events[0] ?? '')),
        ];
        for (const answer of answers) {
          for (const newReader of [dialect.newStreamReader, dialect.newDocumentReader]) {
            const reader = newReader(facts, [...FRAMES, ...told.flat()]);
            reader.push(answer);
            expectSound(reader.finish(complete));
          }
        }
      },
    ),
    { ...propertyRuns, numRuns: Math.ceil(propertyRuns.numRuns / 4) }, // each is read by every dialect in four forms
  );
});

function expectSound(reading: UsageReading): void {
  const { units } = reading;
  expect(USAGE_UNITS.filter((unit) => !Number.isSafeInteger(units[unit]) || units[unit] < 0)).toEqual([]);
  if (units.other !== null) {
    expect(otherUnitsSchema.safeParse(units.other).success).toBe(true);
    expect(Object.keys(units.other)).not.toEqual([]);
  }
  expect(reading.usageSource === 'PROVIDER').toBe(reading.usageNote === null);
  if (reading.usageSource === 'NONE') expect(units).toEqual(noUnits());
}

/** An answer of each dialect whose input and output are `count`. */
const REPORTS: Readonly<Record<string, (count: unknown) => [ReadExchange, unknown]>> = {
  'openai-chat': (count) => [
    { provider: 'openai', path: '/chat/completions', request: { messages: ['hello'] } },
    { choices: [{ message: { content: 'hi' } }], usage: { prompt_tokens: count, completion_tokens: count } },
  ],
  'openai-responses': (count) => [
    { provider: 'openai', path: '/responses', request: { input: 'hello' } },
    { output: [{ content: [{ text: 'hi' }] }], usage: { input_tokens: count, output_tokens: count } },
  ],
  'openai-embeddings': (count) => [
    { provider: 'openai', path: '/embeddings', request: { input: 'hello' } },
    { data: [], usage: { prompt_tokens: count } },
  ],
  'openai-images': (count) => [
    { provider: 'openai', path: '/images/generations', request: { prompt: 'hello' } },
    { data: [{}], usage: { input_tokens: count, output_tokens: count, total_tokens: 7 } },
  ],
  'openai-speech': (count) => [
    { provider: 'openai', path: '/audio/speech', request: { input: 'hello', stream_format: 'sse' } },
    sseText({ type: 'speech.audio.done', usage: { input_tokens: count, output_tokens: count } }),
  ],
  'openai-transcription': (count) => [
    { provider: 'openai', path: '/audio/transcriptions', request: {} },
    { text: 'hi', usage: { type: 'tokens', input_tokens: count, output_tokens: count } },
  ],
  'a transcription by time': (count) => [
    { provider: 'openai', path: '/audio/transcriptions', request: {} },
    { text: 'hi', usage: { type: 'duration', seconds: count === 2 ** 60 || count === 1.5 ? -1 : count } },
  ],
  'anthropic-messages': (count) => [
    { provider: 'anthropic', path: '/v1/messages', request: { messages: ['hello'] } },
    { type: 'message', content: [{ text: 'hi' }], usage: { input_tokens: count, output_tokens: count } },
  ],
  gemini: (count) => [
    { provider: 'google-ai-studio', path: '/v1beta/models/g:generateContent', request: { contents: ['hello'] } },
    { candidates: [{ content: { parts: [{ text: 'hi' }] } }], usageMetadata: { promptTokenCount: count } },
  ],
  'bedrock-converse': (count) => [
    { provider: 'aws-bedrock', path: '/model/m/converse', request: { messages: ['hello'] } },
    { output: { message: { content: [{ text: 'hi' }] } }, usage: { inputTokens: count, outputTokens: count } },
  ],
  'bedrock-invoke': (count) => [
    { provider: 'aws-bedrock', path: '/model/m/invoke', request: { prompt: 'hello' } },
    { generation: 'hi', [METRICS]: { inputTokenCount: count, outputTokenCount: count } },
  ],
  cohere: (count) => [
    { provider: 'cohere', path: '/v2/chat', request: { messages: ['hello'] } },
    { message: { content: [{ text: 'hi' }] }, usage: { billed_units: { input_tokens: count, output_tokens: count } } },
  ],
  'workers-ai-run': (count) => [
    { provider: 'workers-ai', path: '/@cf/meta/m', request: { prompt: 'hello' } },
    { result: { response: 'hi', usage: { prompt_tokens: count, completion_tokens: count } } },
  ],
  'deepgram-listen': (count) => [
    { provider: 'deepgram', path: '/v1/listen' },
    { metadata: { duration: count === 2 ** 60 || count === 1.5 ? 'long' : count } },
  ],
};

/** Those with `hello` asked and `hi` answered as text: 2 and 1 tokens by the estimate. */
const WITH_TEXT = new Set([
  'openai-chat',
  'openai-responses',
  'anthropic-messages',
  'bedrock-converse',
  'bedrock-invoke',
  'cohere',
  'workers-ai-run',
]);

const HOSTILE = [undefined, null, -1, 1.5, '7', 1e308, 2 ** 60, [7], { count: 7 }, true];

test.each(Object.keys(REPORTS))('%s: no hostile count is a zero where something was used', (name) => {
  for (const count of HOSTILE) {
    const [exchange, answer] = REPORTS[name]?.(count) ?? [];
    if (exchange === undefined) throw new Error('the name is of the table');
    const { units, usageSource, usageNote } = readAnswer(exchange, answer);
    expect([name, count, usageSource]).toEqual([name, count, 'ESTIMATED']);
    expect(usageNote).not.toBeNull();
    expect(totalTokensIn(units) + totalTokensOut(units) > 0 || units.other !== null).toBe(true);
    if (WITH_TEXT.has(name))
      expect([name, count, totalTokensIn(units), totalTokensOut(units)]).toEqual([name, count, 2, 1]);
  }
  const [exchange, answer] = REPORTS[name]?.(7) ?? [];
  if (exchange !== undefined && name !== 'gemini') expect(readAnswer(exchange, answer).usageSource).toBe('PROVIDER');
});

test('a member named __proto__ is a member like any other', () => {
  const answer = '{"choices":[],"usage":{"__proto__":{"prompt_tokens":5},"completion_tokens":5}}';
  expect(document(openAiChat, answer)).toMatchObject({
    usageNote: 'prompt_tokens is missing',
    units: { inputTokens: 10 },
  });
  expect(noUnits().inputTokens).toBe(0);
});

test('no request body makes its facts throw', () => {
  const paths = fc.constantFrom(
    'v1/chat/completions',
    'models/x:generateContent',
    'model/%/converse',
    'models/:',
    ':',
    '',
  );
  fc.assert(
    fc.property(fc.constantFrom(...EVERY_DIALECT), fc.oneof(event, fc.jsonValue()), paths, (dialect, body, path) => {
      expect(dialect.readRequest(body, path).inputTextBytes).toBeGreaterThanOrEqual(0);
    }),
  );
});
