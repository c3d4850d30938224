/**
 * T-SLOW-1, T-FLOOD-1 (security.md 3.9): clients that take their time, and those that send all at once, cost nobody
 * else his answer.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { answerJson, chatCompletion } from '../../../support/fake-upstream.js';
import { inBatches } from '../../../support/in-batches.js';
import { CHAT, post, startRig, type Rig } from '../../../support/rig.js';
import { slowConnections } from '../../../support/test-size.js';
import { waitFor } from '../../../support/wait-for.js';

let rig: Rig;
const sockets: Socket[] = [];

beforeAll(async () => {
  // Room for fewer than there are slow ones, so that one of them that took a place would be noticed.
  rig = await startRig({ PROXY_REQUESTS_MAX: '20' }, { bounds: { uploadIdleMs: 500, slowClientMs: 500 } });
});
afterAll(() => rig.stop());
beforeEach(() => {
  rig.upstream.seen.length = 0;
  rig.upstream.answer = answerJson(200, chatCompletion());
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A connection that has sent `text`, and reads nothing unless it is told to. */
async function opened(text: string): Promise<Socket> {
  const { hostname, port } = new URL(rig.proxy.url);
  const socket = connect({ host: hostname, port: Number(port) }).pause();
  socket.on('error', () => undefined); // it may be cut
  sockets.push(socket);
  await once(socket, 'connect');
  if (text !== '') socket.write(text);
  return socket;
}

/** All that comes until the connection ends. */
async function allOf(socket: Socket): Promise<string> {
  const pieces: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => void pieces.push(bytes)).resume();
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return Buffer.concat(pieces).toString('latin1');
}

const manyOf = (count: number, text: string): Promise<void> =>
  inBatches(
    Array.from({ length: count }, () => text),
    50,
    async (each) => void (await opened(each)),
  );

const head = (path: string, more: string): string =>
  `POST ${path}/openai/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${more}`;

const pathOf = (base: string): string => new URL(base).pathname;

async function expectServed(base: string): Promise<void> {
  for (let i = 0; i < 20; i++) {
    const response = await post(`${base}/openai/chat/completions`, CHAT);
    await response.arrayBuffer();
    expect(response.status).toBe(200);
  }
}

async function metric(name: string): Promise<number> {
  const text = await rig.proxy.proxy.metrics.metrics();
  return Number(new RegExp(`^tollgate_proxy_${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

test('T-SLOW-1: connections that say nothing, or not all of a head, take no place from anybody', async () => {
  const { base } = await rig.tenant();
  await manyOf(slowConnections / 2, '');
  await manyOf(slowConnections / 2, head(pathOf(base), 'X-Slow: '));
  await expectServed(base);
  expect(rig.upstream.seen).toHaveLength(20);
  expect(await metric('requests_running')).toBe(0);
}, 120_000);

test('T-SLOW-1: bodies that do not come are refused, and their places are free again', async () => {
  const [slow, other] = [await rig.tenant(), await rig.tenant()];
  await manyOf(slowConnections, head(pathOf(slow.base), 'Content-Length: 1000\r\n\r\n{"model":'));
  await expectServed(other.base);
  await waitFor(async () => (await metric('requests_running')) === 0, 'all are given up', 15_000);
  expect(await metric('silent_uploads_total')).toBeGreaterThan(0);
  await expectServed(slow.base);
}, 120_000);

test('T-SLOW-1: clients that do not read their answer are cut, and their places are free again', async () => {
  const [slow, other] = [await rig.tenant(), await rig.tenant()];
  // More than the two buffers of a connection take.
  const large = { ...chatCompletion(), padding: 'x'.repeat(16 * 1024 * 1024) };
  rig.upstream.answer = (request, response) =>
    answerJson(200, request.body.includes('"large"') ? large : chatCompletion())(request, response);
  const body = JSON.stringify({ ...CHAT, user: 'large' });
  await manyOf(4, `${head(pathOf(slow.base), `Content-Length: ${body.length}\r\n\r\n`)}${body}`);
  await waitFor(async () => (await metric('requests_running')) > 0, 'they are being answered');
  await expectServed(other.base);
  await waitFor(async () => (await metric('requests_running')) === 0, 'all are cut', 30_000);
  expect(await metric('slow_clients_cut_total')).toBe(4);
}, 120_000);

test('T-FLOOD-1: requests that are all sent at once on one connection are answered one after the other, up to its last', async () => {
  const [flooding, other] = [await rig.tenant(), await rig.tenant()];
  let together = 0;
  let most = 0;
  rig.upstream.answer = async (request, response) => {
    together += 1;
    most = Math.max(most, together);
    await new Promise(setImmediate);
    together -= 1;
    await answerJson(200, chatCompletion())(request, response);
  };
  const body = JSON.stringify(CHAT);
  const request = `${head(pathOf(flooding.base), `Content-Length: ${body.length}\r\n\r\n`)}${body}`;
  const socket = await opened(request.repeat(1_200));
  const answers = await allOf(socket);
  expect(answers.split('HTTP/1.1 200 OK')).toHaveLength(1_001);
  expect(most).toBe(1);
  await expectServed(other.base);
}, 60_000);

test('T-FLOOD-1: thousands of headers are refused, and end their connection', async () => {
  const { base } = await rig.tenant();
  const flood = head(pathOf(base), `${'A: b\r\n'.repeat(5_000)}\r\n`);
  const answers: string[] = [];
  await inBatches(
    Array.from({ length: 20 }, (_, i) => i),
    10,
    async () => {
      answers.push((await allOf(await opened(flood))).slice(0, 12));
    },
  );
  expect(new Set(answers)).toEqual(new Set(['HTTP/1.1 400']));
  expect(rig.upstream.seen).toHaveLength(0);
  await expectServed(base);
}, 60_000);
