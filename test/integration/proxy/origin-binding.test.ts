/**
 * T-KEY-6: a key that was stored for one origin is seen at no other, whatever a caller, a provider or an operator
 * tries. Every origin that could be reached here is a recording server; the canary is looked for in all that they saw.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { answerJson, chatCompletion, startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { startTestProxy, type TestProxy } from '../../support/proxy.js';
import { rawCall } from '../../support/raw-call.js';
import { CHAT } from '../../support/rig.js';
import { announce } from '../../support/stored-secrets.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { waitFor } from '../../support/wait-for.js';

const CANARY = 'sk-canary-bound-to-home';

let proxy: TestProxy;
/** where the key was stored for */
let home: FakeUpstream;
/** other providers of the instance */
let neighbour: FakeUpstream;
/** what no table names: whoever gets a request to it has got past us */
let elsewhere: FakeUpstream;
let tenant: TestTenant;
let gatewayId: string;
let base: string;
let token: string;
const tried = { attempts: 0, atHome: 0, elsewhere: 0 };

beforeAll(async () => {
  [home, neighbour, elsewhere] = await Promise.all([startFakeUpstream(), startFakeUpstream(), startFakeUpstream()]);
  for (const upstream of [home, neighbour, elsewhere]) upstream.answer = answerJson(200, chatCompletion());
  proxy = await startTestProxy(
    {
      openai: `${home.origin}/v1`,
      anthropic: neighbour.origin,
      'google-ai-studio': neighbour.origin,
      'workers-ai': `${neighbour.origin}/accounts/{account}/ai`,
      'azure-openai': `${neighbour.origin}/{resource}`,
      'google-vertex-ai': neighbour.origin,
    },
    { ALLOW_PRIVATE_UPSTREAMS: '127.0.0.0/8' },
  );
  tenant = await createTenant(proxy.owner);
  gatewayId = await tenant.gateway('main');
  token = await tenant.apiToken();
  base = `/v1/${tenant.tag}/main`;
  await tenant.providerKey({ gatewayId, provider: 'openai', origin: home.origin, secret: CANARY });
});
afterEach(() => {
  home.answer = answerJson(200, chatCompletion());
});
afterAll(async () => {
  process.stderr.write(
    `T-KEY-6: ${tried.attempts} attempts, ${tried.atHome} calls with the canary at its own origin, ${tried.elsewhere} sightings elsewhere\n`,
  );
  await proxy.stop();
  await Promise.all([home.close(), neighbour.close(), elsewhere.close()]);
});

const holdsCanary = (seen: FakeUpstream['seen'][number]): boolean =>
  JSON.stringify([seen.url, seen.rawHeaders, seen.body.toString('latin1')]).includes(CANARY);

/** Counts what the attempts since the last look came to; the elsewhere shall not even be called. */
function expectNoSighting(attempts: number): void {
  tried.attempts += attempts;
  tried.atHome += home.seen.splice(0).filter(holdsCanary).length;
  const leaked = [...neighbour.seen.splice(0), ...elsewhere.seen].filter(holdsCanary).length;
  tried.elsewhere += leaked;
  expect({ leaked, calledElsewhere: elsewhere.seen.splice(0).length }).toEqual({ leaked: 0, calledElsewhere: 0 });
}

/** A list as it is easiest to read and to add to. */
const words = (text: string): string[] => text.trim().split(/\s+/);

interface Sent {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly method?: string;
}

async function send({
  path = '/openai/chat/completions',
  headers = {},
  body = CHAT,
  method = 'POST',
}: Sent): Promise<number> {
  const answer = await rawCall(proxy.url + base + path, {
    method,
    headers: { 'content-type': 'application/json', 'cf-aig-authorization': `Bearer ${token}`, ...headers },
    body: JSON.stringify(body),
  });
  expect(answer.body.toString()).not.toContain(CANARY);
  return answer.status;
}

/** A request as no HTTP client would write it; resolves when the proxy closes, or has answered. */
async function sendRaw(head: readonly string[]): Promise<void> {
  const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
  socket.on('error', () => undefined); // a refusal may reset
  const body = JSON.stringify(CHAT);
  socket.write(
    [
      ...head,
      `cf-aig-authorization: Bearer ${token}`,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  socket.resume();
  await once(socket, 'close');
}

test('T-KEY-6 the key is sent to the origin that it was stored for', async () => {
  expect(await send({})).toBe(200);
  expect(home.seen.at(-1)?.headers['authorization']).toBe(`Bearer ${CANARY}`);
  expectNoSighting(1);
  expect(tried.atHome).toBe(1);
});

test('T-KEY-6 no header names another place', async () => {
  const names = words(`
    x-portkey-custom-host x-portkey-config x-portkey-provider x-portkey-base-url helicone-target-url
    helicone-openai-api-base helicone-fallbacks x-litellm-api-base api-base api_base x-api-base base-url
    x-base-url baseurl openai-base-url openai_api_base x-openai-base x-target-url x-upstream x-upstream-host
    x-upstream-url x-provider-url x-endpoint x-host x-original-host x-forwarded-host x-forwarded-server
    x-forwarded-proto forwarded x-original-url x-rewrite-url x-override-url x-http-host-override x-proxy-url
    proxy destination location referer origin x-fal-target-url x-azure-resource azure-endpoint tollgate-base-url
    tollgate-origin tollgate-upstream tollgate-workers-ai-account tollgate-target tollgate-egress
    cf-aig-base-url cf-aig-custom-host cf-aig-provider cf-aig-target cf-aig-egress-proxy cf-aig-origin alt-used`);
  const host = new URL(elsewhere.origin).host;
  for (const name of names) {
    for (const value of [elsewhere.origin, host, JSON.stringify({ base_url: elsewhere.origin, api_base: host })]) {
      await send({ headers: { [name]: value } });
    }
  }
  expectNoSighting(names.length * 3);
  expect(tried.atHome).toBeGreaterThan(names.length);
});

test('T-KEY-6 no field of the body names another place, flat, nested or by another name', async () => {
  const names = words(`
    api_base base_url baseURL baseUrl api_url url host endpoint target origin provider custom_host customHost
    custom_llm_provider model_api_base azure_endpoint vertex_credentials aws_bedrock_runtime_endpoint proxy
    http_proxy egressProxyUrl upstream redirect webhook API_BASE __proto__ constructor`).concat('api_base\u0000');
  const nests: ((fields: object) => object)[] = [
    (fields) => fields,
    (fields) => ({ metadata: fields }),
    (fields) => ({ extra_body: fields }),
    (fields) => ({ litellm_params: fields, config: { targets: [fields], override_params: fields } }),
    (fields) => ({ messages: [{ role: 'user', content: 'Hello', ...fields, tool_calls: [fields] }] }),
    (fields) => ({ headers: fields, options: { headers: { Host: elsewhere.origin }, ...fields } }),
  ];
  for (const name of names) {
    // Written as text: an object literal would drop `__proto__`.
    const fields: unknown = JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(elsewhere.origin)}}`);
    for (const nest of nests) await send({ body: { ...CHAT, ...nest(fields as object) } }); // just written as an object
  }
  expectNoSighting(names.length * nests.length);
});

test('T-KEY-6 no parameter of the query names another place', async () => {
  const host = new URL(elsewhere.origin).host;
  const names = [
    'api_base',
    'base_url',
    'baseURL',
    'url',
    'host',
    'target',
    'endpoint',
    'origin',
    'proxy',
    'provider',
    'redirect',
  ];
  for (const name of names) {
    for (const value of [elsewhere.origin, encodeURIComponent(elsewhere.origin), `//${host}`, `@${host}`]) {
      await send({ path: `/openai/chat/completions?${name}=${value}` });
    }
  }
  expectNoSighting(names.length * 4);
});

test('T-KEY-6 no spelling of the path leads elsewhere', async () => {
  const host = new URL(elsewhere.origin).host;
  const paths = words(`
    /openai@${host}/chat/completions /openai/@${host}/chat /openai//${host}/chat /openai/${elsewhere.origin}
    /openai/..//${host}/ /openai/../anthropic/v1/messages /openai/%2e%2e/anthropic/v1/messages
    /openai/..%2fanthropic/v1/messages /openai/.%2e/anthropic /openai/..;/anthropic/v1/messages
    /openai/%2f%2f${host}/chat /openai/%5c%5c${host}/chat /openai/\\\\${host}/chat /openai%2f..%2fanthropic
    /openai/.${host}/chat /openai/:443@${host}/ /openai/%00@${host}/ /openai/%0d%0aHost:%20${host}/
    /openai/v1/../../${host} /openai/v1//${host} /openai/v1%2f..%2f..%2f /openai/;@${host} /openai/#/anthropic
    /anthropic/openai/chat/completions /openai/anthropic/v1/messages /OPENAI/chat/completions
    /custom-openai/chat/completions /custom-/openai /demo/chat/completions /compat/chat/completions`);
  for (const path of paths) {
    await sendRaw([`POST ${base}${path} HTTP/1.1`, `Host: ${new URL(proxy.url).host}`]);
  }
  expectNoSighting(paths.length);
});

test('T-KEY-6 neither Host nor the authority of an absolute URL says where to', async () => {
  const [own, host] = [new URL(proxy.url).host, new URL(elsewhere.origin).host];
  const path = `${base}/openai/chat/completions`;
  const heads = [
    [`POST ${path} HTTP/1.1`, `Host: ${host}`],
    [`POST ${path} HTTP/1.1`, `Host: ${own}`, `Host: ${host}`],
    [`POST ${path} HTTP/1.1`, `Host: ${own}@${host}`],
    [`POST http://${host}${path} HTTP/1.1`, `Host: ${own}`],
    [`POST http://${host}${path} HTTP/1.1`, `Host: ${host}`],
    [`POST http://${own}${path} HTTP/1.1`, `Host: ${host}`],
    [`POST http://${own}@${host}${path} HTTP/1.1`, `Host: ${own}`],
    [`POST //${host}${path} HTTP/1.1`, `Host: ${own}`],
    [`POST ${path} HTTP/1.0`, `Host: ${host}`],
    [`POST ${path} HTTP/1.1`, `Host: ${own}`, `:authority: ${host}`],
  ];
  for (const head of heads) await sendRaw(head);
  expectNoSighting(heads.length);
});

test.each([300, 301, 302, 303, 305, 307, 308])(
  'T-KEY-6 a redirect (%i) is passed back as it is and never followed',
  async (status) => {
    const { host } = new URL(elsewhere.origin);
    const locations = [
      `${elsewhere.origin}/v1/chat/completions`,
      `//${host}/`,
      '/v1/elsewhere',
      `http://user@${host}/`,
    ];
    for (const location of locations) {
      home.answer = answerJson(
        status,
        { moved: true },
        { location, 'content-location': location, refresh: `0; url=${location}` },
      );
      const answer = await rawCall(`${proxy.url}${base}/openai/chat/completions`, {
        headers: { 'content-type': 'application/json', 'cf-aig-authorization': `Bearer ${token}` },
        body: JSON.stringify(CHAT),
      });
      expect({ status: answer.status, location: answer.headers.location }).toEqual({ status, location });
      expect(home.seen.length).toBe(1);
      expectNoSighting(1);
    }
  },
);

test('T-KEY-6 no other provider of the gateway gets it, whatever alias is named', async () => {
  const paths = [
    '/anthropic/v1/messages',
    '/anthropic/v1/chat/completions',
    '/google-ai-studio/v1beta/openai/chat/completions',
  ];
  for (const path of paths) {
    for (const alias of ['', 'default', 'openai', 'openai/default', '../openai', '*', 'default,default']) {
      await send({ path, headers: { 'cf-aig-byok-alias': alias } });
    }
  }
  expectNoSighting(paths.length * 7);
});

test('T-KEY-6 a custom provider that is named after it, or stands at its place, does not get it', async () => {
  await tenant.customProvider({ slug: 'openai', baseUrl: `${neighbour.origin}/v1` });
  await tenant.customProvider({ slug: 'default', baseUrl: `${home.origin}/v1` });
  await announce(proxy, { ...tenant, gatewayId, gatewayName: 'main' });
  await waitFor(async () => (await send({ path: '/custom-openai/chat/completions' })) === 200, 'the provider is there');
  for (const slug of ['custom-openai', 'custom-default']) {
    for (const alias of ['', 'default', 'openai']) {
      await send({ path: `/${slug}/chat/completions`, headers: { 'cf-aig-byok-alias': alias } });
    }
  }
  expect(home.seen.filter(holdsCanary)).toEqual([]);
  expectNoSighting(6);
});

test('T-KEY-6 after the operator or the account changed a base URL, a key for the former one is refused', async () => {
  const { owner } = proxy;
  const other = await tenant.gateway('moved');
  // As if PROVIDER_ORIGINS had named `elsewhere` when it was stored, and names `home` now; and the other way round.
  await tenant.providerKey({
    gatewayId: other,
    provider: 'openai',
    origin: elsewhere.origin,
    secret: `${CANARY}-former`,
  });
  const customId = await tenant.customProvider({ slug: 'moving', baseUrl: `${home.origin}/v1` });
  await tenant.providerKey({ gatewayId: other, provider: 'custom-moving', origin: home.origin, secret: CANARY });
  const call = (slug: string): ReturnType<typeof rawCall> =>
    rawCall(`${proxy.url}/v1/${tenant.tag}/moved/${slug}/chat/completions`, {
      headers: { 'content-type': 'application/json', 'cf-aig-authorization': `Bearer ${token}` },
      body: JSON.stringify(CHAT),
    });
  const refusedWith = async (slug: string): Promise<unknown> => {
    const { status, body } = await call(slug);
    return [status, (JSON.parse(body.toString()) as { internalCode?: number }).internalCode]; // the envelope
  };
  expect(await refusedWith('openai')).toEqual([400, 2040]);
  expect((await call('custom-moving')).status).toBe(200);
  await owner.query('UPDATE custom_provider SET base_url = $2 WHERE id = $1', [customId, `${neighbour.origin}/v1`]);
  await announce(proxy, { ...tenant, gatewayId: other, gatewayName: 'moved' });
  await waitFor(async () => (await call('custom-moving')).status === 400, 'the base URL has changed');
  expect(await refusedWith('custom-moving')).toEqual([400, 2040]);
  // Whoever can write the table moves the row's origin along: the sealed value still says what it is for.
  await owner.query('UPDATE provider_key SET origin = $2 WHERE gateway_id = $1 AND provider = $3', [other, neighbour.origin, 'custom-moving']); // prettier-ignore
  await owner.query('UPDATE provider_key SET origin = $2 WHERE gateway_id = $1 AND provider = $3', [other, home.origin, 'openai']); // prettier-ignore
  await announce(proxy, { ...tenant, gatewayId: other, gatewayName: 'moved' });
  await waitFor(async () => (await call('custom-moving')).status === 503, 'the row has changed');
  expect(await refusedWith('custom-moving')).toEqual([503, 9006]);
  expect(await refusedWith('openai')).toEqual([503, 9006]);
  expect(home.seen.filter((seen) => JSON.stringify(seen.rawHeaders).includes('former'))).toEqual([]);
  expectNoSighting(6);
});

test('T-KEY-6 at one origin, a key of one account or resource is never sent to another', async () => {
  const other = await tenant.gateway('targets');
  const account = 'a'.repeat(32);
  const key = { gatewayId: other, origin: neighbour.origin, secret: CANARY };
  await tenant.providerKey({ ...key, provider: 'workers-ai', target: { account } });
  await tenant.providerKey({ ...key, provider: 'azure-openai', target: { resource: 'mine' } });
  const call = async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<number> => {
    const { status } = await rawCall(`${proxy.url}/v1/${tenant.tag}/targets${path}`, {
      headers: { 'content-type': 'application/json', 'cf-aig-authorization': `Bearer ${token}`, ...headers },
      body: JSON.stringify(CHAT),
    });
    return status;
  };
  const named = (value: string): Record<string, string> => ({ 'tollgate-workers-ai-account': value });
  const run = '/workers-ai/@cf/meta/llama';
  for (const answered of [call(run), call(run, named(account)), call('/azure-openai/Mine/d/chat/completions')]) {
    expect(await answered).toBe(200);
  }
  const ran = `/accounts/${account}/ai/run/@cf/meta/llama`;
  expect(neighbour.seen.map((seen) => seen.url).toSorted()).toEqual([
    ran,
    ran,
    '/mine/openai/deployments/d/chat/completions',
  ]);
  expect(neighbour.seen.every(holdsCanary)).toBe(true);
  neighbour.seen.splice(0);
  for (const theirs of ['b'.repeat(32), 'theirs', `${account}/../b`, `${account}x`, '']) {
    expect([400, 400]).toEqual([
      await call(run, named(theirs)),
      await call(`/azure-openai/${theirs}/d/chat/completions`),
    ]);
  }
  expectNoSighting(10);
});

test('T-KEY-6 whoever can write the table cannot move a key to another account, project or resource', async () => {
  const gateway = await tenant.gateway('moved-targets');
  const [mine, theirs] = ['a'.repeat(32), 'b'.repeat(32)];
  const vertex = (project: string): string =>
    `/google-vertex-ai/v1/projects/${project}/locations/global/publishers/google/models/m:generateContent`;
  const moves = [
    { provider: 'workers-ai', from: { account: mine }, to: { account: theirs }, path: '/workers-ai/@cf/meta/llama' },
    {
      provider: 'google-vertex-ai',
      from: { project: mine, region: 'global' },
      to: { project: theirs, region: 'global' },
      path: vertex(theirs),
    },
    {
      provider: 'azure-openai',
      from: { resource: mine },
      to: { resource: theirs },
      path: `/azure-openai/${theirs}/d/x`,
    },
  ];
  for (const { provider, from, to } of moves) {
    const id = await tenant.providerKey({ gatewayId: gateway, provider, origin: neighbour.origin, target: from, secret: CANARY }); // prettier-ignore
    // As if it had been stored for `to`: the row says so, and what sealed it does not.
    await proxy.owner.query('UPDATE provider_key SET target = $2 WHERE id = $1', [id, to]);
  }
  for (const { path } of moves) {
    const answer = await rawCall(`${proxy.url}/v1/${tenant.tag}/moved-targets${path}`, {
      headers: { 'content-type': 'application/json', 'cf-aig-authorization': `Bearer ${token}` },
      body: JSON.stringify(CHAT),
    });
    expect({ path, status: answer.status, body: JSON.parse(answer.body.toString()) as unknown }).toMatchObject({
      path,
      status: 503,
      body: { internalCode: 9006 },
    });
  }
  expect(neighbour.seen).toEqual([]);
  expectNoSighting(moves.length);
});
