/** Who is slow slows the other side down: what the proxy holds in between stays small, and nothing is lost. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { bareClient, PLACES, requestHead, startFaultRig, type FaultRig } from '../../../support/fault-rig.js';
import { CHAT } from '../../../support/rig.js';
import { TEST_SIZE } from '../../../support/test-size.js';
import { answer, goodBody, headOf, wellDone } from '../../../support/upstream-faults.js';
import { usageRecords } from '../../../support/usage-records.js';
import { waitFor } from '../../../support/wait-for.js';

let rig: FaultRig;

beforeAll(async () => {
  rig = await startFaultRig({ answerIdleMs: 60_000, uploadIdleMs: 60_000, slowClientMs: 60_000 });
});
afterAll(() => rig.stop());

const MEBIBYTE = 1024 * 1024;
const TRANSFER_BYTES = (TEST_SIZE === 'full' ? 512 : 64) * MEBIBYTE;
/**
 * The kernel's buffers of the two connections on the way (loopback: 4 MiB to send, 6 MiB to receive each), and ours.
 */
const HELD_BYTES_MAX = 24 * MEBIBYTE;

/** Writes `total` bytes as fast as they are taken; what has been handed to the socket so far. */
function pour(socket: Socket, total: number): { written: number } {
  const block = Buffer.alloc(64 * 1024, 'a stream of bytes ');
  const state = { written: 0 };
  const more = (): void => {
    while (state.written < total && !socket.destroyed) {
      state.written += block.length;
      if (!socket.write(block)) return;
    }
  };
  socket.on('drain', more);
  more();
  return state;
}

/** Waits until a number has not grown for a while: nobody takes any more. */
async function untilStill(read: () => number): Promise<number> {
  let last = -1;
  let sinceMs = performance.now();
  await waitFor(
    () => {
      if (read() !== last) sinceMs = performance.now();
      last = read();
      return performance.now() - sinceMs > 150;
    },
    'nothing moves any more',
    30_000,
  );
  return last;
}

test('a client that does not read stops the provider, and gets every byte once it reads', async () => {
  const tenant = await rig.tenant({ request_timeout_ms: 60_000 });
  const url = tenant.base + PLACES.plain;
  let poured = { written: 0 };
  rig.upstream.play = {
    request: (peer) => {
      peer.socket.write(headOf(peer, `content-length: ${TRANSFER_BYTES}`).replace('application/json', 'audio/wav'));
      poured = pour(peer.socket, TRANSFER_BYTES);
    },
  };
  const pausesBefore = await rig.counter('upstream_pauses');
  const client = bareClient(url);
  const body = JSON.stringify(CHAT);
  client.pause().write(requestHead(url, body.length) + body);
  await waitFor(() => poured.written > 0, 'the provider begins');
  const held = await untilStill(() => poured.written);
  expect(held).toBeLessThan(HELD_BYTES_MAX);
  expect(await rig.counter('upstream_pauses')).toBeGreaterThan(pausesBefore);

  let bytes = 0;
  client.on('data', (chunk: Buffer) => (bytes += chunk.length)).resume();
  await waitFor(() => bytes > TRANSFER_BYTES, 'every byte arrives', 40_000);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ status_code: 200, client_aborted: false, response_bytes: String(TRANSFER_BYTES) });
  client.destroy();
});

test('a provider that does not read stops a large upload, and gets every byte once it reads', async () => {
  const tenant = await rig.tenant({ request_timeout_ms: 60_000 });
  const url = `${tenant.base}/openai/files`;
  let received = 0;
  let provider: Socket | null = null;
  const read = (chunk: Buffer): void => {
    received += chunk.length;
    if (received >= TRANSFER_BYTES && provider !== null) answerTo(provider);
  };
  const answerTo = (socket: Socket): void => {
    const peer = { socket, isReused: false, isStream: false, body: '', meant: null };
    answer(peer, goodBody(peer));
  };
  await rig.upstream.goAway(); // no connection is kept from before
  await rig.upstream.comeBack();
  rig.upstream.play = { connect: (socket) => (provider = socket.pause()) };
  const client = bareClient(url);
  client.write(requestHead(url, TRANSFER_BYTES));
  const poured = pour(client, TRANSFER_BYTES);
  const socket = await waitFor(() => provider, 'the provider is called');
  const held = await untilStill(() => poured.written);
  expect(held).toBeLessThan(HELD_BYTES_MAX);

  socket.on('data', (chunk: Buffer) => read(chunk)).resume();
  const [first] = (await once(client, 'data')) as [Buffer];
  expect(first.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ status_code: 200, request_bytes: String(TRANSFER_BYTES) });
  client.destroy();
  rig.upstream.play = wellDone;
});
