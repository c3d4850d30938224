/** Keys rotated while a real proxy serves: what `npm run vault -- rotate` does, at the side of running requests. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { rotate } from '../../../scripts/vault/commands.js';
import { readSealed } from '../../../schema/contracts/sealed-secret.js';
import { newVaultKeyPair } from '../../../schema/contracts/vault-keys.js';
import { answerJson } from '../../support/fake-upstream.js';
import { CHAT, post, startRig, type Rig } from '../../support/rig.js';
import { announce, rotateProviderKey } from '../../support/stored-secrets.js';
import { TEST_SIZE } from '../../support/test-size.js';
import { TEST_VAULT, vaultPair } from '../../support/vault.js';
import { waitFor } from '../../support/wait-for.js';

const NEXT = newVaultKeyPair();
const current = vaultPair(NEXT).privateKey;
const previous = vaultPair(TEST_VAULT).privateKey;
const KEYS = TEST_SIZE === 'full' ? 2_000 : 250; // more than two batches
const CALLERS = 8;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ VAULT_PRIVATE_KEY: NEXT.privateKey, VAULT_PRIVATE_KEY_PREVIOUS: TEST_VAULT.privateKey });
  rig.upstream.answer = answerJson(200, {});
});
afterAll(() => rig.stop());

async function keyPairs(): Promise<Set<string>> {
  const { rows } = await rig.proxy.owner.query<{ sealed: Buffer }>('SELECT sealed FROM provider_key');
  return new Set(rows.map(({ sealed }) => readSealed(sealed).keyId.toString('hex')));
}

const rotateAll = (): Promise<boolean> =>
  rotate({ pool: rig.proxy.owner, current, previous, after: null, say: () => undefined });

/** Callers that go through all aliases until `stop`; what failed, and how many calls ended. */
function startLoad(base: string, token: string): { calls: number; failures: string[]; stop(): Promise<void> } {
  let isOver = false;
  const load = { calls: 0, failures: [] as string[], stop };
  const callers = Array.from({ length: CALLERS }, (_, i) => callOnAndOn(i * 31));

  async function callOnAndOn(first: number): Promise<void> {
    for (let i = first; !isOver; i++) {
      const alias = `key-${i % KEYS}`;
      const headers = { 'cf-aig-authorization': `Bearer ${token}`, 'cf-aig-byok-alias': alias };
      const response = await post(`${base}/openai/chat/completions`, { ...CHAT, user: alias }, headers);
      const answer = await response.text();
      if (response.status !== 200) load.failures.push(`${alias}: ${response.status} ${answer}`);
      load.calls += 1;
    }
  }

  async function stop(): Promise<void> {
    isOver = true;
    await Promise.all(callers);
  }
  return load;
}

test('T-KEY-3: keys are rotated under load, a secret changing meanwhile, and no call fails or carries another key', async () => {
  const tenant = await rig.tenant();
  const secretsOf = new Map<string, string[]>();
  const ids: string[] = [];
  for (let i = 0; i < KEYS; i++) {
    const key = { provider: 'openai', alias: `key-${i}`, secret: `secret-${i}`, origin: rig.upstream.origin };
    ids.push(await tenant.providerKey({ ...key, gatewayId: tenant.gatewayId }));
    secretsOf.set(key.alias, [`Bearer ${key.secret}`]);
  }
  const load = startLoad(tenant.base, await tenant.apiToken());
  await waitFor(() => load.calls > KEYS / 4, 'the load runs', 60_000);
  const rotation = rotateAll();
  secretsOf.get('key-7')?.push('Bearer secret-7b');
  await rotateProviderKey(rig.proxy.owner, ids[7] ?? '', 'secret-7b'); // by an api that still has the old public key
  await announce(rig.proxy, { accountId: tenant.accountId, gatewayId: tenant.gatewayId, gatewayName: 'main' });
  expect([await rotation, await rotateAll()]).toEqual([true, true]);
  const callsBefore = load.calls;
  await waitFor(() => load.calls > callsBefore + 2 * KEYS, 'every key was used after the rotation', 60_000);
  await load.stop();

  expect(load.failures).toEqual([]);
  const wrong = rig.upstream.seen.filter(({ body, headers }) => {
    const { user } = JSON.parse(String(body)) as { user: string }; // sent above
    return secretsOf.get(user)?.includes(headers.authorization ?? '') !== true;
  });
  expect(wrong).toEqual([]);
  expect(rig.upstream.seen.length).toBe(load.calls);
  expect(await keyPairs()).toEqual(new Set([current.publicKey.id.toString('hex')]));
});
