/** Providers that repeat in a header what they were sent: what the client must not know does not come down. */
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { answerJson, chatCompletion, type Answer } from '../../support/fake-upstream.js';
import { rawCall } from '../../support/raw-call.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';
import { waitFor } from '../../support/wait-for.js';

const SECRET = 'canary-of-the-account-0123456789';

const repeating: Answer = (seen, response) =>
  answerJson(200, chatCompletion(), {
    'x-seen': String(seen.headers.authorization),
    'x-debug': `key=${String(seen.headers.authorization).slice('Bearer '.length)};`,
    'x-request-id': 'req_1',
  })(seen, response);

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ ALLOW_PRIVATE_UPSTREAMS: '127.0.0.0/8' });
});
beforeEach(() => void (rig.upstream.answer = repeating));
afterAll(() => rig.stop());

test('a stored key that the provider repeats stays here, and the other headers pass', async () => {
  const tenant = await rig.tenant();
  const { gatewayId, base } = tenant;
  await tenant.providerKey({ gatewayId, provider: 'openai', origin: rig.upstream.origin, secret: SECRET });
  const token = await tenant.apiToken();
  const answer = await post(`${base}/openai/chat/completions`, CHAT, { 'cf-aig-authorization': `Bearer ${token}` });
  expect(rig.upstream.seen.at(-1)?.headers.authorization).toBe(`Bearer ${SECRET}`);
  expect([...answer.headers].flat().join('\n')).not.toContain(SECRET);
  expect(answer.headers.get('x-request-id')).toBe('req_1');
  expect(await answer.json()).toEqual(chatCompletion());
});

test("a custom provider's sealed header that it repeats stays here too", async () => {
  const tenant = await rig.tenant();
  const headers = { Authorization: `Bearer ${SECRET}` };
  await tenant.customProvider({ slug: 'mine', baseUrl: rig.upstream.origin, headers });
  const answer = await post(`${tenant.base}/custom-mine/chat/completions`, CHAT);
  expect(rig.upstream.seen.at(-1)?.headers.authorization).toBe(`Bearer ${SECRET}`);
  expect([...answer.headers].flat().join('\n')).not.toContain(SECRET);
});

test("the client's own credential may be repeated to it", async () => {
  const { base } = await rig.tenant();
  const answer = await post(`${base}/openai/chat/completions`, CHAT, { authorization: 'Bearer sk-own-0123456789' });
  expect(answer.headers.get('x-seen')).toBe('Bearer sk-own-0123456789');
});

test('an encoded error that is too large to be looked through, and does not end, is refused and its provider stopped', async () => {
  rig.upstream.answer = (_seen, response) => {
    response.writeHead(400, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    response.write(Buffer.alloc(128 * 1024));
  };
  const tenant = await rig.tenant();
  await tenant.customProvider({
    slug: 'mine',
    baseUrl: rig.upstream.origin,
    headers: { Authorization: `Bearer ${SECRET}` },
  });
  const answer = await post(`${tenant.base}/custom-mine/chat/completions`, CHAT);
  expect(answer.status).toBe(502);
  expect(await answer.text()).toContain('cannot be looked through');
  let isCut = false;
  void rig.upstream.seen.at(-1)?.cut.then(() => (isCut = true));
  await waitFor(() => isCut, 'the provider is stopped');
});

test('with a stored key no coding is asked for that could not be looked through, and an error in the others passes', async () => {
  const body = brotliCompressSync(gzipSync('{"error":{"message":"no such model"}}'));
  rig.upstream.answer = (_seen, response) => {
    response.writeHead(404, { 'content-type': 'application/json', 'content-encoding': 'gzip, br' }).end(body);
  };
  const tenant = await rig.tenant();
  const { gatewayId } = tenant;
  await tenant.providerKey({ gatewayId, provider: 'openai', origin: rig.upstream.origin, secret: SECRET });
  const headers = { 'content-type': 'application/json', 'accept-encoding': 'gzip, br, compress, *;q=0.1' };
  const token = { 'cf-aig-authorization': `Bearer ${await tenant.apiToken()}` };
  const call = (own: Record<string, string>): ReturnType<typeof rawCall> =>
    rawCall(`${tenant.base}/openai/chat/completions`, { headers: { ...headers, ...own }, body: JSON.stringify(CHAT) });
  const answer = await call(token);
  expect(rig.upstream.seen.at(-1)?.headers['accept-encoding']).toBe('gzip, br');
  expect([answer.status, answer.body.equals(body)]).toEqual([404, true]);
  await call({ authorization: 'Bearer sk-own-0123456789' });
  expect(rig.upstream.seen.at(-1)?.headers['accept-encoding']).toBe(headers['accept-encoding']);
});

test("of a custom provider's headers, those that everybody knows may be repeated, and no part of the others", async () => {
  rig.upstream.answer = answerJson(
    400,
    { error: { code: 'no_2023-06-01', message: `session ${SECRET} has ended` } },
    { 'x-served-version': '2023-06-01', 'x-session': SECRET },
  );
  const tenant = await rig.tenant();
  const headers = { 'anthropic-version': '2023-06-01', Cookie: `session=${SECRET}; theme=dark` };
  await tenant.customProvider({ slug: 'mine', baseUrl: rig.upstream.origin, headers });
  const answer = await post(`${tenant.base}/custom-mine/chat/completions`, CHAT);
  expect(rig.upstream.seen.at(-1)?.headers).toMatchObject({
    cookie: headers.Cookie,
    'anthropic-version': '2023-06-01',
  });
  expect([answer.headers.get('x-served-version'), answer.headers.get('x-session')]).toEqual(['2023-06-01', null]);
  const message = `session ${'*'.repeat(SECRET.length)} has ended`;
  expect(await answer.json()).toEqual({ error: { code: 'no_2023-06-01', message } });
});
