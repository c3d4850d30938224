/** T-CACHE-4: what is no good answer for everybody is kept for nobody. */
import { once } from 'node:events';
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { answerEvents, answerJson, chatCompletion, chatEvents, type Answer } from '../../../support/fake-upstream.js';
import { rawCall, type RawAnswer } from '../../../support/raw-call.js';
import { openRedis } from '../../../support/cached-keys.js';
import { CHAT, startRig, type Rig } from '../../../support/rig.js';
import { waitFor } from '../../../support/wait-for.js';

let rig: Rig;
let base: string;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());
beforeEach(async () => {
  ({ base } = await rig.tenant());
  rig.upstream.seen.length = 0;
});

interface Sent {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

function send({ path = 'openai/chat/completions', method = 'POST', headers = {}, body = CHAT }: Sent = {}) {
  const sent = { 'content-type': 'application/json', 'cf-aig-cache-ttl': '600', ...headers };
  return rawCall(`${base}/${path}`, {
    method,
    headers: sent,
    ...(method === 'POST' ? { body: JSON.stringify(body) } : {}),
  });
}

const statusOf = (answer: RawAnswer): unknown => answer.headers['cf-aig-cache-status'];

/** The request is made twice: with these answers, the provider is asked twice. */
async function expectNotKept(answer: Answer, sent: Sent = {}): Promise<void> {
  rig.upstream.answer = answer;
  await send(sent).catch(() => undefined); // some answers break off
  rig.upstream.answer = answerJson(200, chatCompletion());
  const second = await send(sent);
  expect(statusOf(second)).not.toBe('HIT');
  expect(rig.upstream.seen).toHaveLength(2);
}

const STREAM = { body: { ...CHAT, stream: true } };
const events = chatEvents(['Hi ', 'there'], true);

const withHead = (headers: Record<string, string>, end: (response: Parameters<Answer>[1]) => void): Answer => {
  return (_request, response) => {
    response.writeHead(200, headers);
    end(response);
  };
};
const JSON_TYPE = { 'content-type': 'application/json' };

test.each<[string, Answer, Sent?]>([
  ['an error', answerJson(500, { error: { message: 'no' } })],
  ['a refusal', answerJson(429, { error: { message: 'slow down' } })],
  ['another success', answerJson(201, chatCompletion())],
  ['a part', answerJson(206, chatCompletion(), { 'content-range': 'bytes 0-9/100' })],
  ['a redirect', answerJson(302, {}, { location: '/elsewhere' })],
  ['an error that says 200', answerJson(200, { error: { message: 'overloaded' } })],
  ['a document that is no JSON', withHead(JSON_TYPE, (response) => response.end('{"id": "chatcmpl', 'utf8'))],
  ['an empty answer', withHead(JSON_TYPE, (response) => response.end())],
  [
    'a document that broke off',
    withHead({ ...JSON_TYPE, 'content-length': '1000' }, (response) => {
      response.write('{"id":', () => response.destroy());
    }),
  ],
  [
    'a chunked document that broke off',
    withHead(JSON_TYPE, (response) => void response.write('{"id":', () => response.destroy())),
  ],
  ['a stream without its end mark', answerEvents(events.slice(0, -1)), STREAM],
  ['a stream without its end', answerEvents(events.slice(0, 1)), STREAM],
  [
    'a stream that broke off',
    withHead({ 'content-type': 'text/event-stream' }, (response) => {
      response.write(events[0] ?? '', () => response.destroy());
    }),
    STREAM,
  ],
  [
    'a stream with an error in it',
    answerEvents([events[0] ?? '', 'data: {"error": {"message":"overloaded"}}\n\n', 'data: [DONE]\n\n']),
    STREAM,
  ],
  ['what varies by anything', answerJson(200, chatCompletion(), { vary: 'Accept-Encoding, *' })],
  [
    'a response that is still being made in the background',
    answerJson(200, { id: 'resp_1', object: 'response', status: 'queued', background: true, output: [], usage: null }),
    { path: 'openai/responses', body: { model: 'gpt-4o-mini', input: 'Hello', background: true } },
  ],
  ['an answer to a part of a request', answerJson(200, chatCompletion()), { headers: { range: 'bytes=0-9' } }],
  ['a damaged encoding', answerJson(200, chatCompletion(), { 'content-encoding': 'gzip' })],
])('T-CACHE-4: %s is not kept', async (_name, answer, sent = {}) => {
  await expectNotKept(answer, sent);
});

test.each(['HEAD', 'GET', 'PUT', 'DELETE'])('T-CACHE-4: %s has nothing to do with the cache', async (method) => {
  rig.upstream.answer = answerJson(200, chatCompletion());
  const sent = { method, path: 'openai/models' };
  expect(statusOf(await send(sent))).toBeUndefined();
  expect(statusOf(await send(sent))).toBeUndefined();
  expect(rig.upstream.seen).toHaveLength(2);
});

test('T-CACHE-4: an answer whose client left is not kept', async () => {
  rig.upstream.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(events[0] ?? '');
  };
  const headers = { 'content-type': 'application/json', 'cf-aig-cache-ttl': '600' };
  const client = request(`${base}/openai/chat/completions`, { method: 'POST', headers });
  client.on('error', () => undefined); // it is the test that breaks the connection
  client.end(JSON.stringify(STREAM.body));
  const [response] = await once(client, 'response');
  await once(response, 'data');
  client.destroy();
  await rig.upstream.seen[0]?.cut;
  rig.upstream.answer = answerEvents(events);
  expect(statusOf(await send(STREAM))).toBe('MISS');
});

test('T-CACHE-4: an encoded answer serves only who takes its encoding, and a plain one everybody', async () => {
  const body = gzipSync(JSON.stringify(chatCompletion()));
  rig.upstream.answer = (seen, response) => {
    const isTaken = seen.headers['accept-encoding']?.includes('gzip') === true;
    if (!isTaken) return answerJson(200, chatCompletion())(seen, response);
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
      vary: 'accept-encoding',
    });
    response.end(body);
    return undefined;
  };
  const by = async (encodings: string): Promise<[unknown, unknown]> => {
    const answer = await send({ headers: { 'accept-encoding': encodings } });
    return [statusOf(answer), answer.headers['content-encoding']];
  };
  expect(await by('gzip, br')).toEqual(['MISS', 'gzip']);
  expect(await by('br;q=1, x-gzip;q=0.5')).toEqual(['HIT', 'gzip']);
  expect(await by('*')).toEqual(['HIT', 'gzip']);
  expect(await by('gzip;q=0')).toEqual(['MISS', 'gzip']); // this provider does not look closely
  expect(await by('identity')).toEqual(['MISS', undefined]);
  expect(await by('gzip')).toEqual(['HIT', undefined]);
});

test('T-CACHE-4: an answer that varies by a header serves only who sends the same in it', async () => {
  rig.upstream.answer = answerJson(200, chatCompletion(), { vary: 'X-Mood, Origin' });
  const by = async (headers: Record<string, string>): Promise<unknown> => statusOf(await send({ headers }));
  expect(await by({ 'x-mood': 'good' })).toBe('MISS');
  expect(await by({ 'x-mood': 'good', origin: 'https://example.com' })).toBe('HIT');
  expect(await by({ 'x-mood': 'bad' })).toBe('MISS');
  expect(await by({})).toBe('MISS');
});

test('T-CACHE-4: by its gateway’s setting alone only calls of a known format are cached', async () => {
  ({ base } = await rig.tenant({ cache_ttl_seconds: 600 }));
  rig.upstream.answer = answerJson(200, { id: 'batch_1' });
  const call = async (): Promise<unknown> =>
    statusOf(await rawCall(`${base}/openai/batches`, { headers: JSON_TYPE, body: '{"input_file_id":"file_1"}' }));
  expect([await call(), await call()]).toEqual([undefined, undefined]);
  expect(rig.upstream.seen).toHaveLength(2);
});

test('T-CACHE-4: an answer larger than 25 MiB passes, and is not kept; one below it is', async () => {
  const sizes = [25 * 1024 * 1024 + 1, 24 * 1024 * 1024];
  const redis = await openRedis(rig.proxy.redis.url);
  const answersKept = async (): Promise<number> => (await redis.keys('*:answer:*')).length;
  const before = await answersKept();
  for (const size of sizes) {
    const part = Buffer.alloc(64 * 1024, 1);
    rig.upstream.answer = async (_request, response) => {
      response.writeHead(200, { 'content-type': 'audio/mpeg', 'content-length': size });
      for (let left = size; left > 0; left -= part.length) {
        const chunk = part.subarray(0, Math.min(left, part.length));
        await new Promise<void>((resolve) => response.write(chunk, () => resolve()));
      }
      response.end();
    };
    const sent = { path: 'openai/audio/speech', body: { model: 'tts-1', input: String(size), voice: 'alloy' } };
    const ask = async (): Promise<unknown> => {
      const answer = await send(sent);
      expect(answer.body.length).toBe(size);
      return statusOf(answer);
    };
    expect(await ask()).toBe('MISS');
    if (size === sizes[0]) expect(await ask()).toBe('MISS');
    // Too large for this proxy's memory, it is a hit as soon as Redis has it and gives it in time.
    else await waitFor(async () => (await ask()) === 'HIT', 'it is kept', 20_000);
  }
  expect(await answersKept()).toBe(before + 1);
  redis.disconnect();
});
