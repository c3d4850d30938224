import { expect, test } from '@jest/globals';
import { addedCharacters } from '../../../../proxy/policy-cache/policy-cache.js';
import { policyKey, policyOf } from '../../../support/credentialed-call.js';

test('a policy weighs what its stored secrets weigh, of every kind, and one when it has none', () => {
  expect(addedCharacters(policyOf())).toBe(1);
  const custom = { id: '1', slug: 'mine', baseUrl: 'https://mine.example', version: 1 };
  const full = policyOf({
    providerKeys: [policyKey({ sealed: 'x'.repeat(100) }), policyKey({ sealed: 'x'.repeat(20) })],
    customProviders: [
      { ...custom, sealedHeaders: 'x'.repeat(3) },
      { ...custom, sealedHeaders: null },
    ],
    egressProxySealed: 'x'.repeat(4_000),
  });
  expect(addedCharacters(full)).toBe(4_124);
});
