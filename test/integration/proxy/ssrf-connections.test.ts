import { afterEach, expect, test } from '@jest/globals';
import { createDispatchers, type DispatcherOptions, type Dispatchers } from '../../../proxy/upstream/dispatchers.js';
import { createNameLookup } from '../../../proxy/upstream/name-lookup.js';
import { networkListSchema } from '../../../schema/contracts/networks.js';
import { blockedHosts } from '../../support/address-forms.js';
import { openBlackHole } from '../../support/black-hole.js';
import { startCanary, type Canary } from '../../support/canary.js';
import { builtIn, call, custom } from '../../support/dispatched-call.js';
import { startHttpsUpstream } from '../../support/https-upstream.js';
import { startNameServer } from '../../support/name-server.js';
import { TEST_SIZE } from '../../support/test-size.js';
import { TEST_AUTHORITY } from '../../support/tls-certificates.js';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function kept<T extends { close(): Promise<unknown> }>(starting: T | Promise<T>): Promise<T> {
  const started = await starting;
  closers.push(() => started.close());
  return started;
}

const dispatchersWith = (options: DispatcherOptions = {}): Promise<Dispatchers> => kept(createDispatchers(options));
const toLoopback = (): Promise<{ address: string; family: number }[]> =>
  Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
const REFUSED = { status: 502, description: 'the provider may not be reached at its address' };
const ROUNDS = TEST_SIZE === 'full' ? 10_000 : 300;

test('T-SSRF-4: no form of a loopback address and no name connects to what listens there, over http or https', async () => {
  const canary = await kept(startCanary());
  const dispatchers = await dispatchersWith({ nameLookup: toLoopback });
  const forms = blockedHosts().filter((host) => /127|7f|[01]{8}|localhost/.test(host));
  let calls = 0;
  for (const host of [...forms, 'localhost', 'LOCALHOST', 'localhost.', 'a.localhost', 'rebind.example']) {
    for (const scheme of ['http', 'https']) {
      const url = `${scheme}://${host}:${canary.port}`;
      if (!URL.canParse(url)) continue;
      calls += 1;
      expect({ url, ...(await call(dispatchers, custom(new URL(url).origin))) }).toEqual({ url, ...REFUSED });
    }
  }
  expect(calls).toBeGreaterThan(100);
  expect(canary.connects).toBe(0);
  // The canary does sing: the same call as an origin of the operator's own reaches it.
  expect(await call(dispatchers, builtIn(`http://127.0.0.1:${canary.port}`))).toMatchObject({ status: 200 });
  expect(canary.connects).toBe(1);
  expect(dispatchers.counts.refusedAddresses).toBe(calls);
});

test('T-SSRF-4: listeners, Postgres and Redis of the instance are reached by nobody, though loopback is allowed', async () => {
  const [listener, postgres, redis, other] = await Promise.all([1, 2, 3, 4].map(() => kept(startCanary())));
  const ports = [listener, postgres, redis].map((canary) => canary?.port ?? 0);
  const dispatchers = await dispatchersWith({
    allowedNetworks: networkListSchema.parse('127.0.0.0/8,::/0'),
    nameLookup: toLoopback,
    listenerPorts: () => ports.slice(0, 1),
    stores: ports.slice(1).map((port) => ({ hostname: 'localhost', port })),
  });
  for (const port of ports) {
    for (const host of ['127.0.0.1', '127.0.0.2', 'name.example', '[::ffff:127.0.0.1]', '2130706433', '0']) {
      expect(await call(dispatchers, custom(new URL(`http://${host}:${port}`).origin))).toEqual(REFUSED);
    }
  }
  expect([listener, postgres, redis].map((canary) => canary?.connects)).toEqual([0, 0, 0]);
  expect(await call(dispatchers, custom(`http://name.example:${other?.port}`))).toMatchObject({ status: 200 });
});

/** The same port on two loopback addresses, of which only the second may be dialled: what rebinding turns on. */
async function twoAddresses(): Promise<{ readonly canary: Canary; readonly allowed: Canary }> {
  const canary = await kept(startCanary({ host: '127.0.0.1' }));
  return { canary, allowed: await kept(startCanary({ host: '127.0.0.2', port: canary.port })) };
}

test('T-SSRF-2: a name server that flips with every query, with and without aliases, never leads to the canary', async () => {
  const { canary, allowed } = await twoAddresses();
  const answers = [
    { addresses: ['127.0.0.2'] },
    { addresses: ['127.0.0.1'] },
    { addresses: ['127.0.0.2', '127.0.0.1'] },
    { addresses: ['127.0.0.2', '0:0:0:0:0:0:0:1'] },
    { aliases: ['one.example', 'two.example'], addresses: ['127.0.0.1', '0:0:0:0:0:ffff:7f00:1'] },
    { aliases: ['one.example', 'two.example'], addresses: ['127.0.0.2'] },
    { addresses: [] },
  ];
  // The number of answers is odd, so that A and AAAA queries meet every one of them.
  const server = await kept(startNameServer((query) => answers[(query * 3) % answers.length] ?? { addresses: [] }));
  const dispatchers = await dispatchersWith({
    allowedNetworks: networkListSchema.parse('127.0.0.2/32'),
    nameLookup: createNameLookup({ servers: [server.server], privateNames: null }),
  });
  const origin = `http://flip.example:${canary.port}`;
  const tally = new Map<number, number>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const { status } = await call(dispatchers, custom(origin));
    tally.set(status, (tally.get(status) ?? 0) + 1);
  }
  expect(canary.connects).toBe(0);
  expect(allowed.connects).toBe(tally.get(200));
  expect(new Set(tally.keys())).toEqual(new Set([200, 502]));
  expect(server.queries).toBeGreaterThanOrEqual(2 * ROUNDS);
  process.stdout.write(`T-SSRF-2: ${ROUNDS} flips, ${tally.get(200)} to the allowed address, 0 to the canary\n`);
});

test('T-SSRF-2: one connection, one look-up, and the address that was checked is the one dialled', async () => {
  const { canary, allowed } = await twoAddresses();
  let asked = 0;
  const dispatchers = await dispatchersWith({
    allowedNetworks: networkListSchema.parse('127.0.0.2/32'),
    nameLookup: () => Promise.resolve([{ address: asked++ === 0 ? '127.0.0.2' : '127.0.0.1', family: 4 }]),
  });
  expect(await call(dispatchers, custom(`http://flip.example:${canary.port}`))).toMatchObject({ status: 200 });
  expect(await call(dispatchers, custom(`http://flip.example:${canary.port}`))).toEqual(REFUSED);
  expect({ asked, canary: canary.connects, allowed: allowed.connects }).toEqual({ asked: 2, canary: 0, allowed: 1 });
});

test('of several addresses, one that answers no attempt is passed over within the time of connecting', async () => {
  const alive = await kept(startCanary({ host: '127.0.0.3' }));
  const dead = await kept(openBlackHole({ host: '127.0.0.2', port: alive.port }));
  const dispatchers = await dispatchersWith({
    allowedNetworks: networkListSchema.parse('127.0.0.0/8'),
    nameLookup: () => Promise.resolve(['127.0.0.2', '127.0.0.3'].map((address) => ({ address, family: 4 }))),
  });
  expect(await call(dispatchers, custom(`http://two.example:${alive.port}`))).toMatchObject({ status: 200 });
  expect(alive.connects).toBe(1);
  // The first does answer nobody: alone, it takes all the time there is.
  const alone = await call(dispatchers, custom(dead.origin));
  expect(alone).toEqual({ status: 504, description: 'the provider did not accept a connection in time' });
});

test('when none of several addresses answers, that is a matter of time, however many there are', async () => {
  const port = (await kept(startCanary())).port;
  const addresses = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];
  for (const host of addresses) await kept(openBlackHole({ host, port }));
  const dispatchers = await dispatchersWith({
    bounds: { connectTimeoutMs: 1_500, answerIdleMs: 5_000 },
    allowedNetworks: networkListSchema.parse('127.0.0.0/8'),
    nameLookup: () => Promise.resolve(addresses.map((address) => ({ address, family: 4 }))),
  });
  const outcome = await call(dispatchers, custom(`http://three.example:${port}`));
  expect(outcome).toEqual({ status: 504, description: 'the provider did not accept a connection in time' });
});

test('an address that is silent before one that refuses is a timeout too, and not a bad answer', async () => {
  const { port, close } = await startCanary({ host: '127.0.0.3' });
  await close(); // nobody is there any more
  await kept(openBlackHole({ host: '127.0.0.2', port }));
  const dispatchers = await dispatchersWith({
    allowedNetworks: networkListSchema.parse('127.0.0.0/8'),
    nameLookup: () => Promise.resolve(['127.0.0.2', '127.0.0.3'].map((address) => ({ address, family: 4 }))),
  });
  const outcome = await call(dispatchers, custom(`http://two.example:${port}`));
  expect(outcome).toEqual({ status: 504, description: 'the connection to the provider timed out' });
});

test('T-SSRF-6: other schemes, files and unix sockets are no origins that anything could be sent to', async () => {
  const canary = await kept(startCanary());
  const dispatchers = await dispatchersWith({ allowedNetworks: networkListSchema.parse('127.0.0.0/8') });
  const urls = [
    `gopher://127.0.0.1:${canary.port}/_x`, `ftp://127.0.0.1:${canary.port}/`, `dict://127.0.0.1:${canary.port}/`,
    `ldap://127.0.0.1:${canary.port}/`, `ws://127.0.0.1:${canary.port}/`, `socks5://127.0.0.1:${canary.port}`,
    'file:///etc/passwd', 'data:text/plain,x', 'blob:https://x', 'jar:http://x!/', 'unix:///run/redis.sock',
    'http+unix://%2Frun%2Fredis.sock/', 'javascript:0', 'about:blank', 'null', '',
  ]; // prettier-ignore
  for (const url of urls) {
    const origin = URL.canParse(url) ? new URL(url).origin : url;
    for (const destination of [custom(origin), custom(url), builtIn(url)]) {
      expect({ url, ...(await call(dispatchers, destination)) }).toMatchObject({ url, status: 502 });
    }
  }
  expect(canary.connects).toBe(0);
});

const BAD_CERTIFICATES = ['other-host', 'expired', 'self-signed'] as const;
test.each(BAD_CERTIFICATES)(
  'T-SSRF-7: a certificate that is not in order (%s) is refused before a byte of the request is sent',
  async (name) => {
    const upstream = await kept(startHttpsUpstream(name));
    const allowedNetworks = networkListSchema.parse('127.0.0.0/8');
    const dispatchers = await dispatchersWith({
      trustedCertificates: TEST_AUTHORITY,
      allowedNetworks,
      nameLookup: toLoopback,
    });
    for (const destination of [custom(upstream.origin), builtIn(upstream.origin)]) {
      const outcome = await call(dispatchers, destination);
      expect(outcome).toEqual({ status: 502, description: expect.stringContaining('certificate') });
    }
    expect(upstream.seen).toHaveLength(0);
  },
);

test('T-SSRF-7: the name in the URL is the one that TLS asks for and that the request bears', async () => {
  const upstream = await kept(startHttpsUpstream());
  const allowedNetworks = networkListSchema.parse('127.0.0.0/8');
  const dispatchers = await dispatchersWith({
    trustedCertificates: TEST_AUTHORITY,
    allowedNetworks,
    nameLookup: toLoopback,
  });
  expect(await call(dispatchers, custom(upstream.origin))).toMatchObject({ status: 200 });
  expect(upstream.seen).toEqual([{ serverName: 'localhost', host: `localhost:${upstream.port}` }]);
  // A certificate for a name is none for the address behind it, and an address is never sent as a server name.
  const byAddress = await call(dispatchers, custom(`https://127.0.0.1:${upstream.port}`));
  expect(byAddress).toEqual({ status: 502, description: expect.stringContaining('certificate') });
});

test('each request to a custom provider has a connection of its own, whatever the provider says', async () => {
  const upstream = await kept(startHttpsUpstream());
  const allowedNetworks = networkListSchema.parse('127.0.0.0/8');
  const dispatchers = await dispatchersWith({
    trustedCertificates: TEST_AUTHORITY,
    allowedNetworks,
    nameLookup: toLoopback,
  });
  for (let i = 0; i < 5; i += 1) await call(dispatchers, custom(upstream.origin));
  expect(upstream.connections).toBe(5);
});
