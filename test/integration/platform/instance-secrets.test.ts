import { readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { apiSecrets, instanceSecrets } from '../../../platform/instance-secrets.js';
import { newVaultKeyPair, readVaultPrivateKey } from '../../../schema/contracts/vault-keys.js';
import { makeDataDir } from '../../support/data-dir.js';

const pair = newVaultKeyPair();
const GIVEN = {
  SECRET_KEY: 'k'.repeat(32),
  TOKEN_PEPPER: 'p'.repeat(32),
  VAULT_PUBLIC_KEY: pair.publicKey,
  VAULT_PRIVATE_KEY: pair.privateKey,
};

test('outside production missing secrets are made once, differ, and only this user can read them', () => {
  const dataDir = makeDataDir();
  const first = instanceSecrets({ given: {}, dataDir, isProduction: false });
  expect(instanceSecrets({ given: {}, dataDir, isProduction: false })).toEqual(first);
  expect(new Set(Object.values(first)).size).toBe(4);
  const files = readdirSync(dataDir);
  expect(files.toSorted()).toEqual(['secret-key', 'token-pepper', 'vault-private-key', 'vault-public-key']);
  expect(files.map((file) => statSync(path.join(dataDir, file)).mode & 0o777)).toEqual(files.map(() => 0o600));
});

test('the vault keys that are made are one pair, and the api alone is given its public half only', () => {
  const dataDir = makeDataDir();
  const ofApi = apiSecrets({ given: {}, dataDir, isProduction: false });
  const all = instanceSecrets({ given: {}, dataDir, isProduction: false });
  expect(readVaultPrivateKey(all.VAULT_PRIVATE_KEY)?.publicKey.raw.toString('base64')).toBe(all.VAULT_PUBLIC_KEY);
  expect(ofApi).toEqual({ ...ofApi, VAULT_PUBLIC_KEY: all.VAULT_PUBLIC_KEY });
  expect(JSON.stringify(ofApi)).not.toContain(all.VAULT_PRIVATE_KEY);
});

test('given secrets win over kept ones', () => {
  const dataDir = makeDataDir();
  instanceSecrets({ given: {}, dataDir, isProduction: false });
  expect(instanceSecrets({ given: GIVEN, dataDir, isProduction: false })).toEqual(GIVEN);
});

test('vault keys that are not of one pair, or are no keys, are refused without being told', () => {
  const dataDir = makeDataDir();
  const attempt = (given: Partial<typeof GIVEN>) => (): unknown =>
    instanceSecrets({ given: { ...GIVEN, ...given }, dataDir, isProduction: false });
  expect(attempt({ VAULT_PUBLIC_KEY: newVaultKeyPair().publicKey })).toThrow(/not of one pair/);
  expect(attempt({ VAULT_PRIVATE_KEY: '' })).toThrow(/not of one pair/);
  expect(attempt({ VAULT_PRIVATE_KEY: 'canary' })).toThrow(
    /^The secrets cannot be used:\n {2}- VAULT_PRIVATE_KEY \(or [^\n]*\) is not the base64 of 32 bytes[^\n]*$/,
  );
});

test('a kept private key that is none is named by its file', () => {
  const dataDir = makeDataDir();
  writeFileSync(path.join(dataDir, 'vault-private-key'), 'canary');
  const attempt = (): unknown => apiSecrets({ given: {}, dataDir, isProduction: false });
  expect(attempt).toThrow(
    /^The secrets cannot be used:\n {2}- VAULT_PRIVATE_KEY \(or vault-private-key in DATA_DIR\) is not[^\n]*$/,
  );
});

test('production makes up nothing, and names everything that is missing or too short', () => {
  const attempt = (): unknown =>
    instanceSecrets({ given: { SECRET_KEY: 'short' }, dataDir: '/nowhere', isProduction: true });
  expect(attempt).toThrow(
    /SECRET_KEY has fewer than 32 characters\n.*TOKEN_PEPPER must be set in production.*\n.*VAULT_PUBLIC_KEY must be set in production \(`npm run vault -- new-keys` makes a pair\)\n.*VAULT_PRIVATE_KEY must be set/,
  );
});
