import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { EnvironmentError } from '../../../platform/environment.js';
import { readProxyConfig } from '../../../proxy/config.js';
import { newVaultKeyPair, readVaultPrivateKey } from '../../../schema/contracts/vault-keys.js';

const ENV = {
  DATABASE_URL: 'postgres://localhost/tollgate',
  REDIS_URL: 'redis://localhost',
  TOKEN_PEPPER: 'p'.repeat(32),
  VAULT_PRIVATE_KEY: newVaultKeyPair().privateKey,
};

function problems(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readProxyConfig(env);
    return [];
  } catch (error) {
    if (error instanceof EnvironmentError) return error.problems;
    throw error;
  }
}

test('the vault opens with the current key, and with the previous one while it is set', () => {
  const previous = newVaultKeyPair();
  const idOf = (text: string): string | undefined => readVaultPrivateKey(text)?.publicKey.id.toString('hex');
  const ids = (env: NodeJS.ProcessEnv): (string | undefined)[] =>
    readProxyConfig(env).vaultPrivateKeys.map(({ publicKey }) => publicKey.id.toString('hex'));
  expect(ids(ENV)).toEqual([idOf(ENV.VAULT_PRIVATE_KEY)]);
  expect(ids({ ...ENV, VAULT_PRIVATE_KEY_PREVIOUS: previous.privateKey })).toEqual([
    idOf(ENV.VAULT_PRIVATE_KEY),
    idOf(previous.privateKey),
  ]);
});

test('a missing vault key is said with the command that makes one', () => {
  expect(problems({ ...ENV, VAULT_PRIVATE_KEY: '' })).toEqual([
    'VAULT_PRIVATE_KEY: must be set (`npm run vault -- new-keys` makes a pair)',
  ]);
});

test('a vault key that cannot be read is named without what stands in it', () => {
  const canary = 'canary-of-a-private-key';
  const told = problems({ ...ENV, VAULT_PRIVATE_KEY: canary, VAULT_PRIVATE_KEY_PREVIOUS: `${canary}-2` });
  expect(told.map((problem) => problem.split(':')[0])).toEqual(['VAULT_PRIVATE_KEY', 'VAULT_PRIVATE_KEY_PREVIOUS']);
  expect(told.join()).not.toContain(canary);
});

test('no problem of any variable quotes its value, and a configuration that is printed shows no vault key', () => {
  const canary = 'canary-5d1c';
  const names = ['DATABASE_URL', 'TOKEN_PEPPER', 'VAULT_PRIVATE_KEY', 'PROXY_PORT', 'METRICS_PORT', 'LOG_LEVEL'];
  const env = Object.fromEntries(names.map((name) => [name, canary]));
  expect(problems(env).join()).not.toContain(canary);
  const printed = inspect(readProxyConfig(ENV), { depth: 9, showHidden: true });
  expect(printed).not.toContain(ENV.VAULT_PRIVATE_KEY);
  expect(JSON.stringify(readProxyConfig(ENV))).not.toContain(ENV.VAULT_PRIVATE_KEY);
});

test('workers share the disk of the spools, and each has a snapshot of its own beside the others', () => {
  const env = { ...ENV, PROXY_WORKERS: '4', DATA_DIR: '/data' };
  const third = readProxyConfig(env, 3);
  expect(third.ledgerSpoolBytesMax).toBe(1024 ** 3);
  expect(third.snapshotFiles).toEqual([
    '/data/policy-snapshot-3',
    '/data/policy-snapshot',
    '/data/policy-snapshot-2',
    '/data/policy-snapshot-4',
  ]);
  expect(readProxyConfig({ ...ENV, DATA_DIR: '/data' }).snapshotFiles).toEqual(['/data/policy-snapshot']);
  expect(problems({ ...env, LEDGER_SPOOL_BYTES_MAX: String(1024 ** 3 - 1) })).toEqual([
    'LEDGER_SPOOL_BYTES_MAX: must be at least 1073741824 for 4 PROXY_WORKERS',
  ]);
});
