import * as zlib from 'node:zlib';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Dialect, RequestFacts, UsageReading } from '../../../../proxy/dialects/dialect.js';
import type { UpstreamCall } from '../../../../proxy/exchange.js';
import { meter } from '../../../../proxy/stages/meter.js';
import { awsEventFrames } from '../../../support/aws-fixtures.js';
import { chunkFrame } from '../../../support/aws-frames.js';
import { EVERY_DIALECT } from '../../../support/every-dialect.js';
import { FRAMES, SSE, sseText } from '../../../support/read-answer.js';
import { TEST_SIZE, propertyRuns } from '../../../support/test-size.js';
import { usageFixtures } from '../../../support/usage-fixtures.js';
import { zstdFrame } from '../../../support/zstd-frame.js';

const PROPERTY_TIMEOUT_MS = 60_000;

interface Answer {
  readonly name: string;
  readonly dialect: Dialect;
  readonly facts: RequestFacts;
  readonly headers: readonly string[];
  readonly bytes: Buffer;
}

/** Dialects that share a name read the same. */
const byName = new Map(EVERY_DIALECT.toReversed().map((dialect) => [dialect.name, dialect]));

function dialectNamed(name: string): Dialect {
  const dialect = byName.get(name);
  if (dialect === undefined) throw new Error(`no dialect is called ${name}`);
  return dialect;
}
const factsOf = (isStreaming: boolean, inputTextBytes = 40): RequestFacts => ({
  model: 'm',
  isStreaming,
  systemText: null,
  serviceTier: null,
  inputTextBytes,
  otherUnits: { characters: 40 },
});
const stream = (name: string, bytes: Buffer | string, headers: readonly string[] = SSE): Answer => ({
  name: `${name} stream`,
  dialect: dialectNamed(name),
  facts: factsOf(true),
  headers,
  bytes: Buffer.from(bytes),
});

const corpus = usageFixtures()
  .filter(({ dialect }) => byName.has(dialect))
  .map(({ name, dialect, isStream, answer, expected }): Answer => {
    const facts = factsOf(isStream, expected.inputTextBytes);
    return { name, dialect: dialectNamed(dialect), facts, headers: SSE, bytes: answer };
  });
const usage = { input_tokens: 3, output_tokens: 4, input_tokens_details: { image_tokens: 1 } };
const claude = EVERY_DIALECT.find(
  (dialect) => dialect.name === 'anthropic-messages' && dialect !== byName.get(dialect.name),
);
const messages = [
  { type: 'message_start', message: { usage: { input_tokens: 9, output_tokens: 1 } } },
  { type: 'content_block_delta', delta: { type: 'text_delta', text: 'Grüße' } },
  { type: 'message_delta', usage: { output_tokens: 12 } },
];
const ANSWERS: readonly Answer[] = [
  ...corpus,
  stream('bedrock-converse', Buffer.concat(awsEventFrames()), FRAMES),
  stream('bedrock-invoke', Buffer.concat(messages.map(chunkFrame)), FRAMES),
  ...(claude === undefined
    ? []
    : [{ ...stream(claude.name, Buffer.concat(messages.map(chunkFrame)), FRAMES), dialect: claude }]),
  stream('cohere', sseText({ type: 'message-end', delta: { usage: { billed_units: usage } } })),
  stream('workers-ai-run', `${sseText({ response: 'Grüße' }, { response: '', usage })}data: [DONE]\n\n`),
  stream('openai-images', sseText({ type: 'image_generation.completed', b64_json: 'A'.repeat(30_000), usage })),
  stream('openai-speech', sseText({ type: 'speech.audio.delta', audio: 'A'.repeat(30_000) }, { usage })),
  stream('openai-transcription', sseText({ type: 'transcript.text.done', text: 'Grüße', usage })),
];

/** The default effort would take most of these tests' time, and is nothing to who decodes. */
const EFFORT = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };
const ENCODINGS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  identity: (bytes) => bytes,
  gzip: (bytes) => gzipSync(bytes),
  deflate: (bytes) => deflateSync(bytes),
  br: (bytes) => brotliCompressSync(bytes, EFFORT),
};

async function metered(answer: Answer, encoding: string, sizes: readonly number[]): Promise<UsageReading> {
  const { dialect, facts, headers } = answer;
  const call = { dialect, facts, isBillable: true } as UpstreamCall; // all that the meter looks at
  const counts = { undecodedAnswers: 0 };
  const shape = {
    statusCode: 200,
    isEventStream: facts.isStreaming && headers === SSE,
    contentEncoding: encoding === 'identity' ? null : encoding,
    headers,
  };
  const subject = meter(call, shape, counts);
  const bytes = ENCODINGS[encoding]?.(answer.bytes) ?? answer.bytes;
  let at = 0;
  for (const size of sizes) {
    if (size > 0) subject.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  subject.push(Buffer.from(bytes.subarray(at)));
  const reading = await subject.finish(true);
  expect(counts.undecodedAnswers).toBe(0);
  return reading;
}

test(
  'no split of an answer into chunks and no compression of it changes what is read',
  async () => {
    const wholes = new Map<Answer, UsageReading>();
    for (const answer of ANSWERS) wholes.set(answer, await metered(answer, 'identity', []));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...ANSWERS),
        fc.constantFrom(...Object.keys(ENCODINGS)),
        fc.array(fc.nat({ max: 200 }), { maxLength: 40 }),
        async (answer, encoding, sizes) => {
          expect(await metered(answer, encoding, sizes)).toEqual(wholes.get(answer));
        },
      ),
      propertyRuns,
    );
  },
  PROPERTY_TIMEOUT_MS,
);

/** Of the answers, those that come byte by byte: at the small size, some of every dialect. */
const BYTEWISE_STEP = TEST_SIZE === 'full' ? 1 : 8;
/** What is left comes in one. */
const BYTEWISE_MAX = TEST_SIZE === 'full' ? 2_000 : 500;

test('an answer, byte by byte and in every compression, is read as it is whole', async () => {
  for (const answer of ANSWERS.filter((_answer, i) => i % BYTEWISE_STEP === 0)) {
    const whole = await metered(answer, 'identity', []);
    for (const encoding of Object.keys(ENCODINGS)) {
      const sizes = Array<number>(Math.min(answer.bytes.length, BYTEWISE_MAX)).fill(1);
      expect([answer.name, await metered(answer, encoding, sizes)]).toEqual([answer.name, whole]);
    }
  }
});

test('the streams that carry their usage report it', async () => {
  for (const answer of ANSWERS.slice(corpus.length)) {
    const { usageSource } = await metered(answer, 'identity', []);
    expect([answer.name, usageSource]).toEqual([
      answer.name,
      answer.name === 'bedrock-invoke stream' ? 'ESTIMATED' : 'PROVIDER',
    ]);
  }
});

const TOLD = { usage: { prompt_tokens: 3, completion_tokens: 4 } };

async function meteredIn(contentEncoding: string, isStream: boolean, bytes: Buffer): Promise<UsageReading> {
  const call = { dialect: dialectNamed('openai-chat'), facts: factsOf(isStream), isBillable: true };
  const shape = { statusCode: 200, isEventStream: isStream, contentEncoding, headers: isStream ? SSE : [] };
  const subject = meter(call as UpstreamCall, shape, { undecodedAnswers: 0 });
  subject.push(bytes.subarray(0, 5));
  subject.push(bytes.subarray(5));
  return subject.finish(true);
}

test.each([false, true])('an answer that nobody can decode is estimated by its size (stream: %p)', async (isStream) => {
  const size = 4_000;
  expect(await meteredIn('rot13', isStream, Buffer.alloc(size, 0xb5))).toMatchObject({
    units: { inputTokens: 10, outputTokens: 1_000 },
    usageSource: 'ESTIMATED',
    usageNote: 'content encoding rot13 cannot be read',
  });
});

test.each([false, true])(
  'an answer in zstd is read where Node can, else it is estimated (stream: %p)',
  async (isStream) => {
    const frame = zstdFrame(isStream ? sseText({ ...TOLD, choices: [] }) : JSON.stringify(TOLD));
    const estimate = { inputTokens: 10, outputTokens: Math.ceil(frame.length / 4) };
    const canDecode = 'createZstdDecompress' in zlib;
    expect(await meteredIn('zstd', isStream, frame)).toMatchObject(
      canDecode
        ? { units: { inputTokens: 3, outputTokens: 4 }, usageSource: 'PROVIDER' }
        : { units: estimate, usageSource: 'ESTIMATED', usageNote: 'content encoding zstd cannot be read' },
    );
  },
);
