/** Answers that come before a body was read, and the question whether it should be sent at all. */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerJson } from '../../support/fake-upstream.js';
import { startRig, type Rig } from '../../support/rig.js';
import { waitFor } from '../../support/wait-for.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ BODY_BYTES_MAX: '1000000' });
});
afterAll(() => rig.stop());

interface RawClient {
  readonly socket: Socket;
  readonly text: () => string;
  readonly isOver: () => boolean;
}

/** A client that reads as it comes and never ends its own side. */
function open(): RawClient {
  const { hostname, port } = new URL(rig.proxy.url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  let text = '';
  let isOver = false;
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.on('end', () => (isOver = true)).on('error', () => (isOver = true));
  return { socket, text: () => text, isOver: () => isOver };
}

const head = (path: string, ...lines: string[]): string =>
  [`POST ${path} HTTP/1.1`, 'Host: a', 'Content-Type: application/json', ...lines, '', ''].join('\r\n');

async function closedGateway(): Promise<string> {
  const tenant = await rig.tenant({ authentication: true });
  return `/v1/${tenant.tag}/main/openai/chat/completions`;
}

test.each([
  ['401', closedGateway, 'Content-Length: 900000'],
  ['400', (): string => '/v1/nobody/none/openai/x', 'Content-Length: 900000'],
  ['400', (): string => '/v1/nobody/none/openai/x', 'Transfer-Encoding: chunked'],
  ['413', async () => new URL((await rig.tenant()).base).pathname + '/openai/files', 'Content-Length: 2000000'],
])(
  'a %s to a client that is still sending ends the connection, and is read before that',
  async (status, path, framing) => {
    const client = open();
    client.socket.write(head(await path(), framing));
    // so slowly that the answer comes long before the body's end, and goes on behind it
    const sending = setInterval(() => client.socket.write('1000\r\n'.padEnd(1_000, 'x')), 1);
    await waitFor(() => client.isOver(), 'the proxy ends its side');
    clearInterval(sending);
    expect(client.text()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(client.text()).toMatch(/\r\nconnection: close\r\n/i);
    expect(client.text()).toMatch(/"success":false.*\}$/s);
    client.socket.destroy();
  },
);

test('a client that never stops sending is cut behind 64 KiB, and had its answer', async () => {
  const client = open();
  let written = 0;
  client.socket.write(head('/v1/nobody/none/openai/x', 'Content-Length: 900000000'));
  const block = Buffer.alloc(16 * 1024, 'x');
  const sending = setInterval(() => {
    if (client.socket.writable) written += client.socket.write(block) ? block.length : 0;
  }, 1);
  await waitFor(() => client.socket.destroyed, 'the proxy cuts the connection').finally(() => clearInterval(sending));
  expect(client.text()).toContain('"internalCode":2001');
  expect(written).toBeLessThan(16 * 1024 * 1024);
});

test('a client that stops sending and holds the connection is cut after two seconds', async () => {
  const client = open();
  client.socket.write(head('/v1/nobody/none/openai/x', 'Content-Length: 900'));
  const startedAt = performance.now();
  client.socket.on('end', () => undefined); // it does not end its own side
  await waitFor(() => client.isOver(), 'the answer and the end of the proxy’s side');
  await waitFor(async () => (await connections()) === 0, 'the proxy lets go of the connection', 5_000);
  expect(performance.now() - startedAt).toBeGreaterThan(1_000);
  client.socket.destroy();
});

const connections = (): Promise<number> =>
  new Promise((resolve, reject) => {
    rig.proxy.proxy.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });

/** Asks before it sends, and tells what the answer was and whether it was told to go on. */
async function ask(path: string, body: string): Promise<{ status: number; isTold: boolean }> {
  const sent = request(`${rig.proxy.url}${path}`, {
    method: 'POST',
    agent: false,
    headers: { expect: '100-continue', 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
  });
  let isTold = false;
  sent.on('continue', () => {
    isTold = true;
    sent.end(body);
  });
  sent.on('error', () => undefined); // a refusal ends the connection under the body that was never sent
  sent.flushHeaders();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'close');
  sent.destroy();
  return { status: response.statusCode ?? 0, isTold };
}

test('a client that asks is told to go on only when its body is about to be read', async () => {
  const open = new URL((await rig.tenant()).base).pathname;
  rig.upstream.answer = answerJson(200, {});
  expect(await ask(`${open}/openai/chat/completions`, '{}')).toEqual({ status: 200, isTold: true });
  expect(await ask(await closedGateway(), '{}')).toEqual({ status: 401, isTold: false });
  expect(await ask('/v1/nobody/none/openai/x', '{}')).toEqual({ status: 400, isTold: false });
  expect(await ask(`${open}/nobody/x`, '{}')).toEqual({ status: 400, isTold: false });
  expect(await ask(`${open}/openai/files`, 'x'.repeat(1_000_001))).toEqual({ status: 413, isTold: false });
});

test('a request that comes back to this gateway is a loop, and no provider sees it twice', async () => {
  const tenant = await rig.tenant();
  const path = new URL(tenant.base).pathname;
  rig.upstream.answer = async (seen, response) => {
    // a provider whose base URL points back at us
    const back = await fetch(`${rig.proxy.url}${path}/openai/models`, {
      headers: { 'cdn-loop': String(seen.headers['cdn-loop']) },
    });
    await answerJson(back.status, await back.json())(seen, response);
  };
  const before = rig.upstream.seen.length;
  const answer = await fetch(`${tenant.base}/openai/models`, { headers: { 'cdn-loop': 'cloudflare' } });
  expect(answer.status).toBe(508);
  expect(await answer.json()).toMatchObject({ internalCode: 9007 });
  expect(rig.upstream.seen.length).toBe(before + 1);
  expect(rig.upstream.seen.at(-1)?.headers['cdn-loop']).toMatch(/^cloudflare, tollgate-[0-9a-f]{16}$/);
});
