import { expect, test } from '@jest/globals';
import type { StartConfig } from '../../../../scripts/start/config.js';
import { demoEnvironment, tierEnvironments } from '../../../../scripts/start/tier-environment.js';

const SECRETS = {
  SECRET_KEY: 'canary-secret-key',
  TOKEN_PEPPER: 'canary-pepper',
  VAULT_PUBLIC_KEY: 'canary-public',
  VAULT_PRIVATE_KEY: 'canary-private',
};
const address = (name: string, port: number): StartConfig['api'] => ({ host: '127.0.0.1', port, name, variable: '' });
const CONFIG: StartConfig = {
  dataDir: '/data',
  api: address('api', 4000),
  proxy: address('proxy', 8787),
  publicApiUrl: 'http://localhost:4000',
  publicProxyUrl: 'http://localhost:8787',
  databaseUrl: null,
  redisUrl: null,
  hasDemo: false,
  secrets: SECRETS,
  changedSecrets: [],
};
const URLS = { databaseUrl: 'postgres://localhost/x', redisUrl: 'redis://localhost', demoOrigin: null };

test('each tier is given the secrets that are its own: one can seal, the other open', () => {
  const { api, proxy } = tierEnvironments(CONFIG, URLS);
  const secretsOf = (env: NodeJS.ProcessEnv): string[] =>
    Object.keys(SECRETS).filter((name) => env[name] !== undefined);
  expect(secretsOf(api)).toEqual(['SECRET_KEY', 'TOKEN_PEPPER', 'VAULT_PUBLIC_KEY']);
  expect(secretsOf(proxy)).toEqual(['TOKEN_PEPPER', 'VAULT_PRIVATE_KEY']);
});

test('neither a previous vault key nor the owner of the database reaches where it is not needed', () => {
  const inherited = {
    VAULT_PRIVATE_KEY_PREVIOUS: 'canary-previous',
    MIGRATION_DATABASE_URL: 'canary-owner',
    ...SECRETS,
  };
  const { api, proxy } = tierEnvironments(CONFIG, URLS, inherited);
  expect([api['VAULT_PRIVATE_KEY_PREVIOUS'], api['MIGRATION_DATABASE_URL']]).toEqual([undefined, undefined]);
  expect([proxy['VAULT_PRIVATE_KEY_PREVIOUS'], proxy['MIGRATION_DATABASE_URL']]).toEqual([
    'canary-previous',
    undefined,
  ]);
  expect(JSON.stringify(demoEnvironment({ ...inherited, PATH: '/bin' }))).toBe('{"PATH":"/bin"}');
});

test("the egress proxy's URL, which may hold a password, is given to the proxy alone", () => {
  const inherited = { EGRESS_PROXY_URL: 'http://ada:canary@proxy.example:3128' };
  const { api, proxy } = tierEnvironments(CONFIG, URLS, inherited);
  expect([api, proxy, demoEnvironment(inherited)].map((env) => env['EGRESS_PROXY_URL'])).toEqual([
    undefined,
    inherited.EGRESS_PROXY_URL,
    undefined,
  ]);
});
