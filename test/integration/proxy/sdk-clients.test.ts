import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  answerEvents,
  answerJson,
  chatCompletion,
  chatEvents,
  type Answer,
  type SeenRequest,
} from '../../support/fake-upstream.js';
import { startRig, type Rig } from '../../support/rig.js';
import { usageRecords } from '../../support/usage-records.js';

// The official clients, with nothing but the base URL changed. Each call is made twice, directly and through the proxy,
// and the upstream must have seen the same.

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

/** What a provider sees of a call, without what belongs to the connection or to the gateway as a hop. */
function asSeen(request: SeenRequest | undefined): object {
  const {
    host,
    connection,
    'content-length': length,
    'accept-encoding': encodings,
    'cdn-loop': loop,
    ...headers
  } = request?.headers ?? {};
  void [host, connection, length, encodings, loop];
  return { method: request?.method, url: request?.url, body: request?.body.toString(), headers };
}

async function twice<T>(
  answer: Answer,
  call: (base: string) => Promise<T>,
  tenantBase: string,
  directBase: string,
): Promise<[T, T]> {
  rig.upstream.answer = answer;
  const direct = await call(directBase);
  const seenDirectly = asSeen(rig.upstream.seen.at(-1));
  const proxied = await call(tenantBase);
  expect(asSeen(rig.upstream.seen.at(-1))).toEqual(seenDirectly);
  return [direct, proxied];
}

test('openai: chat completions, and a stream that asks for its usage', async () => {
  const tenant = await rig.tenant();
  const client = (baseURL: string): OpenAI => new OpenAI({ baseURL, apiKey: 'sk-test', maxRetries: 0 });
  const messages = [{ role: 'user' as const, content: 'Hello' }];
  const bases: [string, string] = [`${tenant.base}/openai`, `${rig.upstream.origin}/v1`];

  const answers = await twice(
    answerJson(200, chatCompletion()),
    (base) => client(base).chat.completions.create({ model: 'gpt-4o-mini', messages }),
    ...bases,
  );
  expect(answers[1]).toEqual(answers[0]);

  const [direct, proxied] = await twice(
    answerEvents(chatEvents(['Hi ', 'there'], true)),
    async (base) => {
      const stream_options = { include_usage: true };
      const stream = await client(base).chat.completions.create({
        model: 'gpt-4o-mini',
        messages,
        stream: true,
        stream_options,
      });
      const chunks = [];
      for await (const chunk of stream) chunks.push(chunk);
      return chunks;
    },
    ...bases,
  );
  expect(proxied).toEqual(direct);
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 2);
  expect(rows.map((row) => [row['streamed'], row['input_tokens'], row['output_tokens']])).toEqual([
    [false, '1000', '100'],
    [true, '1000', '100'],
  ]);
});

test('openai: responses and embeddings', async () => {
  const tenant = await rig.tenant();
  const client = (baseURL: string): OpenAI => new OpenAI({ baseURL, apiKey: 'sk-test', maxRetries: 0 });
  const bases: [string, string] = [`${tenant.base}/openai/v1`, `${rig.upstream.origin}/v1`];
  const response = {
    id: 'resp_1',
    object: 'response',
    status: 'completed',
    model: 'gpt-4o-mini-2024-07-18',
    output: [
      {
        type: 'message',
        id: 'm',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: 'Hi', annotations: [] }],
      },
    ],
    usage: {
      input_tokens: 50,
      input_tokens_details: { cached_tokens: 20 },
      output_tokens: 9,
      output_tokens_details: { reasoning_tokens: 4 },
      total_tokens: 59,
    },
  };
  const [direct, proxied] = await twice(
    answerJson(200, response),
    async (base) => (await client(base).responses.create({ model: 'gpt-4o-mini', input: 'Hello' })).output_text,
    ...bases,
  );
  expect([direct, proxied]).toEqual(['Hi', 'Hi']);
  await twice(
    answerJson(200, {
      object: 'list',
      model: 'text-embedding-3-small',
      data: [{ object: 'embedding', index: 0, embedding: [0.5, -0.5] }],
      usage: { prompt_tokens: 7, total_tokens: 7 },
    }),
    (base) =>
      client(base).embeddings.create({ model: 'text-embedding-3-small', input: 'Hello', encoding_format: 'float' }),
    ...bases,
  );
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 2);
  expect(rows[0]).toMatchObject({
    input_tokens: '30',
    cached_input_tokens: '20',
    output_tokens: '5',
    reasoning_tokens: '4',
  });
  expect(rows[1]).toMatchObject({ input_tokens: '7', output_tokens: '0', usage_source: 'PROVIDER' });
});

const ANTHROPIC_USAGE = {
  input_tokens: 25,
  cache_read_input_tokens: 100,
  cache_creation_input_tokens: 0,
  output_tokens: 15,
};

test('anthropic: messages, and a stream', async () => {
  const tenant = await rig.tenant();
  const client = (baseURL: string): Anthropic => new Anthropic({ baseURL, apiKey: 'sk-ant-test', maxRetries: 0 });
  const request = {
    model: 'claude-haiku-4-5',
    max_tokens: 64,
    messages: [{ role: 'user' as const, content: 'Hello' }],
  };
  const bases: [string, string] = [`${tenant.base}/anthropic`, rig.upstream.origin];
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-haiku-4-5-20251001',
    content: [{ type: 'text', text: 'Hi' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: ANTHROPIC_USAGE,
  };
  const [direct, proxied] = await twice(
    answerJson(200, message),
    (base) => client(base).messages.create(request),
    ...bases,
  );
  expect(proxied).toEqual(direct);

  const event = (type: string, data: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
  const texts = await twice(
    answerEvents([
      event('message_start', {
        message: { ...message, content: [], stop_reason: null, usage: { ...ANTHROPIC_USAGE, output_tokens: 1 } },
      }),
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'Hi there' } }),
      event('content_block_stop', { index: 0 }),
      event('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 15 } }),
      event('message_stop', {}),
    ]),
    async (base) => (await client(base).messages.stream(request).finalMessage()).content,
    ...bases,
  );
  expect(texts[1]).toEqual(texts[0]);
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 2);
  for (const row of rows) {
    expect(row).toMatchObject({
      input_tokens: '25',
      cached_input_tokens: '100',
      output_tokens: '15',
      usage_source: 'PROVIDER',
    });
  }
});

test('google-ai-studio: generateContent, and a stream', async () => {
  const tenant = await rig.tenant();
  const client = (baseUrl: string): GoogleGenAI => new GoogleGenAI({ apiKey: 'AIza-test', httpOptions: { baseUrl } });
  const request = { model: 'gemini-2.5-flash', contents: 'Hello' };
  const bases: [string, string] = [`${tenant.base}/google-ai-studio`, rig.upstream.origin];
  const answer = (text: string, usageMetadata: object): object => ({
    candidates: [{ index: 0, content: { role: 'model', parts: [{ text }] }, finishReason: 'STOP' }],
    modelVersion: 'gemini-2.5-flash',
    usageMetadata,
  });
  const usage = { promptTokenCount: 12, candidatesTokenCount: 5, thoughtsTokenCount: 7, totalTokenCount: 24 };
  const [direct, proxied] = await twice(
    answerJson(200, answer('Hi', usage)),
    async (base) => (await client(base).models.generateContent(request)).text,
    ...bases,
  );
  expect([direct, proxied]).toEqual(['Hi', 'Hi']);
  const streamed = await twice(
    answerEvents(
      [answer('Hi ', { ...usage, candidatesTokenCount: 1 }), answer('there', usage)].map(
        (chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`,
      ),
    ),
    async (base) => {
      let text = '';
      for await (const chunk of await client(base).models.generateContentStream(request)) text += chunk.text;
      return text;
    },
    ...bases,
  );
  expect(streamed).toEqual(['Hi there', 'Hi there']);
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 2);
  for (const row of rows) {
    expect(row).toMatchObject({
      input_tokens: '12',
      output_tokens: '5',
      reasoning_tokens: '7',
      usage_source: 'PROVIDER',
    });
  }
  expect(rows.map((row) => row['streamed'])).toEqual([false, true]);
});
