import { expect, test } from '@jest/globals';
import {
  customHeadersContext,
  egressProxyContext,
  providerKeyContext,
} from '../../../../schema/contracts/seal-contexts.js';

const ACCOUNT = '01936b2e-0000-7000-8000-000000000001';
const ROW = '01936b2e-0000-7000-8000-000000000002';

test('a provider key is bound to its account, provider, row, origin and version, and to nothing else of its row', () => {
  const row = { accountId: ACCOUNT, provider: 'openai', id: ROW, origin: 'https://api.openai.com', version: 3 };
  const columns = { ...row, alias: 'default', sealed: Buffer.of(1) };
  expect(providerKeyContext(columns)).toEqual({ use: 'provider-key', ...row });
});

test('headers of a custom provider are bound to the origin of its base URL', () => {
  const custom = { accountId: ACCOUNT, slug: 'mine', id: ROW, version: 1 };
  const origins = [
    'https://a.example/v1',
    'https://a.example/v2',
    'https://a.example:8443/',
    'http://a.example',
    '-',
  ].map((baseUrl) => customHeadersContext({ ...custom, baseUrl }).origin);
  expect(origins).toEqual(['https://a.example', 'https://a.example', 'https://a.example:8443', 'http://a.example', '']);
  expect(customHeadersContext({ ...custom, baseUrl: 'https://a.example' }).provider).toBe('custom-mine');
});

test('an egress proxy is bound to the same origin by its whole URL and by the one that settings show', () => {
  const gateway = { accountId: ACCOUNT, gatewayId: ROW };
  const whole = egressProxyContext({ ...gateway, maskedUrl: 'socks5://me:canary@proxy.example:1080' });
  expect(egressProxyContext({ ...gateway, maskedUrl: 'socks5://me:***@proxy.example:1080' })).toEqual(whole);
  expect(whole.origin).toBe('socks5://proxy.example:1080');
});
