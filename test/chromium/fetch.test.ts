import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openBrowser, type TestBrowser } from '../support/browser.js';
import { answerEvents, answerJson, chatCompletion, chatEvents } from '../support/fake-upstream.js';
import { CHAT, startRig, type Rig } from '../support/rig.js';
import { usageRecords } from '../support/usage-records.js';

let rig: Rig;
let browser: TestBrowser;

beforeAll(async () => {
  [rig, browser] = await Promise.all([startRig(), openBrowser()]);
});
afterAll(() => Promise.all([browser.close(), rig.stop()]));

const HEADERS = {
  'content-type': 'application/json',
  authorization: 'Bearer sk-page',
  'cf-aig-metadata': '{"page":"chat"}',
};

/** What a page sees of one call: runs inside the browser. */
async function callFromPage(call: { url: string; headers: Record<string, string>; body: unknown }): Promise<{
  status: number;
  logId: string | null;
  requestId: string | null;
  chunks: string[];
}> {
  const response = await fetch(call.url, { method: 'POST', headers: call.headers, body: JSON.stringify(call.body) });
  const chunks: string[] = [];
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) chunks.push(part.value);
  const { headers, status } = response;
  return { status, logId: headers.get('cf-aig-log-id'), requestId: headers.get('cf-aig-request-id'), chunks };
}

test('a page of another origin calls the gateway, and reads the answer and its log id', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = answerJson(200, chatCompletion());
  const url = `${tenant.base}/openai/chat/completions`;
  const seen = await browser.page.evaluate(callFromPage, { url, headers: HEADERS, body: CHAT });
  expect(seen.status).toBe(200);
  expect(JSON.parse(seen.chunks.join(''))).toEqual(chatCompletion());
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ id: seen.logId, metadata: { page: 'chat' }, cost_status: expect.any(String) });
  const sent = rig.upstream.seen.at(-1)?.headers;
  expect(sent).toMatchObject({ authorization: 'Bearer sk-page' });
  for (const name of ['origin', 'referer', 'cf-aig-metadata']) expect(sent).not.toHaveProperty(name);
});

test('a page reads a stream as it comes', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = answerEvents(chatEvents(['Hel', 'lo'], true));
  const url = `${tenant.base}/openai/chat/completions`;
  const seen = await browser.page.evaluate(callFromPage, { url, headers: HEADERS, body: { ...CHAT, stream: true } });
  expect(seen.chunks.join('')).toBe(chatEvents(['Hel', 'lo'], false).join(''));
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ id: seen.logId, streamed: true, usage_source: 'PROVIDER' });
});

test('a page that goes away in the middle of a stream cancels the upstream', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chatEvents(['first'], false)[0]);
  };
  const url = `${tenant.base}/openai/chat/completions`;
  await browser.page.evaluate(
    async ({ url, headers, body }) => {
      const leaving = new AbortController();
      const response = await fetch(url, { method: 'POST', headers, body, signal: leaving.signal });
      await response.body?.getReader().read();
      leaving.abort();
    },
    { url, headers: HEADERS, body: JSON.stringify({ ...CHAT, stream: true }) },
  );
  await rig.upstream.seen.at(-1)?.cut;
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ client_aborted: true });
});

test('a page can read why it was refused', async () => {
  const url = `${rig.proxy.url}/v1/nobody/none/openai/chat/completions`;
  const seen = await browser.page.evaluate(callFromPage, { url, headers: HEADERS, body: CHAT });
  expect(seen).toMatchObject({ status: 400, logId: null, requestId: expect.any(String) });
  expect(JSON.parse(seen.chunks.join(''))).toMatchObject({ name: 'AiGatewayError', internalCode: 2001 });
});
