/** Stored secrets that do not open, at a real proxy: nothing is sent anywhere, and nobody learns more than that. */
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { listen } from '../../../platform/listen.js';
import { LocalKeyOpener } from '../../../proxy/vault/key-opener.js';
import { answerJson, chatCompletion } from '../../support/fake-upstream.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';
import { usageRecordCount } from '../../support/usage-records.js';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
  rig.upstream.answer = answerJson(200, chatCompletion());
});
afterAll(() => rig.stop());
afterEach(() => void jest.restoreAllMocks());

interface Stored {
  readonly accountId: string;
  readonly keyId: string;
  call(): Promise<Response>;
}

async function stored(provider: string, secret: string, origin = rig.upstream.origin): Promise<Stored> {
  const tenant = await rig.tenant();
  const { gatewayId, accountId } = tenant;
  const keyId = await tenant.providerKey({ gatewayId, provider, origin, secret });
  const headers = { 'cf-aig-authorization': `Bearer ${await tenant.apiToken()}` };
  const path = provider === 'openai' ? 'openai/chat/completions' : 'anthropic/v1/messages';
  return { accountId, keyId, call: () => post(`${tenant.base}/${path}`, CHAT, headers) };
}

async function expectUnopened({ call, accountId }: Stored, provider: string): Promise<void> {
  const before = rig.upstream.seen.length;
  const response = await call();
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({
    internalCode: 9006,
    description: `the stored key of provider "${provider}" cannot be opened`,
  });
  expect(rig.upstream.seen.length).toBe(before);
  expect(await usageRecordCount(rig.proxy.owner, accountId)).toBe(0);
}

test('T-KEY-1: sealed values that were swapped between accounts, or between providers, are 503/9006 and go nowhere', async () => {
  const pairs = [
    [await stored('openai', 'canary-1'), await stored('openai', 'canary-2')],
    [await stored('openai', 'canary-3'), await stored('anthropic', 'canary-4')],
  ] as const;
  for (const [one, other] of pairs) {
    await rig.proxy.owner.query(
      `UPDATE provider_key k SET sealed = o.sealed FROM provider_key o
       WHERE (k.id = $1 AND o.id = $2) OR (k.id = $2 AND o.id = $1)`,
      [one.keyId, other.keyId],
    );
  }
  for (const [one] of pairs) await expectUnopened(one, 'openai');
  await expectUnopened(pairs[0][1], 'openai');
  await expectUnopened(pairs[1][1], 'anthropic');
});

test('T-KEY-1: a key whose row was given the origin of the route, and not by the api, does not open', async () => {
  const key = await stored('openai', 'canary-5', 'https://elsewhere.example');
  // Now the row agrees with the route, and what sealed it does not.
  await rig.proxy.owner.query('UPDATE provider_key SET origin = $2 WHERE id = $1', [key.keyId, rig.upstream.origin]);
  await expectUnopened(key, 'openai');
});

test('T-KEY-2: an altered value is 503/9006, and counted', async () => {
  const key = await stored('openai', 'canary-7');
  await rig.proxy.owner.query(
    'UPDATE provider_key SET sealed = set_byte(sealed, length(sealed) - 1, 255 - get_byte(sealed, length(sealed) - 1)) WHERE id = $1',
    [key.keyId],
  );
  const server = rig.proxy.proxy.metricsServer;
  const port = await listen(server, { host: '127.0.0.1', port: 0, name: 'metrics', variable: 'METRICS_PORT' });
  const refused = async (): Promise<number> => {
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return Number(/^tollgate_vault_openings_total\{outcome="refused"\} (\d+)$/m.exec(metrics)?.[1]);
  };
  const before = await refused();
  await expectUnopened(key, 'openai');
  expect(await refused()).toBe(before + 1);
  server.closeAllConnections();
});

test('T-KEY-4: with the opener away, keys used in the last minute serve, others are 503/9006, and all serve when it is back', async () => {
  const [known, fresh] = [await stored('openai', 'canary-8'), await stored('openai', 'canary-9')];
  expect((await known.call()).status).toBe(200);
  const opener = jest.spyOn(LocalKeyOpener.prototype, 'open').mockImplementation(() => {
    throw new Error('the service that holds the key is away (canary-10)');
  });
  expect((await known.call()).status).toBe(200);
  expect(rig.upstream.seen.at(-1)?.headers['authorization']).toBe('Bearer canary-8');
  await expectUnopened(fresh, 'openai');
  const refused = await fresh.call();
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await refused.text()).not.toContain('canary');

  const now = performance.now.bind(performance);
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => now() + 60_000);
  expect((await known.call()).status).toBe(503);
  opener.mockRestore();
  expect((await known.call()).status).toBe(200);
  expect((await fresh.call()).status).toBe(200);
  clock.mockRestore();
});
