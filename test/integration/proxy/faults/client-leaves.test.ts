/** A client may leave at any moment: the upstream is stopped, and the record says what had been done. */
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { GIVEN_UP_NOTE } from '../../../../proxy/usage/given-up-call.js';
import { bareClient, PLACES, requestHead, startFaultRig, type FaultRig } from '../../../support/fault-rig.js';
import { watchCallTimers } from '../../../support/call-timers.js';
import type { Peer } from '../../../support/faulty-upstream.js';
import { CHAT } from '../../../support/rig.js';
import { answer, chunkOf, goodBody, headOf } from '../../../support/upstream-faults.js';
import { usageRecords } from '../../../support/usage-records.js';
import { waitFor } from '../../../support/wait-for.js';

let rig: FaultRig;

beforeAll(async () => {
  rig = await startFaultRig({});
});
afterAll(() => rig.stop());

const STREAMED = JSON.stringify({ ...CHAT, stream: true, stream_options: { include_usage: true } });
const LARGE = 'x'.repeat(1024 * 1024);

interface Phase {
  readonly name: string;
  readonly say: (peer: Peer) => void;
  /** what the client must have seen before it goes */
  readonly sees: string | null;
  readonly isReading: boolean;
  readonly record: Readonly<Record<string, unknown>>;
}

/** The provider has all of the request, or a part of it. */
const BEFORE = { status_code: 499, usage_source: 'ESTIMATED', usage_note: GIVEN_UP_NOTE, output_tokens: '0' };
const UPLOADING = { status_code: 499, usage_source: 'NONE', cost_status: 'NOT_BILLABLE', cost_pico: '0' };
const DURING = { status_code: 200, usage_source: 'ESTIMATED' };

const PHASES: readonly Phase[] = [
  { name: 'before the head', say: () => undefined, sees: null, isReading: true, record: BEFORE },
  {
    name: 'in the middle of the head',
    say: ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/ev'),
    sees: null,
    isReading: true,
    record: BEFORE,
  },
  {
    name: 'after the head',
    say: (peer) => void peer.socket.write(headOf(peer, 'transfer-encoding: chunked')),
    sees: '200 OK',
    isReading: true,
    record: DURING,
  },
  {
    name: 'in the middle of an event',
    say: (peer) =>
      void peer.socket.write(headOf(peer, 'transfer-encoding: chunked') + chunkOf(goodBody(peer).slice(0, 150))),
    sees: 'chat.completion.chunk',
    isReading: true,
    record: DURING,
  },
  {
    name: 'while the provider waits for it',
    say: (peer) => {
      const event = chunkOf(`data: ${JSON.stringify({ choices: [{ delta: { content: LARGE } }] })}\n\n`);
      peer.socket.write(headOf(peer, 'transfer-encoding: chunked') + event.repeat(16));
    },
    sees: null,
    isReading: false,
    record: DURING,
  },
];

test.each(PHASES)('a client that leaves $name', async ({ say, sees, isReading, record }) => {
  const tenant = await rig.tenant({ request_timeout_ms: 60_000 });
  const url = tenant.base + PLACES.plain;
  const timers = watchCallTimers();
  const { requests } = rig.upstream;
  const pauses = await rig.counter('upstream_pauses');
  rig.upstream.play = { request: say };
  const client = bareClient(url);
  let text = '';
  if (isReading) client.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  client.write(requestHead(url, STREAMED.length) + STREAMED);
  await waitFor(() => rig.upstream.requests > requests, 'the provider is called');
  const { lastPeer: peer } = rig.upstream;
  if (sees !== null) await waitFor(() => text.includes(sees), 'the client sees the beginning');
  if (!isReading) await waitFor(async () => (await rig.counter('upstream_pauses')) > pauses, 'the provider waits');
  client.destroy();

  await waitFor(() => peer?.socket.destroyed, 'the upstream call is stopped');
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({ client_aborted: true, interrupted: false, ...record });
  await timers.noneLeft();
});

test('a client that leaves during a large upload', async () => {
  const tenant = await rig.tenant({ request_timeout_ms: 60_000 });
  const url = tenant.base + PLACES.plain;
  const { requests } = rig.upstream;
  rig.upstream.play = {};
  const client = bareClient(url);
  client.write(requestHead(url, null));
  client.write(chunkOf(LARGE) + chunkOf(LARGE));
  await waitFor(() => rig.upstream.requests > requests, 'the upload begins upstream');
  const { lastPeer: peer } = rig.upstream;
  client.destroy();
  await waitFor(() => peer?.socket.destroyed, 'the upstream call is stopped');
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ client_aborted: true, ...UPLOADING });
});

test('a client that leaves when all has been said changes nothing', async () => {
  const tenant = await rig.tenant();
  const url = tenant.base + PLACES.plain;
  rig.upstream.play = { request: (peer) => answer(peer, goodBody(peer)) };
  const client = bareClient(url);
  client.write(requestHead(url, STREAMED.length) + STREAMED);
  let text = '';
  client.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    if (text.includes('[DONE]')) client.destroy();
  });
  await once(client, 'close');
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ client_aborted: false, status_code: 200, usage_source: 'PROVIDER' });
});
