/** Egress proxies through a whole gateway: stored with a gateway's settings, and the instance's own. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { listen } from '../../../platform/listen.js';
import {
  startConnectProxy,
  startSocksProxy,
  type EgressProxyOptions,
  type TestEgressProxy,
} from '../../support/egress-proxies.js';
import { startHttpsUpstream, type HttpsUpstream } from '../../support/https-upstream.js';
import { startTestProxy, type TestProxy } from '../../support/proxy.js';
import { CHAT, post } from '../../support/rig.js';
import { announce, storeEgressProxy } from '../../support/stored-secrets.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { TEST_AUTHORITY } from '../../support/tls-certificates.js';
import { usageRecords } from '../../support/usage-records.js';
import { waitFor } from '../../support/wait-for.js';

const OWN = { name: 'ada', password: 'canary-of-the-gateway' };
const INSTANCE = { name: 'op', password: 'canary-of-the-instance' };
const KINDS = [
  { scheme: 'http', start: startConnectProxy },
  { scheme: 'socks5', start: startSocksProxy },
] as const;
type Kind = (typeof KINDS)[number];

const closers: (() => Promise<unknown>)[] = [];
let upstream: HttpsUpstream;
/** what `EGRESS_PROXY_URL` names */
let instance: TestEgressProxy;
let proxy: TestProxy;
let metricsPort: number;

beforeAll(async () => {
  [upstream, instance] = await Promise.all([startHttpsUpstream(), startConnectProxy({ user: INSTANCE })]);
  proxy = await startProxy(instance.port);
  const { metricsServer } = proxy.proxy;
  metricsPort = await listen(metricsServer, { host: '127.0.0.1', port: 0, name: 'metrics', variable: 'none' });
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(async () => {
  await proxy.stop();
  await Promise.all([upstream.close(), instance.close()]);
});

function startProxy(instancePort: number): Promise<TestProxy> {
  return startTestProxy(
    { openai: `${upstream.origin}/v1` },
    {
      EGRESS_PROXY_URL: `http://${INSTANCE.name}:${INSTANCE.password}@127.0.0.1:${instancePort}`,
      ALLOW_PRIVATE_UPSTREAMS: '127.0.0.0/8',
    },
    {
      trustedCertificates: TEST_AUTHORITY,
      nameLookup: () => Promise.resolve([{ address: '127.0.0.7', family: 4 }]),
    },
  );
}

async function started({ start }: Kind, options: EgressProxyOptions = {}): Promise<TestEgressProxy> {
  const egress = await start({ user: OWN, ...options });
  closers.push(() => egress.close());
  return egress;
}

const urlOf = ({ scheme }: Kind, port: number, password = OWN.password): string =>
  `${scheme}://${OWN.name}:${password}@127.0.0.1:${port}`;

interface Caller extends TestTenant {
  readonly gatewayId: string;
  readonly base: string;
}

/** An account with a gateway `main`; `egress` null: it has no egress proxy of its own. */
async function tenantVia(egress: string | null, of: TestProxy = proxy): Promise<Caller> {
  const tenant = await createTenant(of.owner);
  const gatewayId = await tenant.gateway('main');
  if (egress !== null) await storeEgressProxy(of.owner, { accountId: tenant.accountId, gatewayId, url: egress });
  return { ...tenant, gatewayId, base: `${of.url}/v1/${tenant.tag}/main` };
}

const CHAT_PATH = '/openai/chat/completions';

/** An answer, all of it as text, and the part of it that errors have. */
async function ask(url: string): Promise<{ status: number; code: unknown; description: unknown; text: string }> {
  const response = await post(url, CHAT, { authorization: 'Bearer sk-client' });
  const body = await response.text();
  const { internalCode: code, description } = JSON.parse(body) as Record<string, unknown>; // both sides answer JSON
  return { status: response.status, code, description, text: JSON.stringify([...response.headers]) + body };
}

/** Connections made so far: whatever reaches the provider has to have come by one of the proxies. */
const connections = (): { upstream: number; instance: number } => ({
  upstream: upstream.connections,
  instance: instance.connections,
});

test.each(KINDS)(
  "$scheme: a gateway's stored egress proxy is the way to its provider, and the instance's is not asked",
  async (kind) => {
    const own = await started(kind);
    const before = connections();
    const tenant = await tenantVia(urlOf(kind, own.port));
    expect(await ask(tenant.base + CHAT_PATH)).toMatchObject({ status: 200 });
    expect(own.targets).toEqual([`localhost:${upstream.port}`]);
    expect(own.credentials).toHaveLength(1);
    expect(connections()).toEqual({ upstream: before.upstream + 1, instance: before.instance });
    expect(upstream.seen.at(-1)).toEqual({ serverName: 'localhost', host: `localhost:${upstream.port}` });
  },
);

test("a gateway without one goes by the instance's, and only by it", async () => {
  const before = { ...connections(), targets: instance.targets.length };
  const tenant = await tenantVia(null);
  expect(await ask(tenant.base + CHAT_PATH)).toMatchObject({ status: 200 });
  expect(instance.targets.slice(before.targets)).toEqual([`localhost:${upstream.port}`]);
  expect(connections()).toEqual({ upstream: before.upstream + 1, instance: before.instance + 1 });
});

test.each(KINDS)("$scheme: a custom provider's checked address goes by the gateway's proxy", async (kind) => {
  const own = await started(kind);
  const before = connections();
  const tenant = await tenantVia(urlOf(kind, own.port));
  await tenant.customProvider({ slug: 'mine', baseUrl: upstream.origin });
  expect(await ask(`${tenant.base}/custom-mine/x`)).toMatchObject({ status: 200 });
  expect(own.targets).toEqual([`127.0.0.7:${upstream.port}`]);
  expect(connections()).toEqual({ upstream: before.upstream + 1, instance: before.instance });
});

test.each(KINDS)(
  "$scheme: a gateway's proxy that refuses, is away or knows no such user is 502/2005, and nothing goes another way",
  async (kind) => {
    const refusing = await started(kind, { route: () => null });
    const strict = await started(kind, { user: { ...OWN, password: 'another' } });
    const gone = await kind.start();
    await gone.close();
    const before = connections();
    const texts: string[] = [];
    for (const [port, description] of [
      [refusing.port, /^the egress proxy (?:answered 403 instead of connecting|does not allow the connection)$/],
      [strict.port, /^the egress proxy did not accept its credentials$/],
      [gone.port, /^the egress proxy could not be reached$/],
    ] as const) {
      const tenant = await tenantVia(urlOf(kind, port));
      const answer = await ask(tenant.base + CHAT_PATH);
      expect(answer).toMatchObject({ status: 502, code: 2005, description: expect.stringMatching(description) });
      const [record] = await usageRecords(proxy.owner, tenant.accountId, 1);
      expect(record).toMatchObject({ status_code: 502, error_code: 2005 });
      texts.push(answer.text, JSON.stringify(record));
    }
    expect(connections()).toEqual(before);
    texts.push(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text());
    expect(texts.join('\n')).not.toMatch(/canary-of/);
  },
);

test('a stored egress proxy that cannot be opened is 503/9006, and nothing goes another way', async () => {
  const own = await started(KINDS[0]);
  const tenant = await tenantVia(urlOf(KINDS[0], own.port));
  // What it shows is part of what seals it.
  await proxy.owner.query('UPDATE gateway_settings SET egress_proxy_url = $2 WHERE gateway_id = $1', [
    tenant.gatewayId,
    'http://ada:***@elsewhere.example:3128',
  ]);
  const before = connections();
  expect(await ask(tenant.base + CHAT_PATH)).toMatchObject({ status: 503, code: 9006 });
  expect({ ...connections(), own: own.connections }).toEqual({ ...before, own: 0 });
});

test('another egress proxy in the settings is the way of the next call', async () => {
  const [first, second] = [await started(KINDS[0]), await started(KINDS[1])];
  const tenant = await tenantVia(urlOf(KINDS[0], first.port));
  expect(await ask(tenant.base + CHAT_PATH)).toMatchObject({ status: 200 });
  const { accountId, gatewayId } = tenant;
  await storeEgressProxy(proxy.owner, { accountId, gatewayId, url: urlOf(KINDS[1], second.port) });
  await announce(proxy, { ...tenant, gatewayName: 'main' });
  await waitFor(
    async () => (await ask(tenant.base + CHAT_PATH)).status === 200 && second.targets.length > 0,
    'the new',
  );
  const asked = first.targets.length;
  await ask(tenant.base + CHAT_PATH);
  expect(first.targets).toHaveLength(asked);
});

test("when the instance's proxy is away, nothing goes straight to a provider", async () => {
  const away = await startConnectProxy();
  await away.close();
  const other = await startProxy(away.port);
  closers.push(() => other.stop());
  const before = connections();
  const tenant = await tenantVia(null, other);
  const answer = await ask(tenant.base + CHAT_PATH);
  expect(answer).toMatchObject({ status: 502, code: 2005, description: 'the egress proxy could not be reached' });
  expect(answer.text).not.toContain('canary');
  expect(connections()).toEqual(before);
});
