import { expect, test } from '@jest/globals';
import { readApiConfig } from '../../../api/config.js';
import { newVaultKeyPair } from '../../../schema/contracts/vault-keys.js';

const ENV = {
  DATABASE_URL: 'postgres://localhost/tollgate',
  REDIS_URL: 'redis://localhost',
  SECRET_KEY: 's'.repeat(32),
  TOKEN_PEPPER: 'p'.repeat(32),
  VAULT_PUBLIC_KEY: newVaultKeyPair().publicKey,
};

test('what is not said has its default', () => {
  expect(readApiConfig(ENV)).toMatchObject({
    isProduction: false,
    isDemo: true,
    isSignUpOpen: false,
    listen: { host: '127.0.0.1', port: 4000 },
    publicApiUrl: 'http://localhost:4000',
    publicProxyUrl: 'http://localhost:8787',
    trustedProxies: 0,
    bootstrap: { email: 'admin@localhost', password: null, accountName: 'main' },
  });
});

test('the shown URLs follow the ports, and lose a trailing slash', () => {
  expect(readApiConfig({ ...ENV, API_PORT: '4100', PROXY_PORT: '8888' }).publicProxyUrl).toBe('http://localhost:8888');
  expect(readApiConfig({ ...ENV, PUBLIC_PROXY_URL: 'https://ai.example/' }).publicProxyUrl).toBe('https://ai.example');
});

test('all problems are told at once', () => {
  const env = { API_PORT: '70000', SIGNUP: 'maybe', TRUST_PROXY: '-1' };
  for (const name of ['DATABASE_URL', 'REDIS_URL', 'API_PORT', 'SIGNUP', 'TRUST_PROXY']) {
    expect(() => readApiConfig(env)).toThrow(name);
  }
});

test('production has no demo and does not start without its secrets', () => {
  expect(readApiConfig({ ...ENV, NODE_ENV: 'production' })).toMatchObject({ isProduction: true, isDemo: false });
  const env = { ...ENV, NODE_ENV: 'production', SECRET_KEY: '', TOKEN_PEPPER: 'short', VAULT_PUBLIC_KEY: '' };
  for (const name of ['SECRET_KEY', 'TOKEN_PEPPER', 'VAULT_PUBLIC_KEY']) expect(() => readApiConfig(env)).toThrow(name);
});

test('DEMO=0 leaves the demo out', () => {
  expect(readApiConfig({ ...ENV, DEMO: '0' }).isDemo).toBe(false);
});
