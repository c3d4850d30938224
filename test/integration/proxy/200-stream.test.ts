import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerEvents, chatEvents } from '../../support/fake-upstream.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';
import { usageRecords } from '../../support/usage-records.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const WORDS = ['Hel', 'lo ', 'wörld'];
const STREAMING = { ...CHAT, stream: true };

test('a stream that did not ask for usage gets it asked for upstream, and hidden again on the way down', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = answerEvents(chatEvents(WORDS, true));

  const response = await post(`${tenant.base}/openai/chat/completions`, STREAMING);

  expect(await response.text()).toBe(chatEvents(WORDS, false).join(''));
  const seen = JSON.parse(rig.upstream.seen.at(-1)?.body.toString() ?? '') as unknown;
  expect(seen).toEqual({ ...STREAMING, stream_options: { include_usage: true } });
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({
    streamed: true,
    usage_source: 'PROVIDER',
    input_tokens: '1000',
    output_tokens: '100',
    client_aborted: false,
    interrupted: false,
    time_to_first_token_ms: expect.any(Number),
  });
});

test('a stream that asked for usage passes byte for byte in both directions', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = answerEvents(chatEvents(WORDS, true));
  const body = JSON.stringify({ ...STREAMING, stream_options: { include_usage: true } });

  const response = await post(`${tenant.base}/openai/chat/completions`, body);

  expect(await response.text()).toBe(chatEvents(WORDS, true).join(''));
  expect(rig.upstream.seen.at(-1)?.body.toString()).toBe(body);
});

test('with injectStreamUsage off nothing is added, and the usage is estimated and says so', async () => {
  const tenant = await rig.tenant({ inject_stream_usage: false });
  rig.upstream.answer = answerEvents(chatEvents(WORDS, false));
  const body = JSON.stringify(STREAMING);

  const response = await post(`${tenant.base}/openai/chat/completions`, body);

  expect(await response.text()).toBe(chatEvents(WORDS, false).join(''));
  expect(rig.upstream.seen.at(-1)?.body.toString()).toBe(body);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ usage_source: 'ESTIMATED', usage_note: expect.any(String) });
});

test('each event arrives as it is sent, long before the stream ends', async () => {
  const tenant = await rig.tenant();
  let goOn = (): void => undefined;
  const paused = new Promise<void>((resolve) => (goOn = resolve));
  rig.upstream.answer = async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chatEvents(['first'], false)[0]);
    await paused;
    response.end('data: [DONE]\n\n');
  };

  const response = await post(`${tenant.base}/openai/chat/completions`, STREAMING);
  const reader = response.body?.getReader();
  const first = await reader?.read();
  expect(Buffer.from(first?.value ?? []).toString()).toContain('first');
  goOn();
  const rest = await reader?.read();
  expect(Buffer.from(rest?.value ?? []).toString()).toBe('data: [DONE]\n\n');
});

test('a stream that the provider breaks off ends with an error event in its own dialect, and is recorded as interrupted', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chatEvents(['first'], false)[0], () => response.destroy());
  };

  const response = await post(`${tenant.base}/openai/chat/completions`, STREAMING);
  const text = await response.text();

  expect(text).toContain('first');
  expect(text).toMatch(/"error"/);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ interrupted: true, client_aborted: false, status_code: 200, usage_source: 'ESTIMATED' });
});

test.each(['identity', 'Identity'])('an upstream that names %s as its encoding names none', async (encoding) => {
  const tenant = await rig.tenant();
  const head = { 'content-type': 'text/event-stream', 'content-encoding': encoding };
  rig.upstream.answer = (_request, response) =>
    void response.writeHead(200, head).end(chatEvents(WORDS, true).join(''));
  const whole = await post(`${tenant.base}/openai/chat/completions`, STREAMING);
  expect(await whole.text()).toBe(chatEvents(WORDS, false).join(''));
  rig.upstream.answer = (_request, response) =>
    void response.writeHead(200, head).write(chatEvents(['first'], false)[0], () => response.destroy());
  const broken = await post(`${tenant.base}/openai/chat/completions`, STREAMING);
  expect(await broken.text()).toMatch(/first.*"error"/s);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 2);
  expect(row).toMatchObject({ usage_source: 'PROVIDER', input_tokens: '1000', output_tokens: '100' });
});
