import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createDispatchers, type Dispatchers, type DispatcherOptions } from '../../../proxy/upstream/dispatchers.js';
import { networkListSchema } from '../../../schema/contracts/networks.js';
import { builtIn, call, custom } from '../../support/dispatched-call.js';
import {
  startConnectProxy,
  startRawProxy,
  startSocksProxy,
  type EgressProxyOptions,
  type TestEgressProxy,
} from '../../support/egress-proxies.js';
import { startFakeUpstream } from '../../support/fake-upstream.js';
import { startHttpsUpstream, type HttpsUpstream } from '../../support/https-upstream.js';
import { serverCertificate, TEST_AUTHORITY } from '../../support/tls-certificates.js';
import { waitFor } from '../../support/wait-for.js';

const LOOPBACK = networkListSchema.parse('127.0.0.0/8');
const closers: (() => Promise<unknown>)[] = [];
let upstream: HttpsUpstream;

beforeEach(async () => {
  upstream = await startHttpsUpstream();
  closers.push(() => upstream.close());
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function dispatchersWith(options: DispatcherOptions = {}): Dispatchers {
  const dispatchers = createDispatchers({ trustedCertificates: TEST_AUTHORITY, ...options });
  closers.push(() => dispatchers.close());
  return dispatchers;
}

async function kept(proxy: Promise<TestEgressProxy>): Promise<TestEgressProxy> {
  const started = await proxy;
  closers.push(() => started.close());
  return started;
}

interface Kind {
  readonly name: string;
  readonly scheme: string;
  readonly host: string;
  readonly start: (options?: EgressProxyOptions) => Promise<TestEgressProxy>;
}
const KINDS: readonly Kind[] = [
  { name: 'CONNECT over http', scheme: 'http', host: '127.0.0.1', start: startConnectProxy },
  {
    name: 'CONNECT over https',
    scheme: 'https',
    host: 'localhost',
    start: (options) => startConnectProxy({ ...options, tls: serverCertificate('localhost') }),
  },
  { name: 'SOCKS5', scheme: 'socks5', host: '127.0.0.1', start: startSocksProxy },
];
const urlOf = ({ scheme, host }: Kind, { port }: TestEgressProxy, user = ''): string =>
  `${scheme}://${user}${host}:${port}`;

test.each(KINDS)(
  '$name: a built-in provider is named to the proxy, and TLS is spoken with the provider',
  async (kind) => {
    const proxy = await kept(kind.start());
    const dispatchers = dispatchersWith({ instanceEgress: new URL(urlOf(kind, proxy)) });
    expect(await call(dispatchers, builtIn(upstream.origin))).toEqual({ status: 200, description: null });
    expect(proxy.targets).toEqual([`localhost:${upstream.port}`]);
    expect(upstream.seen).toEqual([{ serverName: 'localhost', host: `localhost:${upstream.port}` }]);
    // Connections are kept, and so are their tunnels.
    for (let i = 0; i < 9; i += 1) await call(dispatchers, builtIn(upstream.origin));
    expect(upstream.seen).toHaveLength(10);
    expect(proxy.connections).toBeLessThan(4);
  },
);

test.each(KINDS)('$name: what the proxy asks of callers is sent, and what it thinks of it is told', async (kind) => {
  const proxy = await kept(kind.start({ user: { name: 'ada', password: 'p%a:s' } }));
  const right = dispatchersWith({ allowedNetworks: LOOPBACK });
  expect(await call(right, builtIn(upstream.origin, urlOf(kind, proxy, 'ada:p%25a%3As@')))).toMatchObject({
    status: 200,
  });
  expect(proxy.credentials.at(-1)).toBe(
    kind.scheme === 'socks5' ? 'ada:p%a:s' : `Basic ${Buffer.from('ada:p%a:s').toString('base64')}`,
  );
  for (const user of ['ada:wrong@', '']) {
    const refused = await call(right, builtIn(upstream.origin, urlOf(kind, proxy, user)));
    expect(refused).toEqual({ status: 502, description: 'the egress proxy did not accept its credentials' });
  }
  await waitFor(() => proxy.open === 1, 'the refused connections are closed');
});

test.each(KINDS)('$name: a user without a password, as proxies that take tokens want it, is sent so', async (kind) => {
  const proxy = await kept(kind.start({ user: { name: 'token-1', password: '' } }));
  const dispatchers = dispatchersWith({ instanceEgress: new URL(urlOf(kind, proxy, 'token-1@')) });
  expect(await call(dispatchers, builtIn(upstream.origin))).toEqual({ status: 200, description: null });
});

test.each(KINDS)(
  '$name: a custom provider is resolved here, and its checked address is what the proxy is told',
  async (kind) => {
    const proxy = await kept(kind.start());
    const asked: string[] = [];
    const dispatchers = dispatchersWith({
      instanceEgress: new URL(urlOf(kind, proxy)),
      allowedNetworks: LOOPBACK,
      nameLookup: (name) => {
        asked.push(name);
        return Promise.resolve([{ address: '127.0.0.7', family: 4 }]);
      },
    });
    expect(await call(dispatchers, custom(upstream.origin))).toMatchObject({ status: 200 });
    expect({ asked, targets: proxy.targets, seen: upstream.seen.map(({ serverName }) => serverName) }).toEqual({
      asked: ['localhost'],
      targets: [`127.0.0.7:${upstream.port}`],
      seen: ['localhost'],
    });
  },
);

test.each(KINDS)(
  '$name: a custom provider at a private address is refused before the proxy hears of it',
  async (kind) => {
    const proxy = await kept(kind.start());
    const dispatchers = dispatchersWith({
      instanceEgress: new URL(urlOf(kind, proxy)),
      nameLookup: () => Promise.resolve([{ address: '10.0.0.1', family: 4 }]),
    });
    const outcome = await call(dispatchers, custom(upstream.origin));
    expect(outcome).toEqual({ status: 502, description: 'the provider may not be reached at its address' });
    expect(proxy.connections).toBe(0);
  },
);

test.each(KINDS)("$name: a gateway's own proxy has to be at a public or an allowed address, and wins", async (kind) => {
  const own = await kept(kind.start());
  const instance = await kept(kind.start());
  const destination = builtIn(upstream.origin, urlOf(kind, own));
  const lookup = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
  const closed = dispatchersWith({ instanceEgress: new URL(urlOf(kind, instance)), nameLookup: lookup });
  expect(await call(closed, destination)).toEqual({
    status: 502,
    description: 'the egress proxy may not be reached at its address',
  });
  const open = dispatchersWith({
    instanceEgress: new URL(urlOf(kind, instance)),
    allowedNetworks: LOOPBACK,
    nameLookup: lookup,
  });
  expect(await call(open, destination)).toMatchObject({ status: 200 });
  expect([own.connections, instance.connections, upstream.connections]).toEqual([1, 0, 1]);
});

test.each(KINDS)('$name: when it refuses, or is gone, nothing goes another way', async (kind) => {
  const refusing = await kept(kind.start({ route: () => null }));
  const description = /^the egress proxy (?:answered 403 instead of connecting|does not allow the connection)$/;
  const refused = await call(
    dispatchersWith({ instanceEgress: new URL(urlOf(kind, refusing)) }),
    builtIn(upstream.origin),
  );
  expect(refused).toEqual({ status: 502, description: expect.stringMatching(description) });
  const gone = await kind.start();
  await gone.close();
  const away = await call(
    dispatchersWith({ instanceEgress: new URL(urlOf(kind, gone, 'ada:canary-password@')) }),
    builtIn(upstream.origin),
  );
  expect(away).toEqual({ status: 502, description: 'the egress proxy could not be reached' });
  expect(upstream.connections).toBe(0);
});

test.each(KINDS)('$name: the certificate is the provider’s own, and has to be in order', async (kind) => {
  const proxy = await kept(kind.start());
  for (const name of ['other-host', 'expired', 'self-signed'] as const) {
    const bad = await startHttpsUpstream(name);
    closers.push(() => bad.close());
    const outcome = await call(dispatchersWith({ instanceEgress: new URL(urlOf(kind, proxy)) }), builtIn(bad.origin));
    expect(outcome).toEqual({ status: 502, description: expect.stringContaining('certificate') });
    expect(bad.seen).toHaveLength(0);
  }
  await waitFor(() => proxy.open === 0, 'the tunnels are closed');
});

test('plain http goes through no proxy: not to a custom provider, not by a gateway’s own, and the operator’s goes straight', async () => {
  const plain = await startFakeUpstream();
  closers.push(() => plain.close());
  const proxy = await kept(startConnectProxy());
  const url = `http://127.0.0.1:${proxy.port}`;
  const dispatchers = dispatchersWith({ instanceEgress: new URL(url), allowedNetworks: LOOPBACK });
  const refused = { status: 502, description: 'only https providers can be reached through an egress proxy' };
  expect(await call(dispatchers, custom(plain.origin))).toEqual(refused);
  expect(await call(dispatchers, builtIn(plain.origin, url))).toEqual(refused);
  expect(plain.seen).toHaveLength(0);
  expect(await call(dispatchers, builtIn(plain.origin))).toMatchObject({ status: 200 });
  expect(proxy.connections).toBe(0);
});

const OK = 'HTTP/1.1 200 OK\r\n\r\n';
test.each([
  ['http', 'nonsense', 'HELO mail.example\r\n\r\n'],
  ['http', 'another version', 'HTTP/2 200 OK\r\n\r\n'],
  ['http', 'a head without an end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}`],
  ['http', 'bytes before we spoke', `${OK}\x16\x03\x03`],
  ['socks5', 'another version', Buffer.from([4, 0])],
  ['socks5', 'a method that was not offered', Buffer.from([5, 1])],
  ['socks5', 'an address of no kind', Buffer.from([5, 0, 5, 0, 0, 9, 0, 0])],
  ['socks5', 'bytes before we spoke', Buffer.from([5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 22])],
])('a proxy (%s) that says %s is not understood, and its connection is closed', async (scheme, _what, answer) => {
  const proxy = await kept(startRawProxy(answer));
  const dispatchers = dispatchersWith({ instanceEgress: new URL(`${scheme}://127.0.0.1:${proxy.port}`) });
  const outcome = await call(dispatchers, builtIn(upstream.origin));
  expect(outcome).toEqual({ status: 502, description: 'the egress proxy did not answer as such a proxy does' });
  await waitFor(() => proxy.open === 0, 'the connection is closed');
});

test.each(['http', 'https', 'socks5'])(
  'a proxy (%s) that says nothing is given up in the time of connecting',
  async (scheme) => {
    const proxy = await kept(startRawProxy(null));
    const bounds = { connectTimeoutMs: 100, answerIdleMs: 5_000 };
    const dispatchers = dispatchersWith({ instanceEgress: new URL(`${scheme}://localhost:${proxy.port}`), bounds });
    const outcome = await call(dispatchers, builtIn(upstream.origin));
    expect(outcome).toEqual({ status: 504, description: 'no connection came about in time through the egress proxy' });
    await waitFor(() => proxy.open === 0, 'the connection is closed');
  },
);
