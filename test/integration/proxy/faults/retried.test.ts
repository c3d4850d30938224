/** What of a provider's faults is tried again: what it cannot have taken in. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PLACES, startFaultRig, type FaultRig } from '../../../support/fault-rig.js';
import type { Peer } from '../../../support/faulty-upstream.js';
import { CHAT, post } from '../../../support/rig.js';
import { usageRecords } from '../../../support/usage-records.js';

let rig: FaultRig;

beforeAll(async () => {
  rig = await startFaultRig();
});
afterAll(() => rig.stop());

const RETRIES = { retry_max_attempts: 3, retry_delay_ms: 0 };
const answer = ({ socket }: Peer): void =>
  void socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}');

/** The codes of a tenant's last record: of its attempts, and its own. */
async function attemptCodes(accountId: string, count: number): Promise<unknown[]> {
  const row = (await usageRecords(rig.proxy.owner, accountId, count)).at(-1);
  const attempts = (row?.['attempts'] ?? []) as { errorCode: number | null }[]; // the column's shape
  return [...attempts.map(({ errorCode }) => errorCode), row?.['status_code']];
}

test.each(['plain', 'secure'] as const)('a connection that is refused or reset is tried again (%s)', async (place) => {
  const tenant = await rig.tenant(RETRIES);
  let left = 2;
  rig.upstream.play = {
    connect: (socket) => {
      socket.resetAndDestroy();
      if (--left === 0) rig.upstream.play = { request: answer };
    },
  };
  const response = await post(tenant.base + PLACES[place], CHAT);
  expect(response.status).toBe(200);
  expect(await attemptCodes(tenant.accountId, 1)).toEqual([2005, 2005, null, 200]);
});

test.each(['plain', 'secure'] as const)(
  'a kept connection that ends before a byte of an answer is tried again, on another one (%s)',
  async (place) => {
    const tenant = await rig.tenant(RETRIES);
    rig.upstream.play = { request: answer };
    expect((await post(tenant.base + PLACES[place], CHAT)).status).toBe(200);
    const before = rig.upstream.requests;
    rig.upstream.play = { request: (peer) => (peer.isReused ? void peer.socket.destroy() : answer(peer)) };
    expect((await post(tenant.base + PLACES[place], CHAT)).status).toBe(200);
    expect(rig.upstream.requests).toBe(before + 2);
    expect(await attemptCodes(tenant.accountId, 2)).toEqual([2005, null, 200]);
  },
);

test.each([
  ['a fresh connection that ends before its answer', (peer: Peer) => void peer.socket.destroy(), 502, 60_000],
  ['an answer that is none', (peer: Peer) => void peer.socket.write('HELLO\r\n\r\n'), 502, 60_000],
  ['half a head, then silence', (peer: Peer) => void peer.socket.write('HTTP/1.1 200 OK\r\ncontent-'), 504, 200],
])('%s may have been work: it passes on', async (_what, request, status, request_timeout_ms) => {
  const tenant = await rig.tenant({ ...RETRIES, request_timeout_ms });
  await rig.upstream.goAway(); // no kept connection is left over
  await rig.upstream.comeBack();
  rig.upstream.play = { request };
  const before = rig.upstream.requests;
  expect((await post(tenant.base + PLACES.plain, CHAT)).status).toBe(status);
  expect(rig.upstream.requests).toBe(before + 1);
});

test('a provider that is away is tried again, as often as the gateway says', async () => {
  const tenant = await rig.tenant(RETRIES);
  await rig.upstream.goAway();
  const response = await post(tenant.base + PLACES.plain, CHAT);
  await rig.upstream.comeBack();
  expect(response.status).toBe(502);
  expect(await attemptCodes(tenant.accountId, 1)).toEqual([2005, 2005, 2005, 502]);
});
