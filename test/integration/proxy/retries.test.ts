import { connect } from 'node:net';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { estimateTokens } from '../../../proxy/dialects/estimate.js';
import { answerEvents, answerJson, chatCompletion, chatEvents, type Answer } from '../../support/fake-upstream.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';
import { usageRecords } from '../../support/usage-records.js';
import { waitFor } from '../../support/wait-for.js';

let rig: Rig;

/** A tenant of whom a token costs a pico-USD. */
async function pricedTenant(settings: Readonly<Record<string, unknown>>) {
  const tenant = await rig.tenant(settings);
  await tenant.priceOverride({ provider: 'openai', model: 'gpt-4o-mini', match: 'PREFIX' });
  return tenant;
}

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const RETRIES = { retry_max_attempts: 3, retry_delay_ms: 0 };
const FAILURE = { error: { message: 'The server had an error', type: 'server_error' } };

/** One answer after the other; the last one again and again. */
function inTurn(...answers: readonly Answer[]): Answer {
  let next = 0;
  return (request, response) => answers[Math.min(next++, answers.length - 1)]?.(request, response);
}
const silence: Answer = () => undefined;
/** The limit of every attempt: it passes in silence once, and those that answer have the time. */
const FIRST_SILENT = { 'cf-aig-request-timeout': '1000' };
const hangUp: Answer = (_request, response) => void response.destroy();

/** How many requests the upstream saw while `call` ran, and what it gave. */
async function counted<T>(call: () => Promise<T>): Promise<[number, T]> {
  const before = rig.upstream.seen.length;
  const given = await call();
  return [rig.upstream.seen.length - before, given];
}

test.each([408, 429, 500, 502, 503, 504, 529])(
  'after an answer of %i the next attempt’s answer is what the client gets, and both are recorded',
  async (status) => {
    const tenant = await pricedTenant(RETRIES);
    rig.upstream.answer = inTurn(answerJson(status, FAILURE), answerJson(200, chatCompletion()));
    const [calls, response] = await counted(() => post(`${tenant.base}/openai/chat/completions`, CHAT));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(chatCompletion());
    expect(calls).toBe(2);
    const [row, ...others] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      status_code: 200,
      error_code: null,
      input_tokens: '1000',
      output_tokens: '100',
      cost_pico: '1100',
      cost_status: 'PRICED',
      usage_source: 'PROVIDER',
    });
    expect(row?.['attempts']).toMatchObject([
      {
        number: 1,
        step: 0,
        provider: 'openai',
        statusCode: status,
        costStatus: 'NOT_BILLABLE',
        costPico: '0',
        units: {},
      },
      {
        number: 2,
        step: 0,
        statusCode: 200,
        costStatus: 'PRICED',
        costPico: '1100',
        units: { inputTokens: 1000 },
      },
    ]);
  },
);

test.each([400, 401, 403, 404, 413, 422, 501])('an answer of %i passes on at once', async (status) => {
  const tenant = await rig.tenant(RETRIES);
  rig.upstream.answer = answerJson(status, FAILURE);
  const [calls, response] = await counted(() => post(`${tenant.base}/openai/chat/completions`, CHAT));
  expect([calls, response.status]).toEqual([1, status]);
});

test('when every attempt fails, the last answer passes on as it came', async () => {
  const tenant = await rig.tenant(RETRIES);
  rig.upstream.answer = inTurn(
    answerJson(500, FAILURE),
    answerJson(502, FAILURE),
    answerJson(503, { error: 'the last one' }, { 'x-ratelimit-remaining-requests': '0' }),
  );
  const [calls, response] = await counted(() => post(`${tenant.base}/openai/chat/completions`, CHAT));
  expect([calls, response.status]).toEqual([3, 503]);
  expect(await response.json()).toEqual({ error: 'the last one' });
  expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('0');
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ status_code: 503, cost_status: 'NOT_BILLABLE', cost_pico: '0', usage_source: 'NONE' });
  expect(row?.['attempts']).toMatchObject([{ statusCode: 500 }, { statusCode: 502 }, { statusCode: 503 }]);
});

test('a gateway that says nothing of retries makes one attempt, unless the request asks for more', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = answerJson(503, FAILURE);
  const url = `${tenant.base}/openai/chat/completions`;
  expect((await counted(() => post(url, CHAT)))[0]).toBe(1);
  const headers = { 'cf-aig-max-attempts': '4', 'cf-aig-retry-delay': '0', 'cf-aig-backoff': 'constant' };
  expect((await counted(() => post(url, CHAT, headers)))[0]).toBe(4);
  const clamped = { 'cf-aig-max-attempts': '99', 'cf-aig-retry-delay': '0' };
  expect((await counted(() => post(url, CHAT, clamped)))[0]).toBe(5);
});

test.each([
  ['cf-aig-max-attempts', 'many'],
  ['cf-aig-max-attempts', '1.5'],
  ['cf-aig-retry-delay', '-1'],
  ['cf-aig-backoff', 'random'],
])('%s: %s is 400/9001 and goes nowhere', async (name, value) => {
  const tenant = await rig.tenant();
  const [calls, response] = await counted(() =>
    post(`${tenant.base}/openai/chat/completions`, CHAT, { [name]: value }),
  );
  expect(await response.json()).toMatchObject({ internalCode: 9001, description: expect.stringContaining(name) });
  expect(calls).toBe(0);
});

test('a request can switch the retries of its gateway off', async () => {
  const tenant = await rig.tenant(RETRIES);
  rig.upstream.answer = answerJson(503, FAILURE);
  const headers = { 'cf-aig-max-attempts': '1' };
  const [calls] = await counted(() => post(`${tenant.base}/openai/chat/completions`, CHAT, headers));
  expect(calls).toBe(1);
});

test('every attempt sends the same bytes and headers', async () => {
  const tenant = await rig.tenant(RETRIES);
  rig.upstream.answer = inTurn(answerJson(500, FAILURE), answerJson(503, FAILURE), answerJson(200, chatCompletion()));
  const body = { ...CHAT, stream: true, big: 12345678901234 };
  await post(`${tenant.base}/openai/chat/completions`, body, { authorization: 'Bearer sk-test' });
  const [first, second, third] = rig.upstream.seen.slice(-3);
  for (const other of [second, third]) {
    expect(other?.body).toEqual(first?.body);
    expect(other?.rawHeaders).toEqual(first?.rawHeaders);
  }
});

test('a stream is retried before its first byte, and its usage is that of the attempt which streamed', async () => {
  const tenant = await pricedTenant(RETRIES);
  rig.upstream.answer = inTurn(answerJson(529, FAILURE), answerEvents(chatEvents(['Hi ', 'there'], true)));
  const response = await post(`${tenant.base}/openai/chat/completions`, { ...CHAT, stream: true });
  expect(await response.text()).toContain('data: [DONE]');
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ streamed: true, input_tokens: '1000', output_tokens: '100', cost_pico: '1100' });
  expect(row?.['attempts']).toMatchObject([{ statusCode: 529 }, { statusCode: 200 }]);
});

test('a stream that breaks off is not tried again: its client has seen some of it', async () => {
  const tenant = await rig.tenant({ ...RETRIES, retry_when_sent: true });
  rig.upstream.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chatEvents(['Hi'], false)[0] ?? '', () => response.destroy());
  };
  const url = `${tenant.base}/openai/chat/completions`;
  const [calls, text] = await counted(async () => (await post(url, { ...CHAT, stream: true })).text());
  expect(calls).toBe(1);
  expect(text).toContain('upstream_error');
});

test('a request that was sent and not answered is tried again only with retryWhenSent', async () => {
  const cautious = await rig.tenant(RETRIES);
  for (const [answer, status, headers] of [
    [silence, 504, { 'cf-aig-request-timeout': '100' }],
    [hangUp, 502, {}],
  ] as const) {
    rig.upstream.answer = answer;
    const call = (): Promise<Response> => post(`${cautious.base}/openai/chat/completions`, CHAT, headers);
    const [calls, response] = await counted(call);
    expect([calls, response.status]).toEqual([1, status]);
  }
  const bold = await pricedTenant({ ...RETRIES, retry_when_sent: true });
  rig.upstream.answer = inTurn(silence, hangUp, answerJson(200, chatCompletion()));
  const [calls, response] = await counted(() => post(`${bold.base}/openai/chat/completions`, CHAT, FIRST_SILENT));
  expect([calls, response.status]).toEqual([3, 200]);
  const [row] = await usageRecords(rig.proxy.owner, bold.accountId, 1);
  // Both times it was sent; the first time we gave it up, the second time the provider did.
  const inputTokens = estimateTokens(CHAT.messages[0]?.content.length ?? 0);
  expect(row).toMatchObject({
    status_code: 200,
    input_tokens: String(1000 + inputTokens),
    cost_pico: String(1100 + inputTokens),
    cost_status: 'ESTIMATED',
  });
  expect(row?.['attempts']).toMatchObject([
    { number: 1, statusCode: null, errorCode: 2005, usageSource: 'ESTIMATED', units: { inputTokens } },
    { number: 2, statusCode: null, errorCode: 2005, usageSource: 'NONE', costPico: '0' },
    { number: 3, statusCode: 200, errorCode: null, usageSource: 'PROVIDER' },
  ]);
});

test('what a client says that its request costs in total is charged once, however often it was sent', async () => {
  const tenant = await rig.tenant({ ...RETRIES, retry_when_sent: true });
  rig.upstream.answer = inTurn(silence, answerJson(200, chatCompletion()));
  const headers = { ...FIRST_SILENT, 'cf-aig-custom-cost': '{"total_cost":0.25}' };
  expect((await post(`${tenant.base}/openai/chat/completions`, CHAT, headers)).status).toBe(200);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ cost_pico: '250000000000', cost_status: 'CUSTOM', price_rule: 'custom total=0.25' });
  expect(row?.['attempts']).toMatchObject([{ costPico: '0' }, { costPico: '250000000000' }]);
});

test('a wait that a provider asks for is kept when there is time for it, else the answer passes on', async () => {
  const tenant = await rig.tenant(RETRIES);
  const url = `${tenant.base}/openai/chat/completions`;
  for (const wait of [
    { 'retry-after': '0' },
    { 'retry-after-ms': '20' },
    { 'retry-after': 'Sat, 28 Nov 2020 12:00:00 GMT' },
  ]) {
    rig.upstream.answer = inTurn(answerJson(429, FAILURE, wait), answerJson(200, chatCompletion()));
    expect((await counted(() => post(url, CHAT)))[0]).toBe(2);
  }
  for (const wait of [{ 'retry-after': '3600' }, { 'retry-after': '1000000000' }, { 'x-should-retry': 'false' }]) {
    rig.upstream.answer = answerJson(429, FAILURE, wait);
    const [calls, response] = await counted(() => post(url, CHAT));
    expect([calls, response.status]).toEqual([1, 429]);
    expect(response.headers.get(Object.keys(wait)[0] ?? '')).toBe(Object.values(wait)[0]);
  }
});

test('a body larger than what is held is sent once', async () => {
  const tenant = await rig.tenant(RETRIES);
  rig.upstream.answer = answerJson(503, FAILURE);
  const body = { ...CHAT, padding: 'x'.repeat(1024 * 1024) };
  const [calls, response] = await counted(() => post(`${tenant.base}/openai/chat/completions`, body));
  expect([calls, response.status]).toEqual([1, 503]);
});

test('a request without a body is tried again', async () => {
  const tenant = await rig.tenant(RETRIES);
  rig.upstream.answer = inTurn(answerJson(503, FAILURE), answerJson(200, { data: [] }));
  const [calls, response] = await counted(() => fetch(`${tenant.base}/openai/models`));
  expect([calls, response.status]).toEqual([2, 200]);
});

test('a client that leaves while its next attempt is awaited ends it, and is recorded with the attempt that was made', async () => {
  const tenant = await rig.tenant({ retry_max_attempts: 3, retry_delay_ms: 60_000 });
  rig.upstream.answer = answerJson(503, FAILURE);
  const { hostname, port, pathname } = new URL(`${tenant.base}/openai/chat/completions`);
  const body = JSON.stringify(CHAT);
  const before = rig.upstream.seen.length;
  const client = connect(Number(port), hostname);
  client.write(`POST ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`);
  client.write(`content-length: ${body.length}\r\n\r\n${body}`);
  await waitFor(() => rig.upstream.seen.length === before + 1, 'the first attempt is made');
  client.destroy();
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ status_code: 499, client_aborted: true });
  expect(rig.upstream.seen).toHaveLength(before + 1);
});

test('the openai SDK sees its own errors, and its own retries come on top of the gateway’s', async () => {
  const tenant = await rig.tenant({ retry_max_attempts: 2, retry_delay_ms: 0 });
  const baseURL = `${tenant.base}/openai`;
  const client = (maxRetries: number): OpenAI => new OpenAI({ baseURL, apiKey: 'sk-test', maxRetries });
  const messages = [{ role: 'user' as const, content: 'Hello' }];
  const call = (maxRetries: number): Promise<unknown> =>
    client(maxRetries).chat.completions.create({ model: 'gpt-4o-mini', messages });

  rig.upstream.answer = answerJson(429, FAILURE, { 'retry-after-ms': '1' });
  const [limited] = await counted(() => expect(call(0)).rejects.toBeInstanceOf(OpenAI.RateLimitError));
  expect(limited).toBe(2);
  rig.upstream.answer = answerJson(500, FAILURE);
  await expect(call(0)).rejects.toBeInstanceOf(OpenAI.InternalServerError);
  rig.upstream.answer = answerJson(401, FAILURE);
  await expect(call(0)).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  rig.upstream.answer = hangUp;
  await expect(call(0)).rejects.toMatchObject({ status: 502 });

  const failing = answerJson(503, FAILURE, { 'retry-after-ms': '1' });
  rig.upstream.answer = inTurn(failing, failing, failing, answerJson(200, chatCompletion()));
  const [calls] = await counted(() => call(1));
  expect(calls).toBe(4);
});
