import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerEvents, answerJson, chatCompletion, chatEvents, type Answer } from '../../support/fake-upstream.js';
import { limitedBy, limitRule } from '../../support/rate-limits.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';
import { usageRecordCount, usageRecords } from '../../support/usage-records.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const FAILURE = { error: { message: 'no such model', type: 'invalid_request_error' } };
const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-4-5-20251001',
  content: [{ type: 'text', text: 'Hi' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 25, output_tokens: 15 },
};

/** Answers by path: OpenAI's of the rig stand under `/v1/chat`, Anthropic's under `/v1/messages`. */
function byProvider(openai: Answer, anthropic: Answer): Answer {
  return (request, response) => (request.url.includes('chat') ? openai : anthropic)(request, response);
}

const OPENAI = {
  provider: 'openai',
  endpoint: 'chat/completions',
  headers: { Authorization: 'Bearer sk-openai' },
  query: CHAT,
};
const ANTHROPIC = {
  provider: 'anthropic',
  endpoint: 'v1/messages',
  headers: { 'x-api-key': 'sk-ant', 'anthropic-version': '2023-06-01' },
  query: { model: 'claude-haiku-4-5', max_tokens: 64, messages: CHAT.messages },
};

async function pricedTenant(settings: Readonly<Record<string, unknown>> = {}) {
  const tenant = await rig.tenant(settings);
  await tenant.priceOverride({ provider: 'openai', model: 'gpt-4o-mini', match: 'PREFIX' });
  const rates = { inputTokens: '10', outputTokens: '10' };
  await tenant.priceOverride({ provider: 'anthropic', model: 'claude-haiku', match: 'PREFIX', rates });
  return tenant;
}

test('the first step that succeeds answers, natively; the others are not called', async () => {
  const tenant = await pricedTenant();
  rig.upstream.answer = byProvider(
    answerJson(200, chatCompletion(), { 'x-request-id': 'req-1' }),
    answerJson(200, MESSAGE),
  );
  const before = rig.upstream.seen.length;
  const response = await post(tenant.base, [OPENAI, ANTHROPIC]);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual(chatCompletion());
  expect(response.headers.get('cf-aig-step')).toBe('0');
  expect(response.headers.get('cf-aig-provider')).toBe('openai');
  expect(response.headers.get('cf-aig-model')).toBe('gpt-4o-mini');
  expect(response.headers.get('x-request-id')).toBe('req-1');
  expect(response.headers.get('cf-aig-log-id')).toBe(response.headers.get('cf-aig-request-id'));
  expect(rig.upstream.seen).toHaveLength(before + 1);
  const seen = rig.upstream.seen.at(-1);
  expect(seen?.headers.authorization).toBe('Bearer sk-openai');
  expect(seen?.headers['content-type']).toBe('application/json');
  expect(seen?.body.toString()).toBe(JSON.stringify(CHAT));
});

test('any status from 400 on goes to the next step; every attempt is recorded and priced as its own provider’s', async () => {
  const tenant = await pricedTenant();
  rig.upstream.answer = byProvider(answerJson(404, FAILURE), answerJson(200, MESSAGE));
  const response = await post(tenant.base, [OPENAI, ANTHROPIC], { 'cf-aig-event-id': 'mine' });
  expect(await response.json()).toEqual(MESSAGE);
  expect(response.headers.get('cf-aig-step')).toBe('1');
  expect(response.headers.get('cf-aig-provider')).toBe('anthropic');
  const [row, ...others] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(others).toEqual([]);
  expect(row).toMatchObject({
    provider: 'anthropic',
    path: '/v1/messages',
    event_id: 'mine',
    status_code: 200,
    input_tokens: '25',
    output_tokens: '15',
    cost_pico: '400',
    cost_status: 'PRICED',
  });
  expect(row?.['attempts']).toMatchObject([
    { number: 1, step: 0, provider: 'openai', statusCode: 404, costStatus: 'NOT_BILLABLE' },
    { number: 2, step: 1, provider: 'anthropic', statusCode: 200, costPico: '400', units: { inputTokens: 25 } },
  ]);
});

test('steps are retried by their own rule before the next one is tried', async () => {
  const tenant = await pricedTenant({ retry_max_attempts: 5, retry_delay_ms: 60_000 });
  rig.upstream.answer = byProvider(answerJson(503, FAILURE), answerJson(200, MESSAGE));
  const config = { maxAttempts: 3, retryDelay: 0 };
  const response = await post(tenant.base, [{ ...OPENAI, config }, ANTHROPIC]);
  expect(response.headers.get('cf-aig-step')).toBe('1');
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  const attempts = row?.['attempts'] as { number: number; step: number }[]; // the column's shape
  expect(attempts.map(({ number, step }) => [number, step])).toEqual([[1, 0], [2, 0], [3, 0], [4, 1]]); // prettier-ignore
});

test('a stream is piped, and a step that answers too late is followed by the next', async () => {
  const tenant = await pricedTenant();
  rig.upstream.answer = byProvider(answerEvents(chatEvents(['Hi ', 'there'], true)), () => undefined);
  const slow = { ...ANTHROPIC, config: { requestTimeout: 100 } };
  const response = await post(tenant.base, [slow, { ...OPENAI, query: { ...CHAT, stream: true } }]);
  expect(response.headers.get('cf-aig-step')).toBe('1');
  expect(await response.text()).toContain('data: [DONE]');
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  // The step that was given up had been sent: two tokens of input, at a price of ten each.
  expect(row).toMatchObject({ streamed: true, input_tokens: '1002', output_tokens: '100', cost_pico: '1120' });
  expect(row?.['attempts']).toMatchObject([
    { step: 0, errorCode: 2005, statusCode: null },
    { step: 1, statusCode: 200 },
  ]);
});

test('a document that breaks off before anything went down is followed by the next step, and what it used is kept', async () => {
  const tenant = await pricedTenant();
  const breaking: Answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
    response.write('{"half":', () => response.destroy());
  };
  rig.upstream.answer = byProvider(breaking, answerJson(200, MESSAGE));
  const response = await post(tenant.base, [OPENAI, ANTHROPIC]);
  expect(await response.json()).toEqual(MESSAGE);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ status_code: 200, interrupted: false, cost_status: 'ESTIMATED' });
  expect(row?.['attempts']).toMatchObject([
    { statusCode: 200, errorCode: 2005, costStatus: 'ESTIMATED' },
    { statusCode: 200, errorCode: null, costStatus: 'PRICED' },
  ]);
});

test('when every step fails, the last one’s answer passes on, with its number', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = byProvider(answerJson(500, FAILURE), answerJson(529, { type: 'error' }));
  const response = await post(tenant.base, [OPENAI, ANTHROPIC]);
  expect(response.status).toBe(529);
  expect(await response.json()).toEqual({ type: 'error' });
  expect(response.headers.get('cf-aig-step')).toBe('1');
  const hungUp = byProvider(answerJson(500, FAILURE), (_request, reply) => void reply.destroy());
  rig.upstream.answer = hungUp;
  const failed = await post(tenant.base, [OPENAI, ANTHROPIC]);
  expect(failed.status).toBe(502);
  expect(await failed.json()).toMatchObject({ internalCode: 2005 });
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 2);
  expect(rows.map((row) => [row['status_code'], row['cost_status']])).toEqual([[529, 'NOT_BILLABLE'], [502, 'NOT_BILLABLE']]); // prettier-ignore
});

test('a step that cannot be called is passed over; if none can, its error is the answer, without a row', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = byProvider(answerJson(200, chatCompletion()), answerJson(500, FAILURE));
  const unknown = { ...OPENAI, provider: 'compat' };
  const noKey = { ...OPENAI, headers: { 'cf-aig-byok-alias': 'nobody' } };
  const response = await post(tenant.base, [unknown, noKey, OPENAI]);
  expect(response.headers.get('cf-aig-step')).toBe('2');
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row?.['attempts']).toMatchObject([{ number: 1, step: 2 }]);

  const refused = await post(tenant.base, [noKey, unknown]);
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ internalCode: 2008 });
  const last = await post(tenant.base, [ANTHROPIC, unknown]);
  expect(await last.json()).toMatchObject({ internalCode: 2008 });
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 2);
  expect(rows[1]).toMatchObject({ status_code: 400, error_code: 2008, provider: 'anthropic' });
  expect(rows[1]?.['attempts']).toMatchObject([{ step: 0, statusCode: 500 }]);
  expect(await usageRecordCount(rig.proxy.owner, tenant.accountId)).toBe(2);
});

test('a refusal of the last step bears the ids of the record, which is that of the steps before it', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = answerJson(500, FAILURE);
  const tried = { ...OPENAI, config: { eventId: 'of-the-tried' } };
  const response = await post(tenant.base, [tried, { ...OPENAI, provider: 'compat', config: { eventId: 'refused' } }]);
  expect([response.status, response.headers.get('cf-aig-step')]).toEqual([400, '1']);
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ event_id: 'of-the-tried', error_code: 2008 });
  expect(response.headers.get('cf-aig-event-id')).toBe('of-the-tried');
});

test('one step needs no array, and a slash behind the gateway changes nothing', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = byProvider(answerJson(200, chatCompletion()), answerJson(200, MESSAGE));
  for (const url of [tenant.base, `${tenant.base}/`]) {
    const response = await post(url, ANTHROPIC);
    expect([response.status, response.headers.get('cf-aig-step')]).toEqual([200, '0']);
  }
});

test('who calls is told by the request around the steps; what AGP sends without a key is ignored where nobody asks', async () => {
  const [open, closed] = [await rig.tenant(), await rig.tenant({ authentication: true })];
  rig.upstream.answer = answerJson(200, chatCompletion());
  const nobody = { 'cf-aig-authorization': 'Bearer undefined' };
  expect((await post(open.base, [OPENAI], nobody)).status).toBe(200);
  const refused = await post(closed.base, [OPENAI], nobody);
  expect([refused.status, await refused.json()]).toMatchObject([401, { internalCode: 2009 }]);
  const token = await closed.apiToken();
  const inStep = { ...OPENAI, headers: { authorization: `Bearer ${token}` } };
  expect((await post(closed.base, [inStep])).status).toBe(401);
  expect((await post(closed.base, [OPENAI], { 'cf-aig-authorization': `Bearer ${token}` })).status).toBe(200);
  const [row] = await usageRecords(rig.proxy.owner, closed.accountId, 1);
  expect(row?.['api_token_id']).not.toBeNull();
});

test('a stored key is used for a step without a credential, and no API token ever goes upstream', async () => {
  const tenant = await rig.tenant();
  await tenant.providerKey({
    gatewayId: tenant.gatewayId,
    provider: 'openai',
    origin: rig.upstream.origin,
    secret: 'sk-stored',
  });
  const token = await tenant.apiToken();
  rig.upstream.answer = answerJson(200, chatCompletion());
  const step = { ...OPENAI, headers: { 'x-mine': `Bearer ${token}`, 'cf-aig-authorization': `Bearer ${token}` } };
  const response = await post(tenant.base, [step], { 'cf-aig-authorization': `Bearer ${token}` });
  expect(response.status).toBe(200);
  const seen = rig.upstream.seen.at(-1);
  expect(seen?.headers.authorization).toBe('Bearer sk-stored');
  expect(JSON.stringify(seen?.rawHeaders)).not.toContain('tgt_');
});

test.each([
  ['no JSON', 'hello'],
  ['an empty list', []],
  ['a bad setting', [{ ...OPENAI, config: { maxAttempts: 'x' } }]],
])('%s is 400/9001, without a row', async (_what, body) => {
  const tenant = await rig.tenant();
  const response = await post(tenant.base, body);
  expect([response.status, await response.json()]).toMatchObject([400, { internalCode: 9001 }]);
  expect(await usageRecordCount(rig.proxy.owner, tenant.accountId)).toBe(0);
});

test('only a POST is universal', async () => {
  const tenant = await rig.tenant();
  const response = await fetch(tenant.base);
  expect([response.status, await response.json()]).toMatchObject([400, { internalCode: 2008 }]);
  const unknown = await post(`${rig.proxy.url}/v1/${tenant.tag}/nowhere`, [OPENAI]);
  expect(await unknown.json()).toMatchObject({ internalCode: 2001 });
});

test('each step’s settings win over the request’s, and those over the gateway’s', async () => {
  const limits = [undefined, 110, 120, 130] as const;
  rig.upstream.answer = () => undefined;
  for (const gateway of [limits[0], limits[1]]) {
    const tenant = await rig.tenant({ request_timeout_ms: gateway ?? 140 });
    for (const request of [limits[0], limits[2]]) {
      for (const item of [limits[0], limits[3]]) {
        const headers = request === undefined ? {} : { 'cf-aig-request-timeout': String(request) };
        const config = item === undefined ? {} : { requestTimeout: item };
        const response = await post(tenant.base, [{ ...OPENAI, config }], headers);
        const expected = item ?? request ?? gateway ?? 140;
        const description = expect.stringContaining(`${expected} ms`) as unknown;
        expect(await response.json()).toMatchObject({ internalCode: 2005, description });
      }
    }
  }
});

test('a step whose answer is cached calls nobody, costs nothing, and stands beside the attempts before it', async () => {
  const tenant = await pricedTenant();
  rig.upstream.answer = byProvider(answerJson(404, FAILURE), answerJson(200, MESSAGE));
  const ask = (): Promise<Response> => post(tenant.base, [OPENAI, ANTHROPIC], { 'cf-aig-cache-ttl': '60' });
  const first = await ask();
  expect(first.headers.get('cf-aig-cache-status')).toBe('MISS');
  await first.arrayBuffer();
  const before = rig.upstream.seen.length;
  const second = await ask();
  expect(second.headers.get('cf-aig-cache-status')).toBe('HIT');
  expect(second.headers.get('cf-aig-step')).toBe('1');
  expect(await second.json()).toEqual(MESSAGE);
  expect(rig.upstream.seen.slice(before).map(({ url }) => url)).toEqual(['/v1/chat/completions']);
  const [, row] = await usageRecords(rig.proxy.owner, tenant.accountId, 2);
  expect(row).toMatchObject({ provider: 'anthropic', cached: true, cost_pico: '0', saved_pico: '400' });
  expect(row).toMatchObject({ cost_status: 'CACHED' });
  expect(row?.['attempts']).toMatchObject([{ number: 1, step: 0, provider: 'openai', statusCode: 404 }]);
});

test('a universal request is counted once by the rate limits, however many steps it takes', async () => {
  const tenant = await pricedTenant(limitedBy(limitRule({ limit: 2 })));
  rig.upstream.answer = byProvider(answerJson(404, FAILURE), answerJson(200, MESSAGE));
  const ask = async (): Promise<number> => {
    const response = await post(tenant.base, [OPENAI, ANTHROPIC]);
    await response.arrayBuffer();
    return response.status;
  };
  expect([await ask(), await ask(), await ask()]).toEqual([200, 200, 429]);
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 3);
  expect(rows[2]).toMatchObject({ provider: 'openai', status_code: 429, error_code: 2003, cost_pico: '0' });
});

test('a body must not be compressed, which one in identity is not, however that is written', async () => {
  const tenant = await pricedTenant();
  rig.upstream.answer = answerJson(200, chatCompletion());
  const statusOf = async (encoding: string): Promise<number> =>
    (await post(tenant.base, [OPENAI], { 'content-encoding': encoding })).status;
  expect(await Promise.all(['identity', 'Identity', 'gzip'].map(statusOf))).toEqual([200, 200, 400]);
});

test.each([
  ['METADATA', 'user', (user: string) => ({ 'cf-aig-metadata': JSON.stringify({ user }) })],
  ['HEADER', 'x-user-id', (user: string) => ({ 'X-User-Id': user })],
] as const)(
  'a limit by %s goes by the request’s own, and where it has none by its first step’s',
  async (key, keyName, by) => {
    const tenant = await pricedTenant(limitedBy(limitRule({ limit: 1, key, keyName })));
    rig.upstream.answer = byProvider(answerJson(200, chatCompletion()), answerJson(200, MESSAGE));
    const ask = async (first: object, outer: Record<string, string> = {}): Promise<number> => {
      const steps = [
        { ...OPENAI, headers: { ...OPENAI.headers, ...first } },
        { ...ANTHROPIC, ...by('z') },
      ];
      const response = await post(tenant.base, steps, outer);
      await response.arrayBuffer();
      return response.status;
    };
    expect([await ask(by('a')), await ask(by('b')), await ask(by('a'))]).toEqual([200, 200, 429]);
    expect([await ask(by('c'), by('a')), await ask(by('c'))]).toEqual([429, 200]);
    expect([await ask({}), await ask({})]).toEqual([200, 429]);
    const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 7);
    const users = rows.map(({ metadata }) => metadata);
    if (key === 'METADATA') expect(users.slice(0, 3)).toEqual([{ user: 'a' }, { user: 'b' }, { user: 'a' }]);
  },
);

test('metadata of the request goes before its first step’s, entry by entry', async () => {
  const tenant = await pricedTenant(limitedBy(limitRule({ limit: 1, key: 'METADATA', keyName: 'user' })));
  rig.upstream.answer = byProvider(answerJson(200, chatCompletion()), answerJson(200, MESSAGE));
  const step = { ...OPENAI, config: { metadata: { user: 'a', team: 'x' } } };
  const ask = async (metadata: object): Promise<number> => {
    const response = await post(tenant.base, [step], { 'cf-aig-metadata': JSON.stringify(metadata) });
    await response.arrayBuffer();
    return response.status;
  };
  expect([await ask({ team: 'y' }), await ask({ team: 'y' })]).toEqual([200, 429]);
  const rows = await usageRecords(rig.proxy.owner, tenant.accountId, 2);
  expect(rows[1]?.['metadata']).toEqual({ user: 'a', team: 'y' });
});
