/** Identical requests at the same time are one upstream call: what each client gets, and what each record says. */
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import {
  looseClient,
  startCoalescingRig,
  wholeBody,
  type CoalescingRig,
  type HeldCall,
} from '../../../support/coalescing-rig.js';
import { answerJson, chatCompletion, chatEvents } from '../../../support/fake-upstream.js';
import { CHAT } from '../../../support/rig.js';
import { usageRecords, type UsageRow } from '../../../support/usage-records.js';
import { waitFor } from '../../../support/wait-for.js';

let rig: CoalescingRig;
let calls: HeldCall[];
let tenant: Awaited<ReturnType<CoalescingRig['tenant']>>;

beforeAll(async () => {
  rig = await startCoalescingRig();
});
afterAll(() => rig.stop());
beforeEach(async () => {
  tenant = await sharingTenant();
  calls = rig.calls();
});

/** An account whose gateway shares calls, at 2 and 3 pico-USD a token. */
async function sharingTenant(settings: Record<string, unknown> = {}): Promise<typeof tenant> {
  const created = await rig.tenant({ coalesce_identical: true, ...settings });
  const rates = { inputTokens: '2', outputTokens: '3' };
  await created.priceOverride({ provider: 'openai', model: 'gpt-4o-mini', match: 'PREFIX', rates });
  return created;
}

const firstCall = (): Promise<HeldCall> => waitFor(() => calls[0], 'the provider is called');
const EVENTS = chatEvents(['Hi ', 'there'], true);
const STREAM = { ...CHAT, stream: true, stream_options: { include_usage: true } };

/** The one who paid, and those who did not. */
async function recordsOf(count: number): Promise<{ readonly paid: UsageRow[]; readonly followed: UsageRow[] }> {
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, count);
  return {
    paid: rows.filter((row) => row['cached'] === false),
    followed: rows.filter((row) => row['cached'] === true),
  };
}

const FOLLOWED = { cost_status: 'CACHED', cost_pico: '0', input_tokens: '0', output_tokens: '0', attempts: [] };
const PAID = { cost_status: 'PRICED', cost_pico: '2300', input_tokens: '1000', output_tokens: '100' };

const clientOf = (): OpenAI => new OpenAI({ baseURL: `${tenant.base}/openai`, apiKey: 'sk-test', maxRetries: 0 });

test('openai: documents asked for at the same time are one call, which one of them pays', async () => {
  const asked = Array.from({ length: 5 }, () =>
    clientOf()
      .chat.completions.create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }] })
      .withResponse(),
  );
  const { response, seen } = await firstCall();
  await rig.shared(5);
  await answerJson(200, chatCompletion(), { 'x-request-id': 'req_1', 'x-ratelimit-remaining-requests': '7' })(
    seen,
    response,
  );
  const answers = await Promise.all(asked);
  expect(answers.map(({ data }) => data.choices[0]?.message.content)).toEqual(Array(5).fill('Hello there'));
  const statuses = answers.map((answer) => answer.response.headers.get('cf-aig-cache-status'));
  expect(statuses.map(String).toSorted()).toEqual(['HIT', 'HIT', 'HIT', 'HIT', 'MISS']);
  for (const { response: got } of answers) {
    const isLeader = got.headers.get('cf-aig-cache-status') === 'MISS';
    expect(got.headers.get('x-ratelimit-remaining-requests')).toBe(isLeader ? '7' : null);
    expect(got.headers.get('x-request-id')).toBe('req_1');
    expect(got.headers.get('cf-aig-log-id')).toBe(got.headers.get('cf-aig-request-id'));
  }
  expect(new Set(answers.map((answer) => answer.response.headers.get('cf-aig-request-id'))).size).toBe(5);
  expect(calls).toHaveLength(1);
  const { paid, followed } = await recordsOf(5);
  expect(paid).toEqual([expect.objectContaining(PAID)]);
  expect(followed).toEqual(
    Array(4).fill(expect.objectContaining({ ...FOLLOWED, saved_pico: '2300', status_code: 200 })),
  );
});

test('openai: who joins a stream late gets it from its beginning, and then as it comes', async () => {
  const streamed = async (): Promise<string[]> => {
    const texts: string[] = [];
    const stream = await clientOf().chat.completions.create({
      model: 'gpt-4o-mini',
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
    });
    for await (const chunk of stream) texts.push(chunk.choices[0]?.delta.content ?? '');
    return texts;
  };
  const first = streamed();
  const { response } = await firstCall();
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(EVENTS[0]);
  await rig.shared(1);
  const second = streamed();
  await rig.shared(2);
  response.write(EVENTS[1]);
  const third = streamed();
  await rig.shared(3);
  response.end(EVENTS.slice(2).join(''));
  const texts = await Promise.all([first, second, third]);
  expect(texts.map((parts) => parts.join(''))).toEqual(Array(3).fill('Hi there'));
  expect(calls).toHaveLength(1);
  const { paid, followed } = await recordsOf(3);
  expect(paid).toEqual([expect.objectContaining({ ...PAID, streamed: true })]);
  expect(followed).toEqual(Array(2).fill(expect.objectContaining({ ...FOLLOWED, streamed: true, saved_pico: '2300' })));
});

test('an event of a stream reaches all as soon as it comes, and not at the end', async () => {
  const clients = [looseClient(tenant.base, { body: STREAM }), looseClient(tenant.base, { body: STREAM })];
  const { response } = await firstCall();
  await rig.shared(2);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(EVENTS[0]);
  for (const { answer } of clients) {
    const got = await answer;
    const text = await new Promise<string>((resolve) => got.once('data', (chunk: Buffer) => resolve(chunk.toString())));
    expect(text).toBe(EVENTS[0]);
    got.resume();
  }
  response.end(EVENTS.slice(1).join(''));
});

test('bytes are the same for all, and a told length is told to all', async () => {
  const sound = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7) % 256));
  const speech = { path: 'openai/audio/speech', body: { model: 'tts-1', input: 'Hello', voice: 'alloy' } };
  const clients = [1, 2, 3].map(() => looseClient(tenant.base, speech));
  const { response } = await firstCall();
  await rig.shared(3);
  response.writeHead(200, { 'content-type': 'audio/mpeg', 'content-length': sound.length });
  for (let at = 0; at < sound.length; at += 1_000) response.write(sound.subarray(at, at + 1_000));
  response.end();
  for (const { answer } of clients) {
    const got = await answer;
    expect(got.headers['content-length']).toBe(String(sound.length));
    expect(got.headers['content-type']).toBe('audio/mpeg');
    const { body, isWhole } = await wholeBody(got);
    expect([body.equals(sound), isWhole]).toEqual([true, true]);
  }
  expect(calls).toHaveLength(1);
});

test('a leader that leaves in mid-stream hurts nobody, and pays for all that the others got', async () => {
  const leader = looseClient(tenant.base, { body: STREAM });
  const { response } = await firstCall();
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(EVENTS[0]);
  const follower = looseClient(tenant.base, { body: STREAM });
  await rig.shared(2);
  const got = await leader.answer;
  await new Promise((resolve) => got.once('data', resolve));
  leader.leave();
  await rig.shared(1);
  const answer = await follower.answer;
  response.end(EVENTS.slice(1).join(''));
  expect((await wholeBody(answer)).body.toString()).toBe(EVENTS.join(''));
  const { paid, followed } = await recordsOf(2);
  expect(paid).toEqual([expect.objectContaining({ ...PAID, client_aborted: true, interrupted: false })]);
  expect(followed).toEqual([expect.objectContaining({ ...FOLLOWED, client_aborted: false, saved_pico: '2300' })]);
});

test('a leader that leaves before the answer hurts nobody either', async () => {
  const leader = looseClient(tenant.base);
  const { response, seen } = await firstCall();
  const follower = looseClient(tenant.base);
  await rig.shared(2);
  leader.leave();
  await rig.shared(1);
  const late = looseClient(tenant.base);
  await rig.shared(2);
  await answerJson(200, chatCompletion())(seen, response);
  for (const { answer } of [follower, late]) {
    expect(JSON.parse((await wholeBody(await answer)).body.toString())).toEqual(chatCompletion());
  }
  expect(calls).toHaveLength(1);
  const { paid, followed } = await recordsOf(3);
  expect(paid).toEqual([expect.objectContaining({ ...PAID, client_aborted: true })]);
  expect(followed).toEqual(Array(2).fill(expect.objectContaining({ ...FOLLOWED, client_aborted: false })));
});

test('the call goes on until the last of its clients has left, in mid-stream', async () => {
  const clients = [1, 2, 3].map(() => looseClient(tenant.base, { body: STREAM }));
  const { response, seen } = await firstCall();
  await rig.shared(3);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(EVENTS[0]);
  const [, , third] = await Promise.all(clients.map(({ answer }) => answer));
  clients[0]?.leave();
  clients[1]?.leave();
  await rig.shared(1);
  response.write(EVENTS[1]);
  let text = '';
  third?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await waitFor(() => text === EVENTS.slice(0, 2).join(''), 'the third goes on');
  expect(response.destroyed).toBe(false);
  clients[2]?.leave();
  await seen.cut;
  const { paid, followed } = await recordsOf(3);
  expect(paid).toEqual([expect.objectContaining({ client_aborted: true, usage_source: 'ESTIMATED' })]);
  expect(Number(paid[0]?.['cost_pico'])).toBeGreaterThan(0);
  expect(followed).toEqual(Array(2).fill(expect.objectContaining({ ...FOLLOWED, client_aborted: true })));
});

test('the call goes on until the last of its clients has left, before an answer', async () => {
  const clients = [1, 2, 3].map(() => looseClient(tenant.base));
  const { seen, response } = await firstCall();
  await rig.shared(3);
  clients[0]?.leave();
  clients[2]?.leave();
  await rig.shared(1);
  const another = looseClient(tenant.base);
  await rig.shared(2);
  clients[1]?.leave();
  await rig.shared(1);
  expect(response.destroyed).toBe(false);
  another.leave();
  await seen.cut;
  expect(calls.length).toBe(1);
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 4);
  expect(rows).toEqual(Array(4).fill(expect.objectContaining({ status_code: 499, client_aborted: true })));
  // The provider was asked once, and may bill that.
  const isEstimate = (row: Record<string, unknown>): boolean => row['cost_status'] === 'ESTIMATED';
  expect(rows.filter(isEstimate)).toHaveLength(1);
  expect(rows.filter((row) => row['cost_status'] === 'NOT_BILLABLE')).toHaveLength(3);
  await rig.shared(0);
});

test('after a failure each of those who followed makes a call of its own', async () => {
  const clients = [1, 2, 3].map(() => looseClient(tenant.base));
  const { response, seen } = await firstCall();
  await rig.shared(3);
  let own = 0;
  rig.upstream.answer = (request, answer) =>
    (own++ === 0 ? answerJson(429, { error: { message: 'slow down' } }) : answerJson(200, chatCompletion()))(
      request,
      answer,
    );
  await answerJson(500, { error: { message: 'broken' } })(seen, response);
  const answers = await Promise.all(clients.map(({ answer }) => answer));
  expect(answers.map(({ statusCode }) => String(statusCode)).toSorted()).toEqual(['200', '429', '500']);
  for (const answer of answers) {
    expect(answer.headers['cf-aig-cache-status']).toBe('MISS');
    answer.resume();
  }
  expect([calls.length, own]).toEqual([1, 2]);
  const { paid } = await recordsOf(3);
  expect(paid).toHaveLength(3);
  // Of one attempt the row itself tells, unless it began or ended much apart from the request.
  for (const row of paid) expect(row['attempts'] ?? ['told by the row']).toHaveLength(1);
  expect(await rig.metric('coalescing_alone_total')).toBeGreaterThanOrEqual(2);
});

test('after no answer at all each of those who followed makes a call of its own', async () => {
  const clients = [looseClient(tenant.base), looseClient(tenant.base)];
  const { response } = await firstCall();
  await rig.shared(2);
  rig.upstream.answer = answerJson(200, chatCompletion());
  response.destroy();
  const answers = await Promise.all(clients.map(({ answer }) => answer));
  expect(answers.map(({ statusCode }) => String(statusCode)).toSorted()).toEqual(['200', '502']);
  for (const answer of answers) answer.resume();
});

test('an answer that breaks off breaks off for all, and is kept by nobody', async () => {
  tenant = await sharingTenant({ cache_ttl_seconds: 60 });
  const clients = [looseClient(tenant.base, { body: STREAM }), looseClient(tenant.base, { body: STREAM })];
  const { response } = await firstCall();
  await rig.shared(2);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  await new Promise((resolve) => response.write(EVENTS[0], resolve));
  const answers = await Promise.all(clients.map(({ answer }) => answer));
  await waitFor(async () => (await rig.metric('coalescing_open_calls')) === 1, 'it goes on');
  response.destroy();
  for (const answer of answers) {
    const text = (await wholeBody(answer)).body.toString();
    expect(text.startsWith(EVENTS[0] ?? '')).toBe(true);
    expect(text).toContain('"error"');
  }
  const { paid, followed } = await recordsOf(2);
  expect(paid).toEqual([expect.objectContaining({ interrupted: true, usage_source: 'ESTIMATED' })]);
  expect(followed).toEqual([expect.objectContaining({ ...FOLLOWED, interrupted: true })]);
  rig.upstream.answer = answerJson(200, chatCompletion());
  const later = await looseClient(tenant.base, { body: STREAM }).answer;
  later.resume();
  expect(later.headers['cf-aig-cache-status']).toBe('MISS');
});

test('a document that breaks off before anything went down is a failure for all, and a hit for nobody', async () => {
  const clients = [looseClient(tenant.base), looseClient(tenant.base)];
  const { response } = await firstCall();
  await rig.shared(2);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1_000 });
  await new Promise((resolve) => response.write('{"choices":', resolve));
  response.destroy();
  const answers = await Promise.all(clients.map(({ answer }) => answer));
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([502, 502]);
  for (const answer of answers) answer.resume();
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 2);
  expect(rows).toEqual(Array(2).fill(expect.objectContaining({ cached: false, status_code: 502, error_code: 2005 })));
  expect(rows.filter((row) => row['input_tokens'] !== '0').length).toBeLessThanOrEqual(1);
});

test('a follower waits as long as its own request may take', async () => {
  const leader = looseClient(tenant.base);
  const { response, seen } = await firstCall();
  await rig.shared(1);
  const follower = looseClient(tenant.base, { headers: { 'cf-aig-request-timeout': '100' } });
  expect((await follower.answer).statusCode).toBe(504);
  (await follower.answer).resume();
  await answerJson(200, chatCompletion())(seen, response);
  expect((await leader.answer).statusCode).toBe(200);
  (await leader.answer).resume();
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 2);
  const late = { status_code: 504, cached: false, cost_status: 'NOT_BILLABLE', cost_pico: '0', error_code: 2005 };
  expect(rows).toEqual(expect.arrayContaining([expect.objectContaining(PAID), expect.objectContaining(late)]));
});

test('with a cache, what was shared is kept, even when its leader left; without one, nothing is', async () => {
  for (const ttl of [60, 0]) {
    tenant = await sharingTenant({ cache_ttl_seconds: ttl });
    calls = rig.calls();
    const leader = looseClient(tenant.base);
    const { response, seen } = await firstCall();
    const follower = looseClient(tenant.base);
    await rig.shared(2);
    leader.leave();
    await rig.shared(1);
    await answerJson(200, chatCompletion())(seen, response);
    expect((await wholeBody(await follower.answer)).isWhole).toBe(true);
    await recordsOf(2);
    rig.upstream.answer = answerJson(200, chatCompletion());
    const later = await looseClient(tenant.base).answer;
    later.resume();
    expect(later.headers['cf-aig-cache-status']).toBe(ttl === 0 ? 'MISS' : 'HIT');
  }
});

test('a limit counts each request, whoever pays', async () => {
  const rule = { name: 'all', limit: 2, intervalSeconds: 2_592_000, technique: 'FIXED', key: 'GATEWAY', keyName: null };
  tenant = await sharingTenant({ rate_limits: [rule] });
  const clients = [looseClient(tenant.base), looseClient(tenant.base)];
  const { response, seen } = await firstCall();
  await rig.shared(2);
  const third = looseClient(tenant.base);
  expect((await third.answer).statusCode).toBe(429);
  (await third.answer).resume();
  await answerJson(200, chatCompletion())(seen, response);
  for (const { answer } of clients) expect((await wholeBody(await answer)).isWhole).toBe(true);
});

test('steps of universal requests share calls with each other', async () => {
  const step = {
    provider: 'openai',
    endpoint: 'chat/completions',
    headers: { authorization: 'Bearer sk-test', 'content-type': 'application/json' },
    query: CHAT,
  };
  const universal = (): ReturnType<typeof looseClient> => looseClient(tenant.base, { path: '', body: [step, step] });
  const clients = [universal(), universal()];
  const { response, seen } = await firstCall();
  await rig.shared(2);
  await answerJson(200, chatCompletion())(seen, response);
  const answers = await Promise.all(clients.map(({ answer }) => answer));
  expect(answers.map(({ headers }) => String(headers['cf-aig-cache-status'])).toSorted()).toEqual(['HIT', 'MISS']);
  expect(answers.map(({ headers }) => headers['cf-aig-step'])).toEqual(['0', '0']);
  for (const answer of answers) answer.resume();
  expect(calls).toHaveLength(1);
});

test('a gateway without the setting calls the provider for each', async () => {
  tenant = await rig.tenant({ cache_ttl_seconds: 60 });
  const clients = [looseClient(tenant.base), looseClient(tenant.base)];
  await waitFor(() => calls.length === 2, 'both are called');
  for (const { seen, response } of calls) await answerJson(200, chatCompletion())(seen, response);
  for (const { answer } of clients) (await answer).resume();
  expect(await rig.metric('coalescing_open_calls')).toBe(0);
});
