/** Hit, miss and expiry as an official client sees them, and what the ledger says of them. */
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { answerEvents, answerJson, chatCompletion, chatEvents } from '../../../support/fake-upstream.js';
import { CHAT, post, startRig, type Rig } from '../../../support/rig.js';
import { openRedis } from '../../../support/cached-keys.js';
import { usageRecords } from '../../../support/usage-records.js';
import { waitFor } from '../../../support/wait-for.js';

let rig: Rig;
let nowMs = 0;

beforeAll(async () => {
  rig = await startRig({}, { answerCache: { now: () => nowMs } });
});
afterAll(() => rig.stop());
beforeEach(() => {
  rig.upstream.seen.length = 0;
  rig.upstream.answer = answerJson(200, chatCompletion(), { 'x-request-id': 'req_1', 'set-cookie': 'a=b' });
});

const clientOf = (base: string, headers: Record<string, string> = {}): OpenAI =>
  new OpenAI({ baseURL: `${base}/openai`, apiKey: 'sk-test', maxRetries: 0, defaultHeaders: headers });

const MESSAGES = [{ role: 'user' as const, content: 'Hello' }];

async function ask(client: OpenAI, content = 'Hello'): Promise<[string | null, string | null]> {
  const { data, response } = await client.chat.completions
    .create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content }] })
    .withResponse();
  return [response.headers.get('cf-aig-cache-status'), data.choices[0]?.message.content ?? null];
}

async function askStreaming(client: OpenAI): Promise<[string | null, string]> {
  const { data, response } = await client.chat.completions
    .create({ model: 'gpt-4o-mini', messages: MESSAGES, stream: true })
    .withResponse();
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  let text = '';
  for await (const chunk of data) text += chunk.choices[0]?.delta.content ?? '';
  return [response.headers.get('cf-aig-cache-status'), text];
}

test('openai: a document is a miss, then a hit, which costs nothing and says what it saved', async () => {
  const tenant = await rig.tenant({ cache_ttl_seconds: 60 });
  await tenant.priceOverride({
    provider: 'openai',
    model: 'gpt-4o-mini',
    match: 'PREFIX',
    rates: { inputTokens: '2', outputTokens: '3' },
  });
  const client = clientOf(tenant.base);
  expect(await ask(client)).toEqual(['MISS', 'Hello there']);
  expect(await ask(client)).toEqual(['HIT', 'Hello there']);
  expect(await ask(client, 'Another')).toEqual(['MISS', 'Hello there']);
  expect(rig.upstream.seen).toHaveLength(2);
  const [miss, hit] = await usageRecords(rig.proxy.owner, tenant.accountId, 3);
  expect(miss).toMatchObject({ cached: false, input_tokens: '1000', cost_status: 'PRICED', cost_pico: '2300' });
  expect(hit).toMatchObject({
    cached: true,
    status_code: 200,
    input_tokens: '0',
    output_tokens: '0',
    usage_source: 'NONE',
    cost_pico: '0',
    cost_status: 'CACHED',
    saved_pico: '2300',
    attempts: [],
    model: 'gpt-4o-mini-2024-07-18',
    is_log: true,
    request_bytes: miss?.['request_bytes'],
    response_bytes: miss?.['response_bytes'],
  });
  expect(hit?.['cache_key_hash']).toEqual(miss?.['cache_key_hash']);
});

test('openai: a stream is a miss, then a hit that is a stream too', async () => {
  const tenant = await rig.tenant({ cache_ttl_seconds: 60 });
  rig.upstream.answer = answerEvents(chatEvents(['Hi ', 'there'], true));
  const client = clientOf(tenant.base);
  expect(await askStreaming(client)).toEqual(['MISS', 'Hi there']);
  expect(await askStreaming(client)).toEqual(['HIT', 'Hi there']);
  expect(rig.upstream.seen).toHaveLength(1);
  const [miss, hit] = await usageRecords(rig.proxy.owner, tenant.accountId, 2);
  expect(miss).toMatchObject({ cached: false, streamed: true, output_tokens: '100' });
  expect(hit).toMatchObject({ cached: true, streamed: true, output_tokens: '0', cost_status: 'CACHED' });
});

test('a hit has the headers of its own request, and of the answer what means the same to everybody', async () => {
  const tenant = await rig.tenant({ cache_ttl_seconds: 60 });
  const call = (eventId: string): Promise<Response> =>
    post(`${tenant.base}/openai/chat/completions`, CHAT, { 'cf-aig-event-id': eventId });
  const miss = await call('one');
  const body = await miss.text();
  const hit = await call('two');
  expect(await hit.text()).toBe(body);
  expect(hit.headers.get('cf-aig-event-id')).toBe('two');
  expect(hit.headers.get('cf-aig-request-id')).not.toBe(miss.headers.get('cf-aig-request-id'));
  expect(hit.headers.get('cf-aig-log-id')).toBe(hit.headers.get('cf-aig-request-id'));
  expect(hit.headers.get('x-request-id')).toBe('req_1');
  expect(hit.headers.get('content-type')).toBe('application/json');
  expect(hit.headers.get('set-cookie')).toBeNull();
});

test('a binary answer is cached byte for byte', async () => {
  const tenant = await rig.tenant();
  const sound = Buffer.from(Array.from({ length: 5_000 }, (_, index) => (index * 7) % 256));
  rig.upstream.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'audio/mpeg' });
    response.end(sound);
  };
  const call = (): Promise<Response> =>
    post(`${tenant.base}/openai/audio/speech`, { model: 'tts-1', input: 'Hello', voice: 'alloy' }, TTL);
  expect(Buffer.from(await (await call()).arrayBuffer()).equals(sound)).toBe(true);
  const hit = await call();
  expect(hit.headers.get('cf-aig-cache-status')).toBe('HIT');
  expect(hit.headers.get('content-type')).toBe('audio/mpeg');
  expect(Buffer.from(await hit.arrayBuffer()).equals(sound)).toBe(true);
});

const TTL = { 'cf-aig-cache-ttl': '60' };

test('an answer is a hit for as long as it was to be kept, and no longer', async () => {
  const tenant = await rig.tenant();
  const client = clientOf(tenant.base, { 'cf-aig-cache-ttl': '120' });
  expect((await ask(client))[0]).toBe('MISS');
  const redis = await openRedis(rig.proxy.redis.url);
  const key = await waitFor(
    async () => (await redis.keys('tollgate:cache:*answer:*' + tenant.gatewayId + '*'))[0],
    'the answer is in Redis',
  );
  const ttlMs = await redis.pttl(key);
  expect(ttlMs).toBeGreaterThan(60_000);
  expect(ttlMs).toBeLessThanOrEqual(120_000);
  expect((await ask(client))[0]).toBe('HIT');
  await redis.del(key); // from here on only this proxy's memory has it
  nowMs += 60_000;
  expect((await ask(client))[0]).toBe('HIT');
  nowMs += 60_000;
  expect((await ask(client))[0]).toBe('MISS');
  redis.disconnect();
});

test('openai: a stream is a hit for as long as it was to be kept, and no longer', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = answerEvents(chatEvents(['Hi ', 'there'], true));
  const client = clientOf(tenant.base, { 'cf-aig-cache-ttl': '60' });
  expect(await askStreaming(client)).toEqual(['MISS', 'Hi there']);
  expect(await askStreaming(client)).toEqual(['HIT', 'Hi there']);
  const redis = await openRedis(rig.proxy.redis.url);
  const key = await waitFor(
    async () => (await redis.keys('tollgate:cache:*answer:*' + tenant.gatewayId + '*'))[0],
    'the answer is in Redis',
  );
  await redis.del(key);
  nowMs += 30_000;
  expect(await askStreaming(client)).toEqual(['HIT', 'Hi there']);
  nowMs += 30_000;
  expect(await askStreaming(client)).toEqual(['MISS', 'Hi there']);
  expect(rig.upstream.seen).toHaveLength(2);
  redis.disconnect();
});

test('what one proxy stored, another one finds', async () => {
  const tenant = await rig.tenant({ cache_ttl_seconds: 60 });
  const client = clientOf(tenant.base);
  expect((await ask(client))[0]).toBe('MISS');
  const redis = await openRedis(rig.proxy.redis.url);
  const key = await waitFor(
    async () => (await redis.keys('tollgate:cache:*answer:*' + tenant.gatewayId + '*'))[0],
    'the answer is in Redis',
  );
  redis.disconnect();
  expect(key).toContain(tenant.accountId);
  nowMs += 61_000; // this proxy has forgotten it, by its own clock
  expect(await ask(client)).toEqual(['HIT', 'Hello there']);
  expect(rig.upstream.seen).toHaveLength(1);
});

test('with Redis away every look-up is a miss or a memory of this proxy, and never an error', async () => {
  const alone = await startRig();
  alone.upstream.answer = answerJson(200, chatCompletion());
  const tenant = await alone.tenant({ cache_ttl_seconds: 60 });
  await alone.proxy.redis.close();
  const client = clientOf(tenant.base);
  expect((await ask(client))[0]).toBe('MISS');
  expect((await ask(client))[0]).toBe('HIT');
  expect((await ask(client, 'Another'))[0]).toBe('MISS');
  await alone.stop();
});

test('a gateway without a cache has no status, and calls the provider each time', async () => {
  const tenant = await rig.tenant();
  const client = clientOf(tenant.base);
  expect((await ask(client))[0]).toBeNull();
  expect((await ask(client))[0]).toBeNull();
  expect(rig.upstream.seen).toHaveLength(2);
});
