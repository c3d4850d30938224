/**
 * Large answers from the cache: each stands in memory once for each client, so slow clients get no more than there is
 * room for.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { listen } from '../../../../platform/listen.js';
import { bareClient, requestHead } from '../../../support/fault-rig.js';
import { rawCall } from '../../../support/raw-call.js';
import { CHAT, startRig, type Rig } from '../../../support/rig.js';
import { waitFor } from '../../../support/wait-for.js';

const MEBIBYTE = 1024 * 1024;
/** More than the kernel takes for two sockets of which nobody reads. */
const ANSWER = JSON.stringify({ id: 'chatcmpl-1', padding: 'x'.repeat(20 * MEBIBYTE) });
/** for one of them */
const ROOM_BYTES_MAX = 30 * MEBIBYTE;

let rig: Rig;
let metricsPort: number;

beforeAll(async () => {
  const bounds = { slowClientMs: 1_000 };
  rig = await startRig({}, { bounds, copyBounds: { bytesMax: ROOM_BYTES_MAX } });
  const { metricsServer } = rig.proxy.proxy;
  metricsPort = await listen(metricsServer, { host: '127.0.0.1', port: 0, name: 'metrics', variable: 'none' });
  rig.upstream.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': ANSWER.length });
    response.end(ANSWER);
  };
});
afterAll(() => rig.stop());

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return Number(new RegExp(`^tollgate_${name} (\\d+)$`, 'm').exec(text)?.[1]);
}

test('a large hit comes whole; who does not read it is cut, and holds room for no other one meanwhile', async () => {
  const { base } = await rig.tenant({ cache_ttl_seconds: 600 });
  const url = `${base}/openai/chat/completions`;
  const body = JSON.stringify(CHAT);
  const call = () => rawCall(url, { headers: { 'content-type': 'application/json' }, body });
  await call();
  const hit = await waitFor(async () => {
    const answer = await call();
    return answer.headers['cf-aig-cache-status'] === 'HIT' ? answer : null;
  }, 'it is kept');
  expect(hit.headers['content-length']).toBe(String(ANSWER.length));
  expect(hit.body.equals(Buffer.from(ANSWER))).toBe(true);
  await waitFor(async () => (await metric('cache_copy_bytes')) === 0, 'what was sent is held no longer');

  const cutBefore = await metric('proxy_slow_clients_cut_total');
  const slow = bareClient(url);
  slow.pause().write(requestHead(url, body.length) + body);
  await waitFor(async () => (await metric('cache_copy_bytes')) === ANSWER.length, 'the slow client’s is held');
  expect((await call()).headers['cf-aig-cache-status']).toBe('MISS');
  await waitFor(async () => (await metric('proxy_slow_clients_cut_total')) > cutBefore, 'the slow client is cut');
  await waitFor(async () => (await metric('cache_copy_bytes')) === 0, 'nothing is held any more');
  expect((await call()).headers['cf-aig-cache-status']).toBe('HIT');
  slow.destroy();
});
