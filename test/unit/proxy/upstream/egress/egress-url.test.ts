import { expect, test } from '@jest/globals';
import { readProxyConfig } from '../../../../../proxy/config.js';
import { egressUrlSchema } from '../../../../../proxy/upstream/egress/egress-url.js';
import { TEST_VAULT } from '../../../../support/vault.js';

const CANARY = 'canary-7f3a';

test.each([
  'http://proxy.example:3128',
  'https://proxy.example',
  'socks5://10.0.0.1:1080',
  'socks5://[fd00::1]:1080',
  'http://ada:p%40ss@proxy.example:3128/',
])('%s is an egress proxy', (text) => {
  expect(egressUrlSchema.parse(text)?.href).toBe(new URL(text).href);
});

test('none is none: absent, or empty in the environment', () => {
  const stores = { DATABASE_URL: 'postgres://localhost/x', REDIS_URL: 'redis://localhost' };
  const env = { ...stores, TOKEN_PEPPER: 'p'.repeat(32), VAULT_PRIVATE_KEY: TEST_VAULT.privateKey };
  expect(readProxyConfig(env).egressProxy).toBeNull();
  expect(readProxyConfig({ ...env, EGRESS_PROXY_URL: '' }).egressProxy).toBeNull();
});

test.each([
  ['another scheme', `ftp://ada:${CANARY}@proxy.example`],
  ['SOCKS4', `socks4://ada:${CANARY}@proxy.example:1080`],
  ['no scheme', `ada:${CANARY}@proxy.example:3128`],
  ['no host', `socks5://ada:${CANARY}@:1080`],
  ['only a scheme', 'socks5://'],
  ['a path', `http://ada:${CANARY}@proxy.example:3128/pac`],
  ['a query', `http://ada:${CANARY}@proxy.example:3128/?x=${CANARY}`],
  ['a fragment', `socks5://ada:${CANARY}@proxy.example:1080#${CANARY}`],
  ['a port that is none', `http://ada:${CANARY}@proxy.example:99999`],
  ['nothing of the kind', CANARY],
])('%s is refused, and nothing of it is repeated', (_what, text) => {
  const result = egressUrlSchema.safeParse(text);
  expect(result.success).toBe(false);
  expect(result.error?.issues.map(({ message }) => message)).toEqual([
    'must be like http://proxy:3128, https://… or socks5://…, without a path',
  ]);
  expect(result.error?.message).not.toContain(CANARY);
});
