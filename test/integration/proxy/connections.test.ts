import { once } from 'node:events';
import { Agent, createServer, request, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { listen } from '../../../platform/listen.js';
import { answerJson, chatCompletion, chatEvents } from '../../support/fake-upstream.js';
import { rawCall } from '../../support/raw-call.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';
import { usageRecords } from '../../support/usage-records.js';
import { waitFor } from '../../support/wait-for.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const MEBIBYTE = 1024 * 1024;

function connectTo(url: string): Socket {
  const { hostname, port } = new URL(url);
  return connect(Number(port), hostname).on('error', () => undefined); // it is the test that breaks the connection
}

function requestText(url: string, body: string): string {
  const { pathname, host } = new URL(url);
  return `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

test('two requests sent at once on one connection are answered in their order', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = (seen, response) => answerJson(200, { echo: seen.body.toString() })(seen, response);
  const client = connectTo(tenant.base);
  const url = `${tenant.base}/openai/chat/completions`;
  client.write(requestText(url, '{"n":1}') + requestText(url, '{"n":2}'));
  let text = '';
  client.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await waitFor(() => text.includes('\\"n\\":2'), 'both answers arrive');
  expect(text.indexOf('\\"n\\":1')).toBeLessThan(text.indexOf('\\"n\\":2'));
  client.destroy();
});

test('a client that leaves takes its request along, and what it had sent behind it is never begun', async () => {
  const tenant = await rig.tenant();
  const before = rig.upstream.seen.length;
  rig.upstream.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chatEvents(['x'.repeat(100_000)], false)[0]); // more than is held for a client that does not read
  };
  const client = connectTo(tenant.base);
  const url = `${tenant.base}/openai/chat/completions`;
  const body = JSON.stringify({ ...CHAT, stream: true });
  client.write(requestText(url, body) + requestText(url, body));
  await waitFor(() => rig.upstream.seen.length === before + 1, 'the upstream sees the first call');
  client.destroy();
  await rig.upstream.seen.at(-1)?.cut;
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(rows.map((row) => row['client_aborted'])).toEqual([true]);
  expect(rig.upstream.seen.length).toBe(before + 1);
});

test('as many calls are with one provider at a time as may run: none waits for the connection of another', async () => {
  const tenant = await rig.tenant();
  const calls = 1_100;
  const release: (() => void)[] = [];
  rig.upstream.answer = (seen, response) =>
    void release.push(() => void answerJson(200, chatCompletion())(seen, response));
  const answers = Array.from({ length: calls }, () => post(`${tenant.base}/openai/chat/completions`, CHAT));
  await waitFor(() => release.length === calls, 'all calls are with the provider', 15_000);
  for (const answer of release) answer();
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([200]));
});

/** A large upload whose second half is sent only after the answer's head is there. */
async function uploadSlowly(url: string, agent: Agent): Promise<IncomingMessage> {
  const sent = request(url, { method: 'POST', agent, headers: { 'transfer-encoding': 'chunked' } });
  sent.on('error', () => undefined); // the answer is what counts
  sent.write(Buffer.alloc(2 * MEBIBYTE));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  sent.end(Buffer.alloc(MEBIBYTE));
  return response;
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}

test('an answer that comes before a large upload is read reaches the client whole', async () => {
  // a provider that refuses at the head, as one does that does not know the key
  const provider = createServer(
    (_request, response) => void response.writeHead(401, { 'content-length': 2 }).end('no'),
  );
  const port = await listen(provider, { host: '127.0.0.1', port: 0, name: 'provider', variable: 'none' });
  const early = await startRig({ PROVIDER_ORIGINS: JSON.stringify({ openai: `http://127.0.0.1:${port}` }) });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const tenant = await early.tenant();
    for (let i = 0; i < 2; i++) {
      const response = await uploadSlowly(`${tenant.base}/openai/files`, agent);
      expect(response.statusCode).toBe(401);
      expect(await textOf(response)).toBe('no');
    }
    const rows = await usageRecords(early.proxy.owner, tenant.accountId, 2);
    expect(rows.map((row) => row['status_code'])).toEqual([401, 401]);
  } finally {
    agent.destroy();
    provider.closeAllConnections();
    provider.close();
    await early.stop();
  }
});

test('a hundred requests on one connection leave no listener behind', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = answerJson(200, chatCompletion());
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on('warning', onWarning);
  for (let i = 0; i < 100; i++) await (await post(`${tenant.base}/openai/chat/completions`, CHAT)).arrayBuffer();
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});

test('a client that asks before it sends its body may send it', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = answerJson(200, chatCompletion());
  const sent = request(`${tenant.base}/openai/chat/completions`, {
    method: 'POST',
    headers: { expect: '100-continue', 'content-type': 'application/json' },
  });
  sent.on('continue', () => sent.end(JSON.stringify(CHAT)));
  sent.flushHeaders();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  expect(response.statusCode).toBe(200);
  expect(rig.upstream.seen.at(-1)?.headers).not.toHaveProperty('expect');
});

test('a request with more headers than are read is refused, not half read', async () => {
  const tenant = await rig.tenant();
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x-header-${i}`, '1']));
  const headers = { host: new URL(tenant.base).host, ...many, 'cf-aig-collect-log': 'false' };
  const answer = await rawCall(`${tenant.base}/openai/chat/completions`, { headers, body: '{}' });
  expect(answer.status).toBe(400);
  expect(answer.body.toString()).toContain('headers');
});

/** A client that reads nothing until it has sent everything, as many do; what it then reads, or the error it met. */
async function sendThenRead(url: string, bodyBytes: number): Promise<string> {
  const client = connectTo(url);
  let text = '';
  return new Promise((resolve) => {
    client.on('error', (error) => resolve(error.message)).on('close', () => resolve(text));
    client.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('"description"')) resolve(text);
    });
    client.pause();
    client.write(requestText(url, 'x'.repeat(bodyBytes)), () => client.resume());
  });
}

test('a refusal before the body reaches a client that sends all of it first', async () => {
  const url = `${rig.proxy.url}/v1/nobody/none/openai/chat/completions`;
  const answers = await Promise.all(Array.from({ length: 20 }, () => sendThenRead(url, 3_000_000)));
  expect(answers.map((text) => text.slice(0, 12))).toEqual(answers.map(() => 'HTTP/1.1 400'));
});

test('a refusal does not wait for the end of a body that has none', async () => {
  const client = connectTo(rig.proxy.url);
  const closed = new Promise<void>((resolve) => client.on('close', () => resolve()));
  client.resume().write('POST /v1/nobody/none/openai/x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n');
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
  const sending = setInterval(() => client.write(chunk), 1);
  await closed; // by the proxy: the client would go on for ever
  clearInterval(sending);
});

test('a connection is closed after its thousandth answer, which says so, and a client that reuses it misses nothing', async () => {
  const tenant = await rig.tenant();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set<Socket>();
  const statuses = new Set<number | undefined>();
  let told = 0;
  for (let i = 0; i < 1_005; i++) {
    // The bare base is answered without an upstream call.
    const sent = request(`${tenant.base}/openai`, { method: 'GET', agent });
    sent.once('socket', (socket: Socket) => sockets.add(socket));
    sent.end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    await answer.resume().toArray();
    statuses.add(answer.statusCode);
    if (answer.headers.connection === 'close') told = i + 1;
  }
  agent.destroy();
  expect([...statuses]).toEqual([200]);
  expect(told).toBe(1_000);
  expect(sockets.size).toBe(2);
  const [first] = sockets;
  await waitFor(() => first?.destroyed === true, 'the first connection is closed');
});

test('a client that goes on after the last answer of a connection finds it closed', async () => {
  const tenant = await rig.tenant();
  const client = connectTo(tenant.base);
  const { pathname, host } = new URL(`${tenant.base}/openai`);
  let text = '';
  let isEnded = false;
  client.on('data', (chunk: Buffer) => (text += chunk.toString('latin1'))).on('end', () => (isEnded = true));
  client.write(`GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\n\r\n`.repeat(1_000));
  await waitFor(() => text.split('HTTP/1.1 200 ').length > 1_000, 'a thousand answers', 10_000);
  await waitFor(() => isEnded, 'the server ends the connection');
  expect(text).not.toContain(' 503 ');
});
