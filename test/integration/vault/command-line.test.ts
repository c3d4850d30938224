/** `npm run vault` as a person sees it: the compiled program in a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { newVaultKeyPair, readVaultPrivateKey, readVaultPublicKey } from '../../../schema/contracts/vault-keys.js';
import { openTestDatabase } from '../../support/postgres.js';

const PROGRAM = fileURLToPath(new URL('../../../scripts/vault.js', import.meta.url));

async function vault(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: unknown; out: string }> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: 'pipe',
  });
  const ended = once(child, 'close').then(([code]: unknown[]) => code);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, out: out + err };
}

test('new-keys prints both halves of a pair as lines of an environment file', async () => {
  const { code, out } = await vault(['new-keys']);
  const [, publicKey = '', privateKey = ''] = /^VAULT_PUBLIC_KEY=(\S+)\nVAULT_PRIVATE_KEY=(\S+)\n$/.exec(out) ?? [];
  expect(code).toBe(0);
  expect(readVaultPublicKey(publicKey)).not.toBeNull();
  expect(readVaultPrivateKey(privateKey)?.publicKey.raw).toEqual(readVaultPublicKey(publicKey)?.raw);
});

test('rotate takes keys and database from the environment, and shows none of them', async () => {
  const database = await openTestDatabase();
  const env = {
    MIGRATION_DATABASE_URL: database.url,
    VAULT_PRIVATE_KEY: newVaultKeyPair().privateKey,
    VAULT_PRIVATE_KEY_PREVIOUS: newVaultKeyPair().privateKey,
  };
  const rotated = await vault(['rotate'], env);
  const bad = await vault(['rotate'], { ...env, VAULT_PRIVATE_KEY: 'canary-key' });
  await database.close();
  expect(rotated).toMatchObject({ code: 0 });
  expect(rotated.out).toContain('provider_key: 0 rewritten, 0 already as they should be, 0 failed');
  expect(bad).toMatchObject({ code: 1 });
  expect(bad.out).toMatch(/VAULT_PRIVATE_KEY: must be the base64 of 32 bytes/);
  for (const secret of ['canary', env.VAULT_PRIVATE_KEY, env.VAULT_PRIVATE_KEY_PREVIOUS]) {
    expect(rotated.out + bad.out).not.toContain(secret);
  }
});

test('what is not understood prints how to use it, and does nothing', async () => {
  for (const args of [[], ['rotat'], ['new-keys', 'x'], ['reencrypt', '--after', 'account:1'], ['rotate', '--from']]) {
    const { code, out } = await vault(args);
    expect(code).toBe(2);
    expect(out).toContain('npm run vault -- new-keys');
  }
});
