/** T-CACHE-2 and T-CACHE-3: nobody gets an answer out of another scope, whatever he sends. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FULL_SIZE_TIMEOUT_MS, REPLAYS } from '../../../support/cache-sizes.js';
import type { Answer } from '../../../support/fake-upstream.js';
import { inBatches } from '../../../support/in-batches.js';
import { rawCall, type RawAnswer } from '../../../support/raw-call.js';
import { startRig, type Rig } from '../../../support/rig.js';

let rig: Rig;

/** Answers with a text that no other answer has. */
const uniqueAnswer = (): Answer => {
  let answers = 0;
  return (_request, response) => {
    const body = JSON.stringify({ id: `answer ${++answers}`, usage: { prompt_tokens: 1, completion_tokens: 1 } });
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  };
};

beforeAll(async () => {
  rig = await startRig();
  rig.upstream.answer = uniqueAnswer();
});
afterAll(() => rig.stop());

interface Sent {
  readonly base: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const BODY = '{"model":"gpt-4o-mini","messages":[]}';
const JSON_TYPE = { 'content-type': 'application/json' };

const send = ({ base, path = 'openai/chat/completions', headers = {}, body = BODY }: Sent): Promise<RawAnswer> =>
  rawCall(`${base}/${path}`, { headers: { ...JSON_TYPE, 'cf-aig-cache-ttl': '600', ...headers }, body });

const statusOf = (answer: RawAnswer): unknown => answer.headers['cf-aig-cache-status'];

test(
  'T-CACHE-2: of accounts, gateways, credentials and roles, none gets an answer of another’s',
  async () => {
    const scopes: Sent[] = [];
    for (const settings of [{}, { authentication: true }]) {
      const tenant = await rig.tenant(settings);
      await tenant.gateway('other', settings);
      const gatewayId = await tenant.gateway('keyed', settings);
      for (const alias of ['default', 'second']) {
        const origin = rig.upstream.origin;
        await tenant.providerKey({ gatewayId, provider: 'openai', alias, secret: 'sk-same-0123456789', origin });
      }
      const runs = await tenant.apiToken();
      const mayNot = await tenant.apiToken({ permissions: ['AI_GATEWAY_READ'] });
      for (const gateway of ['main', 'other', 'keyed']) {
        const base = `${rig.proxy.url}/v1/${tenant.tag}/${gateway}`;
        for (const authorization of ['', 'Bearer sk-one', 'Bearer sk-two', 'Bearer  sk-one']) {
          const own: Record<string, string> = authorization === '' ? {} : { authorization };
          for (const token of [runs, mayNot]) {
            scopes.push({ base, headers: { ...own, 'cf-aig-authorization': `Bearer ${token}` } });
          }
          scopes.push({ base, headers: own });
        }
        scopes.push({ base, headers: { 'cf-aig-authorization': `Bearer ${runs}`, 'cf-aig-byok-alias': 'second' } });
      }
    }
    /** What may share an answer: the same gateway, and the same credential towards the provider. */
    const seen = new Map<string, Set<string>>();
    await inBatches(
      Array.from({ length: REPLAYS }, (_, index) => index),
      16,
      async (index) => {
        const scope = scopes[index % scopes.length];
        if (scope === undefined) throw new Error('there are scopes');
        const answer = await send(scope);
        if (answer.status !== 200) return;
        const { authorization = null, 'cf-aig-byok-alias': alias = null } = scope.headers ?? {};
        const isKeyed = scope.base.endsWith('/keyed') && authorization === null;
        const credential = isKeyed ? `key ${alias ?? 'default'}` : `own ${authorization ?? 'none'}`;
        const text = answer.body.toString();
        seen.set(text, (seen.get(text) ?? new Set()).add(`${scope.base} ${credential}`));
      },
    );
    expect(seen.size).toBeGreaterThan(10);
    expect([...seen.values()].filter((shared) => shared.size > 1)).toEqual([]);
  },
  FULL_SIZE_TIMEOUT_MS,
);

test('T-CACHE-2: whose key stands where Anthropic’s SDKs write it gets no answer of another’s, at whoever speaks its format', async () => {
  const { base } = await rig.tenant();
  for (const provider of ['anthropic', 'deepseek/anthropic']) {
    const path = `${provider}/v1/messages`;
    const by = async (key: string): Promise<unknown> =>
      statusOf(await send({ base, path, headers: { 'x-api-key': key } }));
    expect([provider, await by('sk-one'), await by('sk-two'), await by('sk-one')]).toEqual([
      provider,
      'MISS',
      'MISS',
      'HIT',
    ]);
  }
});

test('T-CACHE-2: an answer for a stored key is not for who may not use it', async () => {
  const tenant = await rig.tenant();
  const { gatewayId, base } = tenant;
  await tenant.providerKey({ gatewayId, provider: 'openai', secret: 'sk-0123456789ab', origin: rig.upstream.origin });
  const [runs, mayNot] = [await tenant.apiToken(), await tenant.apiToken({ permissions: ['AI_GATEWAY_READ'] })];
  const by = (token: string): Promise<RawAnswer> =>
    send({ base, headers: { 'cf-aig-authorization': `Bearer ${token}`, 'cf-aig-cache-key': 'shared' } });
  expect(statusOf(await by(runs))).toBe('MISS');
  expect(statusOf(await by(runs))).toBe('HIT');
  const refused = await by(mayNot);
  expect([refused.status, statusOf(refused)]).toEqual([401, undefined]);
  expect((await send({ base, headers: { 'cf-aig-cache-key': 'shared' } })).status).toBe(401);
});

const keyed = (key: string): Record<string, string> => ({ 'cf-aig-cache-key': key });

test('T-CACHE-3: a key of a client’s own stands for content type and body, and for nothing else', async () => {
  const [first, second] = [await rig.tenant(), await rig.tenant()];
  const { base } = first;
  const headers = keyed('mine');
  expect(statusOf(await send({ base, headers }))).toBe('MISS');
  const other = { ...headers, 'content-type': 'text/plain' };
  expect(statusOf(await send({ base, headers: other, body: '{"model":"gpt-4o","messages":[1]}' }))).toBe('HIT');
  const misses: readonly Sent[] = [
    { base: second.base, headers },
    { base, headers: { ...headers, authorization: 'Bearer sk-another' } },
    { base, headers, path: 'openai/responses' },
    { base, headers, path: 'openai/chat/completions?a=1' },
    { base, headers, path: 'openai/chat/completions?a=1&a=2' },
    { base, headers, path: 'openai/chat/completions?a=2&a=1' },
    { base, headers, body: '{"model":"gpt-4o-mini","stream":true,"messages":[]}' },
    { base, headers: { ...headers, 'openai-organization': 'org' } },
    { base, headers: { ...headers, accept: 'text/event-stream' } },
  ];
  for (const miss of misses) expect({ miss, status: statusOf(await send(miss)) }).toEqual({ miss, status: 'MISS' });
  const metadata = {
    ...headers,
    'cf-aig-metadata': '{"user":"ann"}',
    'user-agent': 'another',
    'X-Stainless-OS': 'Mac',
  };
  expect(statusOf(await send({ base, headers: metadata }))).toBe('HIT');
  const named = { 'CF-AIG-Cache-Key': 'mine' };
  expect(statusOf(await send({ base, headers: named }))).toBe('HIT');
});

test('T-CACHE-3: keys are compared byte by byte: no delimiter, case or form of a letter makes two of them one', async () => {
  const { base } = await rig.tenant();
  const latin1 = (text: string): string => Buffer.from(text).toString('latin1'); // a header's bytes, one a character
  const letters = ['\u00e9', 'e\u0301', '\uff21'].map(latin1); // one letter in two forms, and a wide A
  const keys = ['a|b', 'a', 'b', 'a,b', 'A|b', '4:a|b,', '1:a', 'a%7Cb', ...letters];
  for (const key of keys)
    expect({ key, status: statusOf(await send({ base, headers: keyed(key) })) }).toEqual({ key, status: 'MISS' });
  for (const key of keys)
    expect({ key, status: statusOf(await send({ base, headers: keyed(key) })) }).toEqual({ key, status: 'HIT' });
  expect(statusOf(await send({ base, headers: keyed(' a|b ') }))).toBe('HIT'); // HTTP knows no space around a value
});

test('T-CACHE-3: of an account’s own provider every header counts that may be a credential', async () => {
  const locally = await startRig({ ALLOW_PRIVATE_UPSTREAMS: '127.0.0.0/8' });
  locally.upstream.answer = uniqueAnswer();
  const tenant = await locally.tenant();
  await tenant.customProvider({ slug: 'mine', baseUrl: `${locally.upstream.origin}/v1` });
  const path = 'custom-mine/chat/completions';
  const by = async (headers: Record<string, string>): Promise<unknown> =>
    statusOf(await send({ base: tenant.base, path, headers }));
  expect(await by({ 'x-my-key': 'one' })).toBe('MISS');
  expect(await by({ 'x-my-key': 'two' })).toBe('MISS');
  expect(await by({ 'x-my-key': 'one', traceparent: '00-1', 'x-stainless-os': 'Mac' })).toBe('HIT');
  await locally.stop();
});

test('T-CACHE-3: a key of a client’s own makes no stream a document, also where the format or the coding is unknown', async () => {
  const locally = await startRig({ ALLOW_PRIVATE_UPSTREAMS: '127.0.0.0/8' });
  locally.upstream.answer = uniqueAnswer();
  const tenant = await locally.tenant();
  await tenant.customProvider({ slug: 'mine', baseUrl: locally.upstream.origin });
  const by = async (sent: Omit<Sent, 'base'>): Promise<unknown> =>
    statusOf(await send({ base: tenant.base, ...sent, headers: { ...keyed('mine'), ...sent.headers } }));
  const form = { 'content-type': 'multipart/form-data; boundary=x' };
  const field = '--x\r\ncontent-disposition: form-data; name="stream"\r\n\r\ntrue\r\n--x--\r\n';
  const bodies: readonly Omit<Sent, 'base' | 'path'>[] = [
    { body: '{"messages":[]}' },
    { body: '{"messages":[],"stream":false}' },
    { body: '{"messages":[],"stream" : true}' },
    { body: field.replace('true', '1'), headers: form },
  ];
  const path = 'custom-mine/api/chat';
  for (const sent of bodies) expect({ sent, status: await by({ path, ...sent }) }).toEqual({ sent, status: 'MISS' });
  for (const sent of bodies) expect({ sent, status: await by({ path, ...sent }) }).toEqual({ sent, status: 'HIT' });
  expect(await by({ path, body: '{"stream":true,"messages":[1]}' })).toBe('HIT');
  expect(await by({ path, body: field, headers: form })).toBe('HIT'); // as JSON says it
  const headers = { 'content-encoding': 'gzip' };
  for (const status of ['MISS', 'HIT']) {
    expect(await by({ path: 'custom-mine/chat/completions', body: 'one', headers })).toBe(status);
    expect(await by({ path: 'custom-mine/chat/completions', body: 'another', headers })).toBe(status);
  }
  await locally.stop();
});
