/** T-ZIP-1: compression bombs from both sides. Bytes pass as they are; what is decoded to count them is bounded. */
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { outcomeOf, PLACES, observe, startFaultRig, type FaultRig } from '../../../support/fault-rig.js';
import { rawCall } from '../../../support/raw-call.js';
import { CHAT } from '../../../support/rig.js';
import { TEST_SIZE } from '../../../support/test-size.js';
import { answer, goodBody } from '../../../support/upstream-faults.js';
import { usageRecords, type UsageRow } from '../../../support/usage-records.js';

let rig: FaultRig;

beforeAll(async () => {
  rig = await startFaultRig({});
});
afterAll(() => rig.stop());

const MEBIBYTE = 1024 * 1024;
const BOMB_BYTES = (TEST_SIZE === 'full' ? 512 : 64) * MEBIBYTE;
const RATIO_LEAST = 900;
/**
 * What a bomb may cost this process while it passes: its compressed bytes a few times, and what the decoder may give.
 */
const MEMORY_MAX = 160 * MEBIBYTE;

const brotli = (bytes: Buffer): Buffer =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });

const PADDING = Buffer.alloc(BOMB_BYTES, ' ');
/** A document whose usage stands behind its padding, and a stream whose usage stands before it. */
const DOCUMENT = Buffer.concat([PADDING, Buffer.from(goodBody({ isStream: false }))]);
const STREAM = Buffer.concat([Buffer.from(goodBody({ isStream: true })), PADDING]);

const CHATS = { document: CHAT, stream: { ...CHAT, stream: true, stream_options: { include_usage: true } } };

interface Passed {
  readonly outcome: string;
  readonly row: UsageRow;
  readonly grownBytes: number;
}

async function pass(kind: keyof typeof CHATS, encoding: string, body: Buffer): Promise<Passed> {
  const tenant = await rig.tenant({ request_timeout_ms: 10_000 });
  rig.upstream.play = { request: (peer) => answer(peer, body, `content-encoding: ${encoding}`) };
  const before = process.memoryUsage().arrayBuffers;
  let peak = before;
  const watching = setInterval(() => (peak = Math.max(peak, process.memoryUsage().arrayBuffers)), 2);
  const seen = await observe(tenant.base + PLACES.plain, CHATS[kind]);
  clearInterval(watching);
  const [row = {}] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  return { outcome: outcomeOf(seen, body), row, grownBytes: peak - before };
}

test.each([
  ['gzip', gzipSync, 'document'],
  ['gzip', gzipSync, 'stream'],
  ['deflate', deflateSync, 'document'],
  ['br', brotli, 'document'],
  ['br', brotli, 'stream'],
] as const)('T-ZIP-1: a bomb in %s passes, and its units are estimated', async (encoding, compress, kind) => {
  const bomb = compress(kind === 'stream' ? STREAM : DOCUMENT);
  expect(BOMB_BYTES / bomb.length).toBeGreaterThan(RATIO_LEAST);
  const undecoded = await rig.counter('undecoded_answers');
  const { outcome, row, grownBytes } = await pass(kind, encoding, bomb);
  expect(outcome).toBe('200, whole');
  expect(row).toMatchObject({ usage_source: 'ESTIMATED', usage_note: expect.stringContaining('too large to count') });
  expect(grownBytes).toBeLessThan(MEMORY_MAX);
  expect(await rig.counter('undecoded_answers')).toBe(undecoded + 1);
});

const good = Buffer.from(goodBody({ isStream: false }));

test.each([
  ['gzip, gzip', gzipSync(gzipSync(DOCUMENT))],
  ['br, gzip', gzipSync(brotli(DOCUMENT))],
  ['gzip, br', brotli(gzipSync(good))],
  ['identity, gzip', gzipSync(good)],
  [Array(500).fill('gzip').join(', '), gzipSync(good)],
])('T-ZIP-1: of chained encodings (%.20s …) no layer is undone', async (encoding, body) => {
  const { outcome, row } = await pass('document', encoding, body);
  expect(outcome).toBe('200, whole');
  expect(row).toMatchObject({ usage_source: 'ESTIMATED', usage_note: expect.stringContaining('cannot be read') });
  expect(String(row['usage_note']).length).toBeLessThan(120);
});

test('T-ZIP-1: one honest layer is read, however it is written', async () => {
  for (const encoding of ['gzip', 'GZIP', 'x-gzip', ' gzip ']) {
    const { outcome, row } = await pass('document', encoding, gzipSync(good));
    expect(outcome).toBe('200, whole');
    expect(row).toMatchObject({ usage_source: 'PROVIDER', usage_note: null });
  }
});

const REQUEST = Buffer.concat([PADDING, Buffer.from(JSON.stringify(CHAT))]);

test.each([
  ['gzip', gzipSync(REQUEST)],
  ['gzip, br', brotli(gzipSync(REQUEST))],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
])('T-ZIP-1: a bomb from the client in %s goes up as it is and is never decoded', async (encoding, body) => {
  const tenant = await rig.tenant();
  let received = '';
  rig.upstream.play = {
    request: (peer) => {
      received = peer.body;
      peer.socket.write('HTTP/1.1 500 Oh no\r\ncontent-length: 0\r\n\r\n');
    },
  };
  const before = process.memoryUsage().arrayBuffers;
  const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
  const seen = await rawCall(tenant.base + PLACES.plain, {
    headers: { ...headers, 'content-length': body.length },
    body,
  });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(BOMB_BYTES / 2);
  expect(seen.status).toBe(500);
  expect(Buffer.from(received, 'latin1').equals(body)).toBe(true);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  // the model is inside, and nobody has looked
  expect(row).toMatchObject({ model: null, status_code: 500, request_bytes: String(body.length) });
});
