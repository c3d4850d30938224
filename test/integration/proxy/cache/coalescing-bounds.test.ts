/**
 * Who does not share a call, and what a shared call takes at most: no client waits for a slower one, or fills memory.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import {
  looseClient,
  startCoalescingRig,
  wholeBody,
  type CoalescingRig,
  type HeldCall,
  type LooseCall,
} from '../../../support/coalescing-rig.js';
import { answerJson, chatCompletion } from '../../../support/fake-upstream.js';
import { CHAT } from '../../../support/rig.js';
import { usageRecords } from '../../../support/usage-records.js';
import { waitFor } from '../../../support/wait-for.js';

const MEBIBYTE = 1024 * 1024;
const ANSWER_BYTES_MAX = 8 * MEBIBYTE;

let rig: CoalescingRig;
let calls: HeldCall[];
let tenant: Awaited<ReturnType<CoalescingRig['tenant']>>;

beforeAll(async () => {
  rig = await startCoalescingRig({ copyBounds: { answerBytesMax: ANSWER_BYTES_MAX, waitersMax: 3 } });
});
afterAll(() => rig.stop());
beforeEach(async () => {
  tenant = await rig.tenant({ coalesce_identical: true });
  calls = rig.calls();
});

const firstCall = (): Promise<HeldCall> => waitFor(() => calls[0], 'the provider is called');
const SPEECH = { path: 'openai/audio/speech', body: { model: 'tts-1', input: 'Hello', voice: 'alloy' } };

/** Each asks while the first one's call runs; how many calls there are when all have been answered. */
async function callsOf(asked: readonly (LooseCall & { readonly base?: string })[]): Promise<number> {
  const clients = asked.map(({ base = tenant.base, ...call }) => looseClient(base, call));
  await waitFor(
    async () =>
      (await rig.metric('coalescing_clients')) + (calls.length - (await rig.metric('coalescing_open_calls'))) ===
      asked.length,
    'all wait',
  );
  for (const { seen, response } of calls) await answerJson(200, chatCompletion())(seen, response);
  for (const { answer } of clients) expect((await wholeBody(await answer)).isWhole).toBe(true);
  return calls.length;
}

test('another credential, gateway, account, body, path or key has a call of its own', async () => {
  const [other, another] = [
    await rig.tenant({ coalesce_identical: true }),
    await tenant.gateway('other', { coalesce_identical: true }),
  ];
  expect(another).not.toBe(tenant.gatewayId);
  const asked: (LooseCall & { readonly base?: string })[] = [
    {},
    { headers: { authorization: 'Bearer sk-one' } },
    { headers: { authorization: 'Bearer sk-two' } },
    { base: other.base },
    { base: tenant.base.replace(/main$/, 'other') },
    { body: { ...CHAT, user: 'me' } },
    { path: 'openai/responses' },
    { headers: { 'cf-aig-cache-key': 'mine' } },
  ];
  expect(await callsOf(asked)).toBe(asked.length);
});

test('a request that says no to the cache, or asks for a range, has a call of its own', async () => {
  const asked = [
    {},
    { headers: { 'cf-aig-skip-cache': 'true' } },
    { headers: { 'cf-aig-cache-ttl': '0' } },
    { headers: { range: 'bytes=0-1' } },
  ];
  expect(await callsOf(asked)).toBe(4);
});

test('a client’s own key shares the call of another body', async () => {
  const keyed = { headers: { 'cf-aig-cache-key': 'mine' } };
  expect(await callsOf([keyed, { ...keyed, body: { ...CHAT, user: 'me' } }])).toBe(1);
});

test('an encoded answer serves those who take it; the others make calls of their own', async () => {
  const clients = ['gzip', 'gzip, br', 'identity'].map((encodings) =>
    looseClient(tenant.base, { headers: { 'accept-encoding': encodings } }),
  );
  const { response } = await firstCall();
  await rig.shared(3);
  rig.upstream.answer = answerJson(200, chatCompletion());
  response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
  response.end(gzipSync(JSON.stringify(chatCompletion())));
  const answers = await Promise.all(clients.map(({ answer }) => answer));
  expect(answers.filter(({ headers }) => headers['content-encoding'] === 'gzip')).toHaveLength(2);
  for (const answer of answers) answer.resume();
});

test.each(['*', 'X-Mood'])('an answer that varies by %s serves only who sent the same', async (vary) => {
  const clients = [1, 2].map(() => looseClient(tenant.base, { headers: { 'x-mood': 'good' } }));
  const other = looseClient(tenant.base, { headers: { 'x-mood': 'bad' } });
  const { response, seen } = await firstCall();
  await rig.shared(3);
  const own = rig.calls();
  await answerJson(200, chatCompletion(), { vary })(seen, response);
  const leftAlone = vary === '*' ? 2 : seen.headers['x-mood'] === 'bad' ? 2 : 1;
  await waitFor(() => own.length === leftAlone, 'the others call');
  for (const call of own) await answerJson(200, chatCompletion())(call.seen, call.response);
  for (const { answer } of [...clients, other]) expect((await wholeBody(await answer)).isWhole).toBe(true);
});

test('beyond so many followers a request makes a call of its own', async () => {
  const before = await rig.metric('coalescing_full_total');
  expect(await callsOf([{}, {}, {}, {}, {}])).toBe(3);
  expect((await rig.metric('coalescing_full_total')) - before).toBe(2);
});

test('an answer that is known to be larger than a copy may be is shared with nobody', async () => {
  const clients = [looseClient(tenant.base, SPEECH), looseClient(tenant.base, SPEECH)];
  const { response } = await firstCall();
  await rig.shared(2);
  const own = rig.calls();
  const sound = Buffer.alloc(ANSWER_BYTES_MAX + 1, 1);
  response.writeHead(200, { 'content-type': 'audio/mpeg', 'content-length': sound.length });
  response.end(sound);
  await waitFor(() => own.length === 1, 'the other one calls');
  own[0]?.response.end('short');
  const bodies = await Promise.all(clients.map(async ({ answer }) => (await wholeBody(await answer)).body.length));
  expect(bodies.toSorted((a, b) => a - b)).toEqual([5, sound.length]);
});

/** Writes as fast as it is taken. */
async function writeAll(response: HeldCall['response'], bytes: number): Promise<void> {
  const part = Buffer.alloc(64 * 1024, 1);
  for (let left = bytes; left > 0; left -= part.length) {
    if (!response.write(part.subarray(0, Math.min(left, part.length)))) await once(response, 'drain');
  }
  response.end();
}

test('who reads nothing holds back nobody, and has everything afterwards', async () => {
  const bytes = ANSWER_BYTES_MAX - MEBIBYTE; // more than sockets hold
  const [idle, ...others] = [1, 2, 3].map(() => looseClient(tenant.base, SPEECH));
  const { response } = await firstCall();
  await rig.shared(3);
  response.writeHead(200, { 'content-type': 'audio/mpeg' });
  const written = writeAll(response, bytes);
  const waiting = await idle?.answer; // its head alone is read
  for (const { answer } of others) expect((await wholeBody(await answer)).body.length).toBe(bytes);
  await written;
  if (waiting === undefined) throw new Error('there is a first client');
  const { body, isWhole } = await wholeBody(waiting);
  expect([body.length, isWhole]).toEqual([bytes, true]);
  expect(await rig.metric('cache_copy_bytes')).toBe(0);
});

test('beyond the bound of a copy whoever is too far behind is cut, and the others get everything', async () => {
  const bytes = 4 * ANSWER_BYTES_MAX;
  const [idle, other] = [looseClient(tenant.base, SPEECH), looseClient(tenant.base, SPEECH)];
  const { response } = await firstCall();
  await rig.shared(2);
  response.writeHead(200, { 'content-type': 'audio/mpeg' });
  const written = writeAll(response, bytes);
  const waiting = await idle.answer;
  expect((await wholeBody(await other.answer)).body.length).toBe(bytes);
  await written;
  expect((await wholeBody(waiting)).isWhole).toBe(false);
  expect(await rig.metric('coalescing_behind_total')).toBe(1);
  expect(await rig.metric('cache_copy_bytes')).toBe(0);
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 2);
  expect(rows.map((row) => String(row['client_aborted'])).toSorted()).toEqual(['false', 'true']);
  expect(rows.map((row) => String(row['cached'])).toSorted()).toEqual(['false', 'true']);
});

test('a provider is read no faster than the fastest of its clients reads', async () => {
  const clients = [looseClient(tenant.base, SPEECH), looseClient(tenant.base, SPEECH)];
  const { response } = await firstCall();
  await rig.shared(2);
  const before = await rig.metric('proxy_upstream_pauses_total');
  response.writeHead(200, { 'content-type': 'audio/mpeg' });
  response.write('a beginning');
  const answers = await Promise.all(clients.map(({ answer }) => answer));
  const bytes = 6 * ANSWER_BYTES_MAX;
  const written = writeAll(response, bytes);
  await waitFor(async () => (await rig.metric('proxy_upstream_pauses_total')) >= before + 2, 'both clients are behind');
  expect(await rig.metric('cache_copy_bytes')).toBeLessThan(ANSWER_BYTES_MAX);
  const bodies = await Promise.all(answers.map((answer) => wholeBody(answer)));
  await written;
  expect(bodies.filter(({ isWhole }) => isWhole).length).toBeGreaterThanOrEqual(1);
});
