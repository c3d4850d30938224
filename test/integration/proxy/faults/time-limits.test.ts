/** Every time limit of docs/upstream-faults.md that is about the client or about the middle of an answer. */
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  bareClient,
  observe,
  outcomeOf,
  PLACES,
  requestHead,
  startFaultRig,
  type FaultRig,
} from '../../../support/fault-rig.js';
import { watchCallTimers } from '../../../support/call-timers.js';
import type { Peer } from '../../../support/faulty-upstream.js';
import { CHAT } from '../../../support/rig.js';
import { chunkOf, goodBody, headOf, wellDone } from '../../../support/upstream-faults.js';
import { usageRecordCount, usageRecords } from '../../../support/usage-records.js';
import { waitFor } from '../../../support/wait-for.js';

let rig: FaultRig;

beforeAll(async () => {
  rig = await startFaultRig({ answerIdleMs: 1_000, uploadIdleMs: 1_000, slowClientMs: 300 });
});
afterAll(() => rig.stop());

const MEBIBYTE = 1024 * 1024;
const STREAMED = { ...CHAT, stream: true, stream_options: { include_usage: true } };

async function textUntilClose(client: ReturnType<typeof bareClient>): Promise<string> {
  let text = '';
  client.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  await once(client, 'close');
  return text;
}

test('a body that falls silent before it is whole is 400/9002, reaches no upstream and makes no row', async () => {
  const tenant = await rig.tenant();
  const url = tenant.base + PLACES.plain;
  const { requests } = rig.upstream;
  const client = bareClient(url);
  client.write(`${requestHead(url, 1_000)}{"model":`);
  const text = await textUntilClose(client);
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
  expect(text).toContain('fell silent for 1000 ms');
  expect(text).toContain('"internalCode":9002');
  expect(rig.upstream.requests).toBe(requests);
  expect(await rig.counter('silent_uploads')).toBeGreaterThan(0);
  expect(await usageRecordCount(rig.proxy.owner, tenant.accountId)).toBe(0);
});

test('a large upload that falls silent is 400/9002, recorded, and its call is stopped', async () => {
  const tenant = await rig.tenant();
  const url = tenant.base + PLACES.plain;
  const client = bareClient(url);
  client.write(requestHead(url, null));
  client.write(chunkOf(Buffer.alloc(2 * MEBIBYTE, 32)), 'latin1');
  const text = await textUntilClose(client);
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
  expect(text).toContain('fell silent for 1000 ms');
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ status_code: 400, error_code: 9002, usage_source: 'NONE', client_aborted: false });
  expect(Number(row?.['request_bytes'])).toBeGreaterThanOrEqual(2 * MEBIBYTE);
  await waitFor(() => rig.upstream.lastPeer?.socket.destroyed, 'the call is stopped');
});

test('an upload that moves does not use up the time of the provider', async () => {
  const tenant = await rig.tenant({ request_timeout_ms: 800 });
  const url = tenant.base + PLACES.plain;
  rig.upstream.play = wellDone;
  const client = bareClient(url);
  const total = 2 * MEBIBYTE + 8;
  client.write(requestHead(url, total));
  client.write(Buffer.alloc(2 * MEBIBYTE, 32));
  let left = 8; // a byte each 150 ms: 1.2 s in all
  const sending = setInterval(() => (left-- > 0 ? client.write(' ') : clearInterval(sending)), 150);
  const [first] = (await once(client, 'data')) as [Buffer];
  expect(first.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /);
  client.destroy();
});

/** Says `pieces` of a stream, one each 100 ms. */
function slowly(peer: Peer, pieces: readonly string[]): void {
  peer.socket.write(headOf(peer, 'connection: close'));
  let at = 0;
  const saying = setInterval(() => {
    const piece = pieces[at++];
    if (piece !== undefined) return void peer.socket.write(piece);
    clearInterval(saying);
    return void peer.socket.end();
  }, 100);
}

test('comments in a stream are no silence', async () => {
  const tenant = await rig.tenant();
  const comments = Array.from({ length: 22 }, () => ': still thinking\n\n'); // 2.2 s, twice the limit
  rig.upstream.play = { request: (peer) => slowly(peer, [...comments, goodBody(peer)]) };
  const seen = await observe(tenant.base + PLACES.plain, STREAMED);
  expect(outcomeOf(seen, Buffer.from(comments.join('') + goodBody({ isStream: true })))).toBe('200, whole');
});

test('a client that stops reading is cut with its upstream, and its record says why', async () => {
  const tenant = await rig.tenant();
  const url = tenant.base + PLACES.plain;
  const timers = watchCallTimers();
  const event = `data: ${JSON.stringify({ choices: [{ delta: { content: 'x'.repeat(MEBIBYTE) } }] })}\n\n`;
  rig.upstream.play = {
    request: (peer) => {
      peer.socket.write(headOf(peer, 'transfer-encoding: chunked'));
      const more = (): void => {
        while (!peer.socket.destroyed && peer.socket.write(chunkOf(event), 'latin1'));
      };
      peer.socket.on('drain', more);
      more();
    },
  };
  const cutBefore = await rig.counter('slow_clients_cut');
  const client = bareClient(url);
  const body = JSON.stringify(STREAMED);
  client.pause().write(requestHead(url, body.length) + body);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ client_aborted: true, interrupted: false, status_code: 200, usage_source: 'ESTIMATED' });
  expect(row?.['usage_note']).toContain('the client stopped reading');
  expect(await rig.counter('slow_clients_cut')).toBe(cutBefore + 1);
  await waitFor(() => rig.upstream.lastPeer?.socket.destroyed, 'the call is stopped');
  await timers.noneLeft();
  client.destroy();
});
