import { brotliCompressSync, constants, createGzip, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerJson, chatCompletion, chatEvents } from '../../support/fake-upstream.js';
import { rawCall } from '../../support/raw-call.js';
import { CHAT, startRig, type Rig } from '../../support/rig.js';
import { usageRecords } from '../../support/usage-records.js';
import { waitFor } from '../../support/wait-for.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const JSON_HEADERS = { 'content-type': 'application/json', 'accept-encoding': 'gzip, br, deflate' };

test.each([
  ['gzip', gzipSync],
  ['br', brotliCompressSync],
  ['deflate', deflateSync],
])('an answer in %s comes down byte for byte, and its usage is read', async (encoding, compress) => {
  const tenant = await rig.tenant();
  const body = compress(JSON.stringify(chatCompletion()));
  rig.upstream.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding });
    response.write(body.subarray(0, 20), () => response.end(body.subarray(20)));
  };
  const answer = await rawCall(`${tenant.base}/openai/chat/completions`, {
    headers: JSON_HEADERS,
    body: JSON.stringify(CHAT),
  });
  expect(answer.body.equals(body)).toBe(true);
  expect(answer.headers['content-encoding']).toBe(encoding);
  expect(rig.upstream.seen.at(-1)?.headers['accept-encoding']).toBe('gzip, br, deflate');
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ usage_source: 'PROVIDER', input_tokens: '1000', output_tokens: '100', usage_note: null });
  expect(row).toMatchObject({ response_bytes: String(body.length) });
});

test('a compressed stream comes down event by event, and its usage is read', async () => {
  const tenant = await rig.tenant();
  const sent: Buffer[] = [];
  rig.upstream.answer = async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
    const gzip = createGzip();
    gzip.on('data', (chunk: Buffer) => sent.push(chunk)).pipe(response);
    for (const event of chatEvents(['a', 'b'], true)) {
      gzip.write(event);
      await new Promise<void>((resolve) => gzip.flush(constants.Z_SYNC_FLUSH, resolve));
    }
    gzip.end();
  };
  const body = JSON.stringify({ ...CHAT, stream: true, stream_options: { include_usage: true } });
  const answer = await rawCall(`${tenant.base}/openai/chat/completions`, { headers: JSON_HEADERS, body });
  expect(answer.body.equals(Buffer.concat(sent))).toBe(true);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ streamed: true, usage_source: 'PROVIDER', input_tokens: '1000', output_tokens: '100' });
});

test('when the stream must be read by us, no encoding is asked for', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = (_request, response) =>
    void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(chatEvents(['a'], true).join(''));
  const body = JSON.stringify({ ...CHAT, stream: true });
  await rawCall(`${tenant.base}/openai/chat/completions`, { headers: JSON_HEADERS, body });
  expect(rig.upstream.seen.at(-1)?.headers['accept-encoding']).toBe('identity');
});

const BOMB = gzipSync(JSON.stringify({ ...chatCompletion(), padding: ' '.repeat(64 * 1024 * 1024) }), { level: 9 });

test.each([
  ['a gzip bomb', 'gzip', BOMB, /too large/],
  ['a damaged encoding', 'gzip', Buffer.from('this is no gzip at all'), /damaged/],
  ['an encoding that we cannot read', 'compress', Buffer.from('anything'), /compress cannot be read/],
  ['an encoding upon an encoding', 'gzip, br', Buffer.from('anything'), /cannot be read/],
])('%s stops the counting and nothing else', async (_what, encoding, body, note) => {
  const tenant = await rig.tenant();
  rig.upstream.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding }).end(body);
  };
  const answer = await rawCall(`${tenant.base}/openai/chat/completions`, {
    headers: JSON_HEADERS,
    body: JSON.stringify(CHAT),
  });
  expect(answer.body.equals(body)).toBe(true);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ status_code: 200, usage_source: 'ESTIMATED', usage_note: expect.stringMatching(note) });
});

test('a compressed request goes up as it is', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = (_request, response) => void response.end();
  const body = gzipSync(JSON.stringify(CHAT));
  const headers = { ...JSON_HEADERS, 'content-encoding': 'gzip' };
  await rawCall(`${tenant.base}/openai/chat/completions`, { headers, body });
  expect(rig.upstream.seen.at(-1)?.body.equals(body)).toBe(true);
  expect(rig.upstream.seen.at(-1)?.headers['content-encoding']).toBe('gzip');
});

test('a request that names Identity as its encoding is logged without one', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = answerJson(200, chatCompletion());
  const headers = { ...JSON_HEADERS, 'content-encoding': 'Identity' };
  await rawCall(`${tenant.base}/openai/chat/completions`, { headers, body: JSON.stringify(CHAT) });
  const [stored] = await waitFor(async () => {
    const { rows } = await rig.proxy.owner.query<{ request_encoding: string | null }>(
      'SELECT request_encoding FROM log_body WHERE account_id = $1',
      [tenant.accountId],
    );
    return rows.length > 0 ? rows : null;
  }, 'the bodies are stored');
  expect(stored).toEqual({ request_encoding: null });
});
