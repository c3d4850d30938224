/** What a client gets that is over a rate limit, and what is written down of it. */
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { answerJson, chatCompletion } from '../../support/fake-upstream.js';
import { limitedBy, limitRule, MONTH_SECONDS } from '../../support/rate-limits.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';
import { waitFor } from '../../support/wait-for.js';
import { usageRecordCount, usageRecords } from '../../support/usage-records.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
beforeEach(() => {
  rig.upstream.answer = answerJson(200, chatCompletion());
});
afterAll(() => rig.stop());

type Tenant = Awaited<ReturnType<Rig['tenant']>>;

const call = (tenant: Tenant, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  post(`${tenant.base}/openai/chat/completions`, CHAT, headers);

async function statuses(tenant: Tenant, requests: readonly Readonly<Record<string, string>>[]): Promise<number[]> {
  const found: number[] = [];
  for (const headers of requests) found.push((await call(tenant, headers)).status);
  return found;
}

test('a request over the limit is told by which, and when to come again', async () => {
  const tenant = await rig.tenant(limitedBy(limitRule({ limit: 2, name: 'two 100 % für alle' })));
  const seen = rig.upstream.seen.length;
  expect(await statuses(tenant, [{}, {}])).toEqual([200, 200]);
  for (let again = 0; again < 2; again++) {
    const response = await call(tenant);
    expect(response.status).toBe(429);
    const { headers } = response;
    const id = headers.get('cf-aig-request-id');
    expect(headers.get('cf-aig-log-id')).toBe(id);
    expect(headers.get('ratelimit-limit')).toBe('2');
    expect(headers.get('ratelimit-remaining')).toBe('0');
    expect(headers.get('ratelimit-policy')).toBe('two 100 %25 f%C3%BCr alle');
    const seconds = Number(headers.get('retry-after'));
    expect(Number.isInteger(seconds) && seconds > 0 && seconds <= MONTH_SECONDS).toBe(true);
    expect(headers.get('ratelimit-reset')).toBe(headers.get('retry-after'));
    expect(await response.json()).toEqual({
      success: false,
      result: [],
      messages: [],
      error: [{ code: 2003, message: 'Rate limited' }],
      name: 'AiGatewayError',
      httpCode: 429,
      internalCode: 2003,
      message: 'Rate limited',
      description: `the rate limit "two 100 % für alle" (2 in ${MONTH_SECONDS} s) is used up`,
    });
  }
  expect(rig.upstream.seen.length - seen).toBe(2);
});

test('a request that could not be sent counts, and is over the limit before it is anything else', async () => {
  const tenant = await rig.tenant(limitedBy(limitRule({ limit: 2 })));
  const deep = `{"model":"gpt-4o","messages":${'['.repeat(1_000)}${']'.repeat(1_000)}}`;
  const found: number[] = [];
  for (let made = 0; made < 4; made++) {
    const response = await post(`${tenant.base}/openai/chat/completions`, deep);
    found.push(response.status);
    await response.arrayBuffer();
  }
  expect(found).toEqual([400, 400, 429, 429]);
});

test('a refusal is a log that costs nothing and has no attempts', async () => {
  const tenant = await rig.tenant(limitedBy(limitRule({ limit: 1 })));
  const token = await tenant.apiToken();
  await call(tenant);
  const response = await call(tenant, {
    'cf-aig-authorization': `Bearer ${token}`,
    'cf-aig-metadata': '{"user":"u-1","list":[]}',
    'cf-aig-event-id': 'event-1',
  });
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 2);
  expect(rows[1]).toMatchObject({
    id: response.headers.get('cf-aig-log-id'),
    event_id: 'event-1',
    request_count: 1,
    provider: 'openai',
    model: null,
    method: 'POST',
    path: '/chat/completions',
    status_code: 429,
    error_code: 2003,
    cost_pico: '0',
    cost_status: 'NOT_BILLABLE',
    usage_source: 'NONE',
    input_tokens: '0',
    usage_note: `refused by the rate limit "all" (1 in ${MONTH_SECONDS} s); metadata dropped: list`,
    metadata: { user: 'u-1' },
    is_log: true,
    attempts: [],
  });
  expect(rows[1]?.['api_token_id']).not.toBeNull();
});

test.each([
  ['HEADER', 'X-User-Id', { 'x-user-id': 'a' }, { 'x-user-id': 'b' }],
  ['METADATA', 'user', { 'cf-aig-metadata': '{"user":"a"}' }, { 'cf-aig-metadata': '{"user":"b"}' }],
] as const)('each value of a %s has a limit of its own, and requests without share one', async (key, keyName, a, b) => {
  const tenant = await rig.tenant(limitedBy(limitRule({ limit: 2, key, keyName })));
  expect(await statuses(tenant, [a, a, a, b, b, b, {}, {}, {}])).toEqual([200, 200, 429, 200, 200, 429, 200, 200, 429]);
});

test('each API token has a limit of its own, and so has everybody without one', async () => {
  const tenant = await rig.tenant(limitedBy(limitRule({ limit: 1, key: 'TOKEN' })));
  const bearers = [await tenant.apiToken(), await tenant.apiToken()].map((token) => ({
    'cf-aig-authorization': `Bearer ${token}`,
  }));
  expect(await statuses(tenant, [...bearers, ...bearers, {}, {}])).toEqual([200, 200, 429, 429, 200, 429]);
});

test('a request counts in all of its rules or in none, and the rule that is longest in the way is named', async () => {
  const rules = [
    limitRule({ name: 'gateway', limit: 3, intervalSeconds: 86_400 * 29 }),
    limitRule({ name: 'user', limit: 1, key: 'HEADER', keyName: 'x-user-id' }),
  ];
  const tenant = await rig.tenant(limitedBy(...rules));
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((user) => ({ 'x-user-id': user }));
  expect(await statuses(tenant, [a ?? {}, a ?? {}, a ?? {}, b ?? {}, c ?? {}])).toEqual([200, 429, 429, 200, 200]);
  expect((await call(tenant, a)).headers.get('ratelimit-policy')).toMatch(/^user|gateway$/);
  const byGateway = await call(tenant, d);
  expect([byGateway.status, byGateway.headers.get('ratelimit-policy')]).toEqual([429, 'gateway']);
});

test('beyond fifty refusals a second, one record carries the count of the others', async () => {
  // Again where they took so many seconds that each of them had a record.
  const { tenant, statusesSeen, logged } = await waitFor(async () => {
    const tenant = await rig.tenant(limitedBy(limitRule({ limit: 1 })));
    await call(tenant);
    const responses = await Promise.all(Array.from({ length: 200 }, () => call(tenant)));
    const logged = responses.filter((response) => response.headers.has('cf-aig-log-id')).length;
    return logged < 200 ? { tenant, logged, statusesSeen: new Set(responses.map(({ status }) => status)) } : null;
  }, 'there are more than fifty a second');
  expect(statusesSeen).toEqual(new Set([429]));
  expect(logged).toBeGreaterThanOrEqual(50);
  // A second may end in between: then there is more than one record that carries a count.
  const tallied = await waitFor(async () => {
    const rows = await usageRecords(rig.proxy.owner, tenant.accountId, logged + 2);
    const shared = rows.filter((row) => row['is_log'] === false);
    const count = shared.reduce((sum, row) => sum + Number(row['request_count']), 0);
    return count === 200 - logged ? shared : null;
  }, 'every refusal is counted');
  expect(tallied.length).toBeLessThanOrEqual(3);
  for (const row of tallied) {
    expect(row).toMatchObject({ status_code: 429, error_code: 2003, client_ip: null, cost_status: 'NOT_BILLABLE' });
  }
});

test('without rules nothing is asked and nothing is counted', async () => {
  const tenant = await rig.tenant();
  expect((await call(tenant)).status).toBe(200);
  expect(await usageRecordCount(rig.proxy.owner, tenant.accountId)).toBeLessThanOrEqual(1);
});

test("openai's SDK gives up at once, as a rate limit, when the wait is long", async () => {
  const tenant = await rig.tenant(limitedBy(limitRule({ limit: 1 })));
  const client = new OpenAI({ baseURL: `${tenant.base}/openai`, apiKey: 'sk-test', maxRetries: 5 });
  const ask = (): Promise<unknown> =>
    client.chat.completions.create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }] });
  await ask();
  const error: unknown = await ask().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(OpenAI.RateLimitError);
  expect(error).toMatchObject({ status: 429 });
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 2);
  expect(rows.map((row) => row['status_code'])).toEqual([200, 429]);
});

test("openai's SDK waits for as long as it is told to, and then has its answer", async () => {
  const tenant = await rig.tenant(limitedBy(limitRule({ limit: 1, intervalSeconds: 1 })));
  const client = new OpenAI({ baseURL: `${tenant.base}/openai`, apiKey: 'sk-test', maxRetries: 5 });
  const ask = (): Promise<{ choices: unknown[] }> =>
    client.chat.completions.create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }] });
  const answers = await Promise.all([ask(), ask()]);
  expect(answers.map(({ choices }) => choices.length)).toEqual([1, 1]);
});
