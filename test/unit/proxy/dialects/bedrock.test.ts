/** Answers in the shapes of the Bedrock API Reference (2026-11-27). */
import { expect, test } from '@jest/globals';
import { chunkFrame, eventFrame, exceptionFrame } from '../../../support/aws-frames.js';
import { FRAMES, readAnswer, unitsOf, type ReadExchange } from '../../../support/read-answer.js';

const model = (name: string, call: string): ReadExchange => ({
  provider: 'aws-bedrock',
  path: `/bedrock-runtime/us-east-1/model/${name}/${call}`,
  request: { messages: [{ role: 'user', content: [{ text: 'x'.repeat(40) }] }] },
});

test('Converse tells cached input beside the fresh, and one-hour writes apart', () => {
  const usage = {
    inputTokens: 18,
    outputTokens: 386,
    totalTokens: 7_906,
    cacheReadInputTokens: 100,
    cacheWriteInputTokens: 7_502,
    cacheDetails: [
      { inputTokens: 7_000, ttl: '5m' },
      { inputTokens: 502, ttl: '1h' },
    ],
    serverToolUsage: {},
  };
  const answer = {
    output: { message: { role: 'assistant', content: [{ text: 'Hi' }] } },
    stopReason: 'end_turn',
    usage,
  };
  expect(readAnswer(model('us.amazon.nova-lite-v1%3A0', 'converse'), answer)).toEqual({
    units: unitsOf({
      inputTokens: 18,
      outputTokens: 386,
      cachedInputTokens: 100,
      cacheWriteTokens: 7_000,
      cacheWrite1hTokens: 502,
    }),
    usageSource: 'PROVIDER',
    usageNote: null,
    model: 'us.amazon.nova-lite-v1:0',
    serviceTier: null,
  });
});

test('a tier, optimised latency and a routed model of Converse are told', () => {
  const usage = { inputTokens: 1, outputTokens: 2, totalTokens: 3 };
  const call = model('m', 'converse');
  expect(readAnswer(call, { usage, serviceTier: { type: 'priority' } }).serviceTier).toBe('priority');
  expect(readAnswer(call, { usage, performanceConfig: { latency: 'optimized' } }).serviceTier).toBe('optimized');
  const invokedModelId = 'arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-pro-v1:0';
  expect(readAnswer(call, { usage, trace: { promptRouter: { invokedModelId } } }).model).toBe(
    'us.amazon.nova-pro-v1:0',
  );
});

const text = (value: string): Buffer =>
  eventFrame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: value } });
const stop = eventFrame('messageStop', { stopReason: 'end_turn' });
const metadata = eventFrame('metadata', {
  usage: { inputTokens: 8, outputTokens: 2, totalTokens: 10, cacheReadInputTokens: 4 },
  metrics: { latencyMs: 120 },
});

test('ConverseStream tells its usage in its last frame', () => {
  const call = { ...model('amazon.nova-lite-v1:0', 'converse-stream'), headers: FRAMES };
  expect(readAnswer(call, Buffer.concat([text('Hello'), stop, metadata]))).toMatchObject({
    units: unitsOf({ inputTokens: 8, outputTokens: 2, cachedInputTokens: 4 }),
    usageSource: 'PROVIDER',
    model: 'amazon.nova-lite-v1:0',
  });
});

test('frames that are cut, damaged or an exception are an estimate with its reason, or nothing billed', () => {
  const call = { ...model('m', 'converse-stream'), headers: FRAMES };
  const said = text('x'.repeat(20));
  const whole = Buffer.concat([said, stop, metadata]);
  const cut = readAnswer({ ...call, isComplete: false }, whole.subarray(0, whole.length - 5));
  expect(cut).toMatchObject({
    units: unitsOf({ inputTokens: 10, outputTokens: 5 }),
    usageSource: 'ESTIMATED',
    usageNote: 'the answer was cut before its usage; estimated from text',
  });
  // a connection that closes well inside a frame has cut it all the same
  expect(readAnswer(call, whole.subarray(0, whole.length - 5))).toEqual(cut);
  expect(readAnswer(call, Buffer.from('{"not":"frames"}'))).toMatchObject({
    usageSource: 'ESTIMATED',
    usageNote: 'the answer was damaged; estimated from text',
  });
  const damaged = Buffer.concat([said, stop, metadata]);
  damaged[said.length - 6] = 0;
  expect(readAnswer(call, damaged)).toMatchObject({
    units: unitsOf({ inputTokens: 8, outputTokens: 2, cachedInputTokens: 4 }),
    usageSource: 'ESTIMATED',
    usageNote: 'a part of the answer was damaged',
  });
  expect(readAnswer(call, exceptionFrame('validationException', 'no')).usageSource).toBe('NONE');
  expect(readAnswer(call, Buffer.concat([said, exceptionFrame('modelStreamErrorException', 'no')]))).toMatchObject({
    units: { inputTokens: 10, outputTokens: 5 },
    usageSource: 'ESTIMATED',
  });
});

const claude = (call: string): ReadExchange => ({
  ...model('us.anthropic.claude-sonnet-4-5-20250929-v1%3A0', call),
  headers: FRAMES,
});
const start = { type: 'message_start', message: { model: 'claude', usage: { input_tokens: 9, output_tokens: 1 } } };
const metrics = { inputTokenCount: 9, outputTokenCount: 12, invocationLatency: 500, firstByteLatency: 90 };

test("Claude's own events inside frames are read as Anthropic's, Bedrock's count standing in where they have none", () => {
  const delta = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 12 } };
  const end = { type: 'message_stop', 'amazon-bedrock-invocationMetrics': metrics };
  const expected = { units: unitsOf({ inputTokens: 9, outputTokens: 12 }), usageSource: 'PROVIDER' };
  const name = { model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0' };
  const call = claude('invoke-with-response-stream');
  expect(readAnswer(call, Buffer.concat([start, delta, end].map(chunkFrame)))).toMatchObject({ ...expected, ...name });
  expect(readAnswer(call, Buffer.concat([start, end].map(chunkFrame)))).toMatchObject({ ...expected, ...name });
});

test('other models are counted by Bedrock: in headers of a document, in the last frame of a stream', () => {
  const headers = ['x-amzn-bedrock-input-token-count', '11', 'X-Amzn-Bedrock-Output-Token-Count', '5'];
  const llama = model('meta.llama3-1-8b-instruct-v1:0', 'invoke');
  expect(readAnswer({ ...llama, headers }, { generation: 'hello' })).toMatchObject({
    units: unitsOf({ inputTokens: 11, outputTokens: 5 }),
    usageSource: 'PROVIDER',
    model: 'meta.llama3-1-8b-instruct-v1:0',
  });
  const stream = { ...model('meta.llama3-1-8b-instruct-v1:0', 'invoke-with-response-stream'), headers: FRAMES };
  const events = [{ generation: 'hel' }, { generation: 'lo', 'amazon-bedrock-invocationMetrics': metrics }];
  expect(readAnswer(stream, Buffer.concat(events.map(chunkFrame)))).toMatchObject({
    units: unitsOf({ inputTokens: 9, outputTokens: 12 }),
    usageSource: 'PROVIDER',
  });
  expect(readAnswer(stream, exceptionFrame('throttlingException', 'no')).usageSource).toBe('NONE');
  expect(
    readAnswer({ ...llama, headers: ['x-amzn-bedrock-input-token-count', '-3'] }, { generation: 'hello' }),
  ).toMatchObject({
    units: { inputTokens: 10, outputTokens: 2 },
    usageSource: 'ESTIMATED',
    usageNote: 'inputTokenCount is not a count; outputTokenCount is missing',
  });
  expect(readAnswer(llama, { generation: 'x'.repeat(8) })).toMatchObject({
    units: { inputTokens: 10, outputTokens: 2 },
    usageSource: 'ESTIMATED',
  });
  expect(readAnswer(model('amazon.nova-canvas-v1:0', 'invoke'), { images: ['A'.repeat(9_000_000)] })).toMatchObject({
    units: unitsOf({ other: { images: 1 } }),
    usageSource: 'PROVIDER',
  });
});
