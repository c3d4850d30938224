import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerJson, chatCompletion } from '../../support/fake-upstream.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';
import { usageRecords } from '../../support/usage-records.js';
import { waitFor } from '../../support/wait-for.js';

const FAILURES_MIN = 3;
/** One that opens stays open for all of its test: only a short time ends, and only where that is waited for. */
const openFor = (openMs: number) => ({ failuresMin: FAILURES_MIN, openMsMin: openMs, openMsMax: openMs });
let rig: Rig;

beforeAll(async () => {
  rig = await startRig({}, { breakers: openFor(60_000) });
});
afterAll(() => rig.stop());

const FAILURE = { error: { message: 'The server had an error', type: 'server_error' } };

/** A tenant whose calls have just failed often enough. */
async function failingTenant({ tenant: newTenant, upstream } = rig) {
  const tenant = await newTenant();
  upstream.answer = answerJson(500, FAILURE);
  const url = `${tenant.base}/openai/chat/completions`;
  for (let i = 0; i < FAILURES_MIN; i++) expect((await post(url, CHAT)).status).toBe(500);
  return { ...tenant, url };
}

test('a gateway whose calls fail is refused with 503/9006 and Retry-After, without a row; no other account is', async () => {
  const [failing, other] = [await failingTenant(), await rig.tenant()];
  const seen = rig.upstream.seen.length;
  const response = await post(failing.url, CHAT);
  expect(response.status).toBe(503);
  const waitSeconds = Number(response.headers.get('retry-after'));
  expect(waitSeconds).toBeGreaterThan(0);
  expect(waitSeconds).toBeLessThanOrEqual(60);
  expect(response.headers.get('cf-aig-log-id')).toBeNull();
  expect(await response.json()).toMatchObject({ internalCode: 9006 });
  expect(rig.upstream.seen).toHaveLength(seen);

  rig.upstream.answer = answerJson(200, chatCompletion());
  expect((await post(`${other.base}/openai/chat/completions`, CHAT)).status).toBe(200);
  const rows = await usageRecords(rig.proxy.owner, failing.accountId, FAILURES_MIN);
  expect(rows.map((row) => row['status_code'])).toEqual([500, 500, 500]);
});

test('clients that give the provider less time than their gateway does keep nobody else from it', async () => {
  const tenant = await rig.tenant({ request_timeout_ms: 60_000 });
  const url = `${tenant.base}/openai/chat/completions`;
  const openai = { provider: 'openai', endpoint: 'chat/completions', query: CHAT, config: { requestTimeout: 100 } };
  rig.upstream.answer = () => undefined;
  for (let i = 0; i < FAILURES_MIN; i++) {
    expect((await post(url, CHAT, { 'cf-aig-request-timeout': '100' })).status).toBe(504);
    expect((await post(tenant.base, [openai])).status).toBe(504);
  }
  rig.upstream.answer = answerJson(200, chatCompletion());
  expect((await post(url, CHAT)).status).toBe(200);
});

test('a time limit of the gateway that the provider does not keep opens its breaker', async () => {
  const tenant = await rig.tenant({ request_timeout_ms: 100 });
  const url = `${tenant.base}/openai/chat/completions`;
  rig.upstream.answer = () => undefined;
  for (let i = 0; i < FAILURES_MIN; i++) expect((await post(url, CHAT)).status).toBe(504);
  expect((await post(url, CHAT)).status).toBe(503);
});

test('after a while one call is let through, and its success closes the breaker', async () => {
  const hasty = await startRig({}, { breakers: openFor(200) });
  try {
    const failing = await failingTenant(hasty);
    hasty.upstream.answer = answerJson(200, chatCompletion());
    await waitFor(async () => (await post(failing.url, CHAT)).status === 200, 'one call is let through, and succeeds');
    expect((await post(failing.url, CHAT)).status).toBe(200);
    const rows = await usageRecords(hasty.proxy.owner, failing.accountId, FAILURES_MIN + 2);
    expect(rows.map((row) => row['status_code'])).toEqual([500, 500, 500, 200, 200]);
  } finally {
    await hasty.stop();
  }
});

test('a breaker that opens while a request is retried ends its retries: the last answer passes on', async () => {
  const tenant = await rig.tenant({ retry_max_attempts: 5, retry_delay_ms: 0 });
  rig.upstream.answer = answerJson(502, FAILURE);
  const response = await post(`${tenant.base}/openai/chat/completions`, CHAT);
  expect(response.status).toBe(502);
  expect(await response.json()).toEqual(FAILURE);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row?.['attempts']).toHaveLength(FAILURES_MIN);
});

test("the openai SDK sees a breaker as a server's error that it may try again", async () => {
  const tenant = await failingTenant();
  const client = new OpenAI({ baseURL: `${tenant.base}/openai`, apiKey: 'sk-test', maxRetries: 0 });
  const call = client.chat.completions.create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }] });
  await expect(call).rejects.toBeInstanceOf(OpenAI.InternalServerError);
});

test('a universal request passes over a step whose breaker is open, but for the last one when all are', async () => {
  const tenant = await failingTenant();
  const openai = { provider: 'openai', endpoint: 'chat/completions', query: CHAT };
  expect((await post(tenant.base, [openai])).status).toBe(503); // one step is a request like others
  const seen = rig.upstream.seen.length;
  rig.upstream.answer = answerJson(200, chatCompletion());
  const rescued = await post(tenant.base, [openai, openai]);
  expect([rescued.status, rescued.headers.get('cf-aig-step')]).toEqual([200, '1']);
  expect(rig.upstream.seen).toHaveLength(seen + 1);
});

test('the last step that only its breaker holds back is tried when those behind it cannot be called', async () => {
  const tenant = await failingTenant();
  const openai = { provider: 'openai', endpoint: 'chat/completions', query: CHAT };
  const nowhere = { ...openai, provider: 'compat' };
  const seen = rig.upstream.seen.length;
  rig.upstream.answer = answerJson(200, chatCompletion());
  const rescued = await post(tenant.base, [nowhere, openai, nowhere]);
  expect([rescued.status, rescued.headers.get('cf-aig-step')]).toEqual([200, '1']);
  expect(rig.upstream.seen).toHaveLength(seen + 1);
});
