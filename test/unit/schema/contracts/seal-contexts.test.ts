import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  customHeadersContext,
  egressProxyContext,
  providerKeyContext,
} from '../../../../schema/contracts/seal-contexts.js';
import { propertyRuns } from '../../../support/test-size.js';

const ACCOUNT = '01936b2e-0000-7000-8000-000000000001';
const ROW = '01936b2e-0000-7000-8000-000000000002';

const KEY = { accountId: ACCOUNT, provider: 'openai', id: ROW, origin: 'https://api.openai.com', version: 3 };

test('a provider key is bound to its account, provider, row, origin, target and version, and to nothing else of its row', () => {
  const columns = { ...KEY, target: {}, alias: 'default', sealed: Buffer.of(1) };
  expect(providerKeyContext(columns)).toEqual({ use: 'provider-key', ...KEY, target: '{}' });
  const target = { region: 'us-east5', project: 'mine' };
  expect(providerKeyContext({ ...KEY, target }).target).toBe('{"project":"mine","region":"us-east5"}');
});

test('T-KEY-1: two targets are one context exactly when they have the same fields and values, in whatever order', () => {
  const word = fc.constantFrom('a', 'b', '', '","', '":"', '1', '10', '2', '__proto__', 'toJSON', 'ü');
  const fields = fc.dictionary(word, word, { maxKeys: 4 });
  const textOf = (target: Record<string, string>): string => providerKeyContext({ ...KEY, target }).target;
  const entriesOf = (target: Record<string, string>): unknown =>
    Object.entries(target)
      .map((entry) => JSON.stringify(entry))
      .toSorted();
  fc.assert(
    fc.property(fields, fields, (one, other) => {
      const reversed = Object.fromEntries(Object.entries(one).toReversed());
      expect(textOf(reversed)).toBe(textOf(one));
      const areSame = JSON.stringify(entriesOf(one)) === JSON.stringify(entriesOf(other));
      expect(textOf(one) === textOf(other)).toBe(areSame);
    }),
    propertyRuns,
  );
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
