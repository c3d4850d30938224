import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerJson } from '../../support/fake-upstream.js';
import { rawCall } from '../../support/raw-call.js';
import { startRig, type Rig } from '../../support/rig.js';
import { usageRecordCount, usageRecords } from '../../support/usage-records.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

test('a GET passes with its query, and is recorded as billing nothing', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = answerJson(200, { object: 'list', data: [] });
  const answer = await rawCall(`${tenant.base}/openai/models?limit=2&after=a%20b&flag`, { method: 'GET' });
  expect(JSON.parse(answer.body.toString())).toEqual({ object: 'list', data: [] });
  const seen = rig.upstream.seen.at(-1);
  expect(seen).toMatchObject({ method: 'GET', url: '/v1/models?limit=2&after=a%20b&flag' });
  expect(seen?.headers).not.toHaveProperty('transfer-encoding');
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({
    method: 'GET',
    path: '/models?limit=2&after=a%20b&flag',
    cost_status: 'NOT_BILLABLE',
    cost_pico: '0',
    usage_source: 'NONE',
    request_bytes: '0',
    model: null,
  });
});

test('a HEAD answer keeps the length of the body that it does not have', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = (_request, response) => void response.writeHead(200, { 'content-length': 1234 }).end();
  const answer = await rawCall(`${tenant.base}/openai/files/f1/content`, { method: 'HEAD' });
  expect(answer.headers['content-length']).toBe('1234');
  expect(answer.body).toHaveLength(0);
  expect(rig.upstream.seen.at(-1)?.method).toBe('HEAD');
});

test.each(['GET', 'HEAD'])(
  "a %s on the provider's bare base is 200 and empty, without an upstream call or a row",
  async (method) => {
    const tenant = await rig.tenant();
    const before = rig.upstream.seen.length;
    for (const path of ['anthropic', 'anthropic/']) {
      const answer = await rawCall(`${tenant.base}/${path}`, { method });
      expect(answer.status).toBe(200);
      expect(answer.body).toHaveLength(0);
    }
    expect(rig.upstream.seen.length).toBe(before);
    expect(await usageRecordCount(rig.proxy.owner, tenant.accountId)).toBe(0);
  },
);

test.each([
  ['anthropic', '/'],
  ['anthropic/?a=1', '/?a=1'],
  ['openai/v1', '/v1'],
])("any other method on the bare base %s is the provider's to answer", async (path, upstreamUrl) => {
  const tenant = await rig.tenant();
  rig.upstream.answer = answerJson(404, { error: 'nothing here' });
  const answer = await rawCall(`${tenant.base}/${path}`, { body: '{}' });
  expect(answer.status).toBe(404);
  expect(rig.upstream.seen.at(-1)?.url).toBe(upstreamUrl);
});

test.each(['DELETE', 'PUT', 'PATCH'])('%s passes with its body', async (method) => {
  const tenant = await rig.tenant();
  rig.upstream.answer = answerJson(200, { deleted: true });
  const answer = await rawCall(`${tenant.base}/openai/files/f1`, {
    method,
    body: '{"a":1}',
    headers: { 'content-length': 7 },
  });
  expect(answer.status).toBe(200);
  expect(rig.upstream.seen.at(-1)).toMatchObject({ method, url: '/v1/files/f1' });
  expect(rig.upstream.seen.at(-1)?.body.toString()).toBe('{"a":1}');
});

test('a multipart upload arrives byte for byte, small or streamed', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = answerJson(200, { id: 'file-1' });
  const sizes: string[] = [];
  for (const bytes of [1_000, 3 * 1024 * 1024]) {
    const part = Buffer.concat([
      Buffer.from('--b\r\ncontent-disposition: form-data; name="file"\r\n\r\n'),
      randomBytes(bytes),
    ]);
    const body = Buffer.concat([part, Buffer.from('\r\n--b--\r\n')]);
    sizes.push(String(body.length));
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    expect((await rawCall(`${tenant.base}/openai/files`, { headers, body })).status).toBe(200);
    const seen = rig.upstream.seen.at(-1);
    expect(seen?.body.equals(body)).toBe(true);
    expect(seen?.headers['content-type']).toBe('multipart/form-data; boundary=b');
  }
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 2);
  expect(rows.map((row) => row['cost_status'])).toEqual(['NOT_BILLABLE', 'NOT_BILLABLE']);
  expect(rows.map((row) => row['request_bytes'])).toEqual(sizes);
});

test('a binary answer comes down byte for byte and is recorded', async () => {
  const tenant = await rig.tenant();
  const audio = randomBytes(300_000);
  rig.upstream.answer = (_request, response) =>
    void response.writeHead(200, { 'content-type': 'audio/mpeg' }).end(audio);
  const answer = await rawCall(`${tenant.base}/openai/audio/speech`, { body: '{"model":"tts-1"}' });
  expect(answer.body.equals(audio)).toBe(true);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ cost_status: 'UNPRICED', cost_pico: null, response_bytes: '300000', streamed: false });
});

test.each(['application/json', 'text/event-stream', 'text/plain'])(
  'bytes that are no text come down unchanged, even when they call themselves %s',
  async (type) => {
    const tenant = await rig.tenant();
    const bytes = Buffer.from(Array.from({ length: 1_024 }, (_, i) => i % 256));
    rig.upstream.answer = (_request, response) => void response.writeHead(200, { 'content-type': type }).end(bytes);
    const answer = await rawCall(`${tenant.base}/openai/chat/completions`, { body: '{"model":"m"}' });
    expect(answer.body.equals(bytes)).toBe(true);
  },
);

test.each([204, 304])('a %i has no body and ends', async (status) => {
  const tenant = await rig.tenant();
  rig.upstream.answer = (_request, response) => void response.writeHead(status, { etag: '"x"' }).end();
  const answer = await rawCall(`${tenant.base}/openai/files/f1`, { method: 'GET' });
  expect(answer).toMatchObject({ status, headers: { etag: '"x"' } });
  expect(answer.headers).not.toHaveProperty('transfer-encoding');
  expect(answer.body).toHaveLength(0);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ status_code: status });
});

test("a provider's redirect passes on and is not followed", async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = (_request, response) =>
    void response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end();
  const before = rig.upstream.seen.length;
  const answer = await rawCall(`${tenant.base}/openai/files/f1`, { method: 'GET' });
  expect(answer.status).toBe(302);
  expect(rig.upstream.seen.length).toBe(before + 1);
});
