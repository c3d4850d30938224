/** Calls of providers' own APIs through the proxy: what is read while the bytes pass is what the ledger's row says. */
import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { awsEventFrames } from '../../support/aws-fixtures.js';
import { chunkFrame, eventFrame } from '../../support/aws-frames.js';
import {
  answerEvents,
  answerJson,
  startFakeUpstream,
  type Answer,
  type FakeUpstream,
} from '../../support/fake-upstream.js';
import { startTestProxy, type TestProxy } from '../../support/proxy.js';
import { rawCall, type RawAnswer } from '../../support/raw-call.js';
import { sseText } from '../../support/read-answer.js';
import { createTenant } from '../../support/tenant.js';
import { usageRecords, type UsageRow } from '../../support/usage-records.js';
import { waitFor } from '../../support/wait-for.js';

const FRAMES = { 'content-type': 'application/vnd.amazon.eventstream' };
const RATES = {
  inputTokens: '3',
  outputTokens: '1000',
  audioInputTokens: '7',
  searchUnits: '2000000000',
  images: '11',
};
const PRICED = ['aws-bedrock', 'cohere', 'workers-ai', 'openai', 'anthropic'];

let upstream: FakeUpstream;
let proxy: TestProxy;
beforeAll(async () => {
  upstream = await startFakeUpstream();
  const { origin } = upstream;
  const slugs = [...PRICED, 'elevenlabs'];
  proxy = await startTestProxy(Object.fromEntries(slugs.map((slug) => [slug, origin])));
  const { owner } = proxy;
  await owner.query(`INSERT INTO price_list (version, source, digest) VALUES (1, 'test', 'd1')`);
  for (const provider of PRICED) {
    await owner.query(
      `INSERT INTO model_price (version, provider, model, match, rules, position)
       VALUES (1, $1, 'any', '{"starts_with":""}', $2, 0)`,
      [provider, JSON.stringify([{ condition: null, rates: RATES }])],
    );
  }
  await owner.query('INSERT INTO policy_outbox (account_id, change) VALUES (NULL, $1)', [
    JSON.stringify({ kind: 'prices', revision: 1 }),
  ]);
  await waitFor(async () => {
    const { row } = await exchange('/openai/embeddings', { model: 'm', input: 'x' }, answerJson(200, {}));
    return row['price_version'] === 1 ? row : null;
  }, 'the proxy has the prices');
});
afterAll(async () => {
  await proxy.stop();
  await upstream.close();
});

const HEADERS = { 'content-type': 'application/json', 'tollgate-workers-ai-account': 'cf', authorization: 'Bearer k' };

async function gateway(): Promise<{ readonly accountId: string; readonly base: string }> {
  const tenant = await createTenant(proxy.owner);
  await tenant.gateway('main');
  return { accountId: tenant.accountId, base: `${proxy.url}/v1/${tenant.tag}/main` };
}

async function exchange(
  path: string,
  body: unknown,
  answer: Answer,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly answer: RawAnswer; readonly row: UsageRow }> {
  const { accountId, base } = await gateway();
  upstream.answer = answer;
  const sent = Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const got = await rawCall(base + path, { headers: { ...HEADERS, ...headers }, body: sent });
  const [row] = await usageRecords(proxy.owner, accountId, 1);
  if (row === undefined) throw new Error('one was waited for');
  return { answer: got, row };
}

/** Writes of any size, each flushed before the next. */
function answerParts(parts: readonly Buffer[], headers: Record<string, string>): Answer {
  return async (_request, response) => {
    response.writeHead(200, headers);
    for (const part of parts) await new Promise<void>((resolve) => response.write(part, () => resolve()));
    response.end();
  };
}
const inPieces = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));

const HELLO = { messages: [{ role: 'user', content: [{ text: 'Hello' }] }] };

describe('Bedrock', () => {
  const path = '/aws-bedrock/bedrock-runtime/us-east-1/model/us.amazon.nova-lite-v1%3A0/converse-stream';

  it('streams frames that come down byte for byte, and are counted', async () => {
    const frames = Buffer.concat(awsEventFrames());
    const { answer, row } = await exchange(path, HELLO, answerParts(inPieces(frames, 100), FRAMES));
    expect(answer.body.equals(frames)).toBe(true);
    expect(row).toMatchObject({
      model: 'us.amazon.nova-lite-v1:0',
      streamed: true,
      input_tokens: '8',
      output_tokens: '2',
      usage_source: 'PROVIDER',
      usage_note: null,
      cost_status: 'PRICED',
      cost_pico: String(8 * 3 + 2 * 1_000),
    });
  });

  it('is counted in the frames of Claude’s own events', async () => {
    const claude =
      '/aws-bedrock/bedrock-runtime/us-east-1/model/anthropic.claude-haiku-4-5/invoke-with-response-stream';
    const events = [
      { type: 'message_start', message: { usage: { input_tokens: 9, output_tokens: 1 } } },
      { type: 'message_delta', usage: { output_tokens: 12 } },
      { type: 'message_stop', 'amazon-bedrock-invocationMetrics': { inputTokenCount: 9, outputTokenCount: 12 } },
    ];
    const { row } = await exchange(claude, HELLO, answerParts(events.map(chunkFrame), FRAMES));
    expect(row).toMatchObject({ input_tokens: '9', output_tokens: '12', usage_source: 'PROVIDER', cost_pico: '12027' });
  });

  it('is counted by the headers of a model’s answer in a format that nobody knows', async () => {
    const llama = '/aws-bedrock/bedrock-runtime/us-east-1/model/meta.llama3/invoke';
    const counted = { 'x-amzn-bedrock-input-token-count': '11', 'x-amzn-bedrock-output-token-count': '5' };
    const { row } = await exchange(llama, { prompt: 'Hello' }, answerJson(200, { generation: 'Hi' }, counted));
    expect(row).toMatchObject({ input_tokens: '11', output_tokens: '5', usage_source: 'PROVIDER', cost_pico: '5033' });
  });

  it('bills a client that leaves in the middle of the frames for what had been made', async () => {
    const said = eventFrame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'x'.repeat(40) } });
    const row = await leave(path, HELLO, FRAMES, [said]);
    expect(row).toMatchObject({
      client_aborted: true,
      input_tokens: '2', // of 5 bytes
      output_tokens: '10',
      usage_source: 'ESTIMATED',
      usage_note: 'the answer was cut before its usage; estimated from text',
      cost_status: 'ESTIMATED',
      cost_pico: String(2 * 3 + 10 * 1_000),
    });
  });
});

/** The row of a client that leaves once it has seen all `parts` of a stream that would go on. */
async function leave(
  path: string,
  body: unknown,
  headers: Record<string, string>,
  parts: readonly (Buffer | string)[],
): Promise<UsageRow> {
  const { accountId, base } = await gateway();
  upstream.answer = (_request, response) => {
    response.writeHead(200, headers);
    for (const part of parts) response.write(part);
  };
  const client = request(base + path, { method: 'POST', headers: HEADERS });
  client.on('error', () => undefined); // it is the test that breaks the connection
  client.end(JSON.stringify(body));
  const [response] = await once(client, 'response');
  let missing = Buffer.concat(parts.map((part) => Buffer.from(part))).length;
  await new Promise<void>((resolve) => {
    response.on('data', (chunk: Buffer) => {
      missing -= chunk.length;
      if (missing === 0) resolve();
    });
  });
  client.destroy();
  const [row] = await usageRecords(proxy.owner, accountId, 1);
  if (row === undefined) throw new Error('one was waited for');
  return row;
}

test('a client that leaves a stream whose input was told pays that, and the output that it was sent', async () => {
  const start = { type: 'message_start', message: { model: 'claude', usage: { input_tokens: 100, output_tokens: 1 } } };
  const delta = { type: 'content_block_delta', delta: { type: 'text_delta', text: 'x'.repeat(80) } };
  const body = { model: 'claude', stream: true, messages: [{ role: 'user', content: 'Hello' }] };
  const row = await leave('/anthropic/v1/messages', body, { 'content-type': 'text/event-stream' }, [
    sseText(start),
    sseText(delta),
  ]);
  expect(row).toMatchObject({
    client_aborted: true,
    input_tokens: '100',
    output_tokens: '20',
    cost_status: 'ESTIMATED',
    cost_pico: String(100 * 3 + 20 * 1_000),
    attempts: null, // the row itself describes the only one
  });
});

test('a Cohere stream is billed by the units of its last event', async () => {
  const usage = {
    billed_units: { input_tokens: 5, output_tokens: 418 },
    tokens: { input_tokens: 71, output_tokens: 420 },
  };
  const events = [
    sseText({ type: 'content-delta', index: 0, delta: { message: { content: { text: 'Hi' } } } }),
    sseText({ type: 'message-end', delta: { finish_reason: 'COMPLETE', usage } }),
    'data: [DONE]\n\n',
  ];
  const body = { model: 'command-a-03-2025', stream: true, messages: [{ role: 'user', content: 'Hello' }] };
  const { row } = await exchange('/cohere/v2/chat', body, answerEvents(events));
  expect(row).toMatchObject({ input_tokens: '5', output_tokens: '418', usage_source: 'PROVIDER', cost_pico: '418015' });
});

test('a search of Cohere is an other unit, priced by its name', async () => {
  const answer = { results: [], meta: { billed_units: { search_units: 2 } } };
  const { row } = await exchange('/cohere/v2/rerank', { model: 'rerank-v3.5', query: 'q' }, answerJson(200, answer));
  expect(row).toMatchObject({ other_units: { searchUnits: 2 }, cost_status: 'PRICED', cost_pico: '4000000000' });
});

test('Workers AI’s own API is read in its envelope and in its streams', async () => {
  const usage = { prompt_tokens: 20, completion_tokens: 7, total_tokens: 27 };
  const run = '/workers-ai/@cf/meta/llama-3.1-8b-instruct';
  const told = { model: '@cf/meta/llama-3.1-8b-instruct', input_tokens: '20', output_tokens: '7', cost_pico: '7060' };
  const envelope = { result: { response: 'Hi', usage }, success: true, errors: [], messages: [] };
  expect((await exchange(run, { prompt: 'Hello' }, answerJson(200, envelope))).row).toMatchObject(told);
  const events = [sseText({ response: 'Hi', p: 'ab' }), sseText({ response: '', usage }), 'data: [DONE]\n\n'];
  expect((await exchange(run, { prompt: 'Hello', stream: true }, answerEvents(events))).row).toMatchObject(told);
});

test('images larger than what is held are counted, and reach the client whole', async () => {
  const usage = { input_tokens: 50, output_tokens: 4_160, input_tokens_details: { text_tokens: 10, image_tokens: 40 } };
  const document = { created: 1, data: [{ b64_json: 'A'.repeat(9_500_000) }], usage };
  const body = { model: 'gpt-image-1', prompt: 'a cat' };
  const { answer, row } = await exchange('/openai/images/generations', body, answerJson(200, document));
  expect(JSON.parse(answer.body.toString())).toEqual(document);
  expect(row).toMatchObject({
    input_tokens: '10',
    image_input_tokens: '40',
    image_output_tokens: '4160',
    usage_source: 'PROVIDER',
    cost_pico: String(50 * 3 + 4_160 * 1_000),
  });
  const dalle = answerJson(200, { created: 1, data: [{ url: 'https://x/1' }, { url: 'https://x/2' }] });
  expect((await exchange('/openai/images/generations', { model: 'dall-e-2', n: 2 }, dalle)).row).toMatchObject({
    other_units: { images: 2 },
    cost_pico: '22',
  });
});

test('a transcription is asked for by a form, whose field names the model', async () => {
  const file = '--b7\r\nContent-Disposition: form-data; name="file"; filename="a.mp3"\r\n\r\n';
  const field = '\r\n--b7\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n--b7--\r\n';
  const form = Buffer.concat([Buffer.from(file), Buffer.alloc(5_000, 0xff), Buffer.from(field)]);
  const type = { 'content-type': 'multipart/form-data; boundary=b7' };
  const heard = answerJson(200, { text: 'Hello', usage: { type: 'duration', seconds: 2.5 } });
  const { row } = await exchange('/openai/audio/transcriptions', form, heard, type);
  expect(upstream.seen.at(-1)?.body.equals(form)).toBe(true);
  // no rate for its time: what has no price is not free
  expect(row).toMatchObject({
    model: 'whisper-1',
    other_units: { audioMilliseconds: 2_500 },
    usage_source: 'PROVIDER',
    cost_status: 'UNPRICED',
    cost_pico: null,
  });
});

test('speech of a provider without prices is counted in characters, and unpriced', async () => {
  const body = { text: 'Hello', model_id: 'eleven_multilingual_v2' };
  const sound = answerParts([Buffer.alloc(70_000, 1)], { 'content-type': 'audio/mpeg' });
  const { row } = await exchange('/elevenlabs/v1/text-to-speech/voice', body, sound);
  expect(row).toMatchObject({
    other_units: { characters: 5 },
    model: 'eleven_multilingual_v2',
    cost_status: 'UNPRICED',
  });
});
