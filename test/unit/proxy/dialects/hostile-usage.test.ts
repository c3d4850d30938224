import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anthropicMessages } from '../../../../proxy/dialects/anthropic-messages.js';
import type { Dialect, RequestFacts, UsageReading } from '../../../../proxy/dialects/dialect.js';
import { gemini } from '../../../../proxy/dialects/gemini.js';
import { geminiEmbeddings } from '../../../../proxy/dialects/gemini-embeddings.js';
import { openAiChat } from '../../../../proxy/dialects/openai-chat.js';
import { openAiEmbeddings } from '../../../../proxy/dialects/openai-embeddings.js';
import { openAiResponses } from '../../../../proxy/dialects/openai-responses.js';
import { USAGE_UNITS } from '../../../../schema/contracts/usage-units.js';

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

const value = fc.oneof(fc.jsonValue(), fc.integer(), fc.double(), fc.constantFrom(-1, 1e308, '5', null, 0.5, 2 ** 60));
const keys = fc.constantFrom(
  'prompt_tokens', 'completion_tokens', 'prompt_tokens_details', 'completion_tokens_details', 'cached_tokens',
  'input_tokens', 'output_tokens', 'cache_creation', 'cache_creation_input_tokens', 'ephemeral_1h_input_tokens',
  'promptTokenCount', 'candidatesTokenCount', 'promptTokensDetails', 'cacheTokensDetails', 'thoughtsTokenCount',
); // prettier-ignore
const usage = fc.dictionary(keys, fc.oneof(value, fc.dictionary(keys, value)));
const event = fc.oneof(
  usage.map((given) => ({ choices: [], usage: given, usageMetadata: given })),
  usage.map((given) => ({ type: 'message', usage: given })),
  usage.map((given) => ({ type: 'message_start', message: { usage: given } })),
  usage.map((given) => ({ type: 'message_delta', usage: given })),
  usage.map((given) => ({ type: 'response.completed', response: { usage: given, output: given } })),
  fc.record({
    type: fc.constantFrom('content_block_delta', 'x.delta'),
    delta: fc.jsonValue(),
    choices: fc.jsonValue(),
  }),
  fc.jsonValue(),
);
const dialects = [openAiChat, openAiResponses, openAiEmbeddings, anthropicMessages, gemini, geminiEmbeddings];

test('whatever a provider reports, reading never throws, never overflows, and is exact or says why it is not', () => {
  fc.assert(
    fc.property(fc.constantFrom(...dialects), fc.array(event), fc.boolean(), (dialect, events, complete) => {
      const sse = events.map((each) => `data: ${JSON.stringify(each)}\n\n`).join('');
      for (const reading of [
        stream(dialect, sse, complete),
        document(dialect, events),
        document(dialect, events[0] ?? ''),
      ]) {
        for (const unit of USAGE_UNITS)
          expect(Number.isSafeInteger(reading.units[unit]) && reading.units[unit] >= 0).toBe(true);
        expect(reading.usageSource === 'PROVIDER').toBe(reading.usageNote === null);
      }
    }),
    { numRuns: 500 },
  );
});

test('no request body makes its facts throw', () => {
  const paths = fc.constantFrom('v1/chat/completions', 'models/x:generateContent', 'models/:', ':', '');
  fc.assert(
    fc.property(fc.constantFrom(...dialects), fc.oneof(event, fc.jsonValue()), paths, (dialect, body, path) => {
      expect(dialect.readRequest(body, path).inputTextBytes).toBeGreaterThanOrEqual(0);
    }),
  );
});
