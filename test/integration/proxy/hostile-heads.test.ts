/** Paths, headers and addresses that lie: none reaches a provider as anything else than it was checked to be. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerJson, startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.js';
import { inBatches } from '../../support/in-batches.js';
import { startTestProxy, type TestProxy } from '../../support/proxy.js';
import { rawExchange, type RawExchange } from '../../support/raw-exchange.js';
import { createTenant, type TestTenant } from '../../support/tenant.js';
import { usageRecords } from '../../support/usage-records.js';

const BASE = '/base/v1';
const PARALLEL = 16;

let upstream: FakeUpstream;
let proxy: TestProxy;
let tenant: TestTenant;

beforeAll(async () => {
  upstream = await startFakeUpstream(answerJson(200, {}));
  proxy = await startTestProxy({ openai: upstream.origin + BASE, anthropic: `${upstream.origin}/base` });
  tenant = await createTenant(proxy.owner);
  await tenant.gateway('main');
});
afterAll(async () => {
  await proxy.stop();
  await upstream.close();
});

const send = (target: string, ...lines: string[]): Promise<RawExchange> =>
  rawExchange(proxy.url, [`GET ${target} HTTP/1.1`, 'Host: a', 'Connection: close', ...lines, '', ''].join('\r\n'));

const path = (provider: string, rest: string): string => `/v1/${tenant.tag}/main/${provider}${rest}`;

const STEPS = [
  '..', '../..', '%2e%2e', '%2E%2E', '.%2e', '%2e.', '..%2f', '..%2F..', '%2e%2e%2f', '..%5c', '..\\', '%2e%2e\\', '..;', '..;/',
  '..;a=b', '%2e%2e;', '..%3b', '.', './', '%2e', '.;', '%252e%252e', '%252e%252e%252f', '%25%32%65', '..%252f', '..%c0%af',
  '%c0%ae%c0%ae', '%c0%ae%c0%ae%c0%af', '%e0%80%ae%e0%80%ae', '%f0%80%80%ae', '%c1%9c', '..%00', '%00', '..%00/', '%0a', '%0d%0a',
  '..%0d', '%09', '..%09', '/', '//', '\\', '%5c%5c', '..\u00c0\u00af', '\u00c0\u00ae\u00c0\u00ae', '\u0000', '..\u0000',
  '%uff0e%uff0e', '%u002e%u002e', '..%u2215', '%', '%2', '%zz', '....%2f%2f', '..%23', '#', '..#/', '..\u00ff',
]; // prettier-ignore

test('T-PATH-1 no way of writing a traversal takes a call out from under its base', async () => {
  const before = upstream.seen.length;
  const targets = STEPS.flatMap((step) =>
    ['openai', 'anthropic'].flatMap((provider) =>
      [
        `/${step}`,
        `/${step}/admin`,
        `/chat/${step}/admin`,
        `/chat/${step}/${step}/${step}/admin`,
        `/chat${step}/x`,
      ].map((rest) => path(provider, rest)),
    ),
  );
  const passed: string[] = [];
  await inBatches(targets, PARALLEL, async (target) => {
    const { status } = await send(target);
    if (status === 200) passed.push(target);
    else expect({ target, status }).toEqual({ target, status: 400 });
  });
  const escaped = upstream.seen.slice(before).filter(({ url }) => !isUnderBase(url));
  expect(escaped.map(({ url }) => url)).toEqual([]);
  // What passed is a name with dots behind it, which is a segment like any other.
  expect(passed.filter((target) => !/\/chat[^/]+\/x$/.test(target))).toEqual([]);
  process.stdout.write(`${targets.length} paths, ${passed.length} passed\n`);
});

/** Under the base however often it is decoded and resolved, and whatever is taken for a slash. */
function isUnderBase(target: string): boolean {
  let text = target.split('?')[0] ?? '';
  for (let i = 0; i < 3; i++) {
    const { pathname } = new URL(`http://base.example${text.replaceAll('\\', '/').replaceAll(/;[^/]*/g, '')}`);
    if (!pathname.startsWith('/base/')) return false;
    try {
      text = decodeURIComponent(pathname);
    } catch {
      return true;
    }
  }
  return true;
}

const HEADERS = [
  'Authorization', 'X-Api-Key', 'Content-Type', 'Accept', 'User-Agent', 'X-Custom', 'cf-aig-authorization', 'cf-aig-metadata',
  'cf-aig-event-id', 'cf-aig-custom-cost', 'cf-aig-collect-log', 'cf-aig-byok-alias', 'anthropic-version', 'X-Forwarded-For',
]; // prettier-ignore
/** CR alone, LF alone and NUL; and CRLF where what follows cannot be a header. */
const BREAKS = ['\r', '\n', '\u0000', '\r\n\r', '\n\n', '\r\u0000\n', '\u000b', '\u000c', '\u0001', '\u001b', '\u007f'];

test('T-CRLF-1 a line break or NUL in any header value, or in the path, is refused and forwards nothing', async () => {
  const before = upstream.seen.length;
  const lines = HEADERS.flatMap((name) => BREAKS.map((text) => `${name}: a${text}X-Injected: 1`));
  await inBatches(lines, PARALLEL, async (line) => {
    const { status, text } = await send(path('openai', '/models'), line);
    expect({ line, status }).toEqual({ line, status: 400 });
    expect(text.toLowerCase()).not.toContain('x-injected');
  });
  for (const text of ['\r', '\u0000', '%0d%0aX-Injected:%201', '%0a', '%00', '\u0001']) {
    const { status } = await send(path('openai', `/mod${text}els`));
    expect({ text, status }).toEqual({ text, status: 400 });
  }
  expect(upstream.seen.length).toBe(before);
});

test('T-CRLF-1 escaped line breaks in metadata and ids stay text, in the record and in the answer', async () => {
  const own = await createTenant(proxy.owner);
  await own.gateway('main');
  const { status, text } = await send(
    `/v1/${own.tag}/main/openai/models`,
    'cf-aig-metadata: {"a":"x\\r\\nSet-Cookie: b=1","b\\n":"\\u0000"}',
    'cf-aig-event-id: x%0d%0aSet-Cookie: b=1',
  );
  expect(status).toBe(200);
  expect(text).toContain('cf-aig-event-id: x%0d%0aSet-Cookie: b=1\r\n');
  expect(text.toLowerCase()).not.toContain('\nset-cookie');
  const [row] = await usageRecords(proxy.owner, own.accountId, 1);
  expect(row?.['metadata']).toMatchObject({ a: 'x\r\nSet-Cookie: b=1' });
});

test("T-CRLF-1 a control character in a provider's header is no answer, and reaches no client", async () => {
  const controls = [...Array.from({ length: 32 }, (_, code) => code), 127].filter(
    (code) => ![9, 10, 13].includes(code),
  );
  let control = 0;
  const provider = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () =>
      socket.end(
        `HTTP/1.1 200 OK\r\nX-Bad: a${String.fromCharCode(control)}b\r\nContent-Length: 2\r\n\r\nok`,
        'latin1',
      ),
    );
  }).listen(0, '127.0.0.1');
  await once(provider, 'listening');
  const { port } = provider.address() as AddressInfo; // a TCP server that listens has one
  const own = await startTestProxy({ openai: `http://127.0.0.1:${port}` });
  try {
    for (control of controls) {
      const other = await createTenant(own.owner); // nobody is refused because others have failed
      await other.gateway('main');
      const answer = await fetch(`${own.url}/v1/${other.tag}/main/openai/models`);
      expect({ control, status: answer.status }).toEqual({ control, status: 502 });
      expect(answer.headers.has('x-bad')).toBe(false);
      expect(await answer.json()).toMatchObject({ internalCode: 2005 });
    }
  } finally {
    await own.stop();
    provider.close();
  }
});

const FORGED = ['X-Forwarded-For', 'Forwarded', 'X-Real-IP', 'CF-Connecting-IP', 'True-Client-IP', 'X-Client-IP'];
const ADDRESSES = [
  '203.0.113.7',
  '::1',
  '2001:db8::7',
  '10.0.0.1, 203.0.113.7',
  'for="[2001:db8::7]"',
  '127.0.0.2',
  "' OR 1=1",
  '',
];

test('T-XFF-1 a thousand forged addresses never change the recorded one', async () => {
  const own = await createTenant(proxy.owner);
  await own.gateway('main');
  const count = 1_000;
  await inBatches(
    Array.from({ length: count }, (_, i) => i),
    PARALLEL,
    async (i) => {
      const value = `${ADDRESSES[i % ADDRESSES.length] ?? ''}${i % 3 === 0 ? `, 198.51.100.${i % 250}` : ''}`;
      const lines = [FORGED[i % FORGED.length], FORGED[(i + 1) % FORGED.length]].map((name) => `${name}: ${value}`);
      expect((await send(`/v1/${own.tag}/main/openai/models`, ...lines)).status).toBe(200);
    },
  );
  const rows = await usageRecords(proxy.owner, own.accountId, count);
  expect([...new Set(rows.map((row) => row['client_ip']))]).toEqual(['127.0.0.1']);
  const names = upstream.seen.slice(-count).flatMap(({ headers }) => Object.keys(headers));
  expect(FORGED.filter((name) => names.includes(name.toLowerCase()))).toEqual([]);
});

test("T-XFF-1 behind one proxy of the operator's own, only the entry that it wrote counts, IPv6 included", async () => {
  const behind = await startTestProxy({ openai: upstream.origin + BASE }, { TRUST_PROXY: '1' });
  try {
    const own = await createTenant(behind.owner);
    await own.gateway('main');
    for (const real of ['203.0.113.9', '2001:db8::9']) {
      for (const forged of ADDRESSES.filter((text) => text !== '')) {
        const lines = [`X-Forwarded-For: ${forged}, ${real}`, `X-Real-IP: ${forged}`, `Forwarded: for=${forged}`];
        const request = [
          `GET /v1/${own.tag}/main/openai/models HTTP/1.1`,
          'Host: a',
          'Connection: close',
          ...lines,
          '',
          '',
        ];
        expect((await rawExchange(behind.url, request.join('\r\n'))).status).toBe(200);
      }
    }
    const rows = await usageRecords(behind.owner, own.accountId, 2 * (ADDRESSES.length - 1));
    expect(new Set(rows.map((row) => row['client_ip']))).toEqual(new Set(['2001:db8::9', '203.0.113.9']));
  } finally {
    await behind.stop();
  }
});
