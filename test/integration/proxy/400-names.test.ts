import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';
import { usageRecordCount } from '../../support/usage-records.js';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const envelope = (code: number, message: string, httpCode: number): object => ({
  success: false,
  result: [],
  messages: [],
  error: [{ code, message }],
  name: 'AiGatewayError',
  httpCode,
  internalCode: code,
  message,
  description: expect.any(String),
});
const UNKNOWN_GATEWAY = envelope(2001, 'Please configure AI Gateway in the Cloudflare dashboard', 400);
const UNKNOWN_PROVIDER = envelope(2008, 'Invalid provider', 400);

test.each(['ffffffffffffffffffffffffffffffff', 'nobody-here', 'Not A Name', '%61cme', '..'])(
  'the unknown account %s is 400/2001 and makes no row',
  async (account) => {
    const response = await post(`${rig.proxy.url}/v1/${encodeURI(account)}/main/openai/chat/completions`, CHAT);
    // `..` is resolved away by the client itself: what arrives is no gateway URL at all
    if (account === '..') return expect(response.status).toBe(404);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual(UNKNOWN_GATEWAY);
    expect(response.headers.get('cf-aig-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(response.headers.get('cf-aig-log-id')).toBeNull();
    return undefined;
  },
);

test.each(['other', 'MAIN', 'ma%69n', 'a'.repeat(65)])(
  'the unknown gateway %s is 400/2001 and makes no row',
  async (gateway) => {
    const tenant = await rig.tenant();
    const response = await post(`${rig.proxy.url}/v1/${tenant.name}/${gateway}/openai/chat/completions`, CHAT);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual(UNKNOWN_GATEWAY);
    expect(await usageRecordCount(rig.proxy.owner, tenant.accountId)).toBe(0);
  },
);

test("an account's gateway is not found under another account", async () => {
  const [mine, other] = await Promise.all([rig.tenant(), rig.tenant()]);
  await mine.gateway('private');
  const response = await post(`${rig.proxy.url}/v1/${other.tag}/private/openai/chat/completions`, CHAT);
  expect(await response.json()).toEqual(UNKNOWN_GATEWAY);
});

test.each(['openia', 'compat', 'demo', 'OPENAI'])(
  'the unknown provider %s is 400/2008 and makes no row',
  async (provider) => {
    const tenant = await rig.tenant();
    const response = await post(`${tenant.base}/${provider}/chat/completions`, CHAT);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual(UNKNOWN_PROVIDER);
    expect(await usageRecordCount(rig.proxy.owner, tenant.accountId)).toBe(0);
  },
);

test.each(['/', '/v1', '/v1/', '/v1/a', '/v1/a/b', '/elsewhere'])(
  'the path %s is refused without a look-up',
  async (path) => {
    const response = await fetch(`${rig.proxy.url}${path}`);
    expect([400, 404]).toContain(response.status);
  },
);

test("HEAD and GET on a provider's bare base answer 200, empty, without an upstream call or a row", async () => {
  const tenant = await rig.tenant();
  const before = rig.upstream.seen.length;
  for (const method of ['HEAD', 'GET']) {
    for (const base of [`${tenant.base}/anthropic`, `${tenant.base}/anthropic/`]) {
      const response = await fetch(base, { method });
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('');
    }
  }
  expect(rig.upstream.seen.length).toBe(before);
  expect(await usageRecordCount(rig.proxy.owner, tenant.accountId)).toBe(0);
});

test('an upgrade to another protocol is 426/9002', async () => {
  const tenant = await rig.tenant();

  const response = await new Promise<number | undefined>((resolve, reject) => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'eA==',
    };
    const client = request(`${tenant.base}/openai/responses`, { headers }, (answer) =>
      resolve(answer.resume().statusCode),
    );
    client.on('error', reject).end();
  });
  expect(response).toBe(426);
});
