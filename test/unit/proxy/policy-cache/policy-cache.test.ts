import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addedCharacters } from '../../../../proxy/policy-cache/policy-cache.js';
import { PolicyKeys } from '../../../../proxy/policy-cache/policy-keys.js';
import { policyCacheKey } from '../../../../proxy/policy-cache/policy-stores.js';
import { newUuidV7, type AccountId } from '../../../../schema/contracts/ids.js';
import { policyKey, policyOf } from '../../../support/credentialed-call.js';
import { propertyRuns } from '../../../support/test-size.js';

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

test('a key that was kept is the one that would be made, whichever gateways of which accounts are asked for in turn', () => {
  const accounts = [newUuidV7(), newUuidV7()].map((id) => ({ accountId: id as AccountId })); // nobody's
  const asked = fc.record({ account: fc.constantFrom(...accounts), gatewayName: fc.constantFrom('a', 'b', 'a/b') });
  fc.assert(
    fc.property(fc.array(asked), (all) => {
      const keys = new PolicyKeys();
      for (const { account, gatewayName } of all) {
        expect(keys.of(account, gatewayName)).toBe(policyCacheKey(account.accountId, gatewayName));
      }
    }),
    propertyRuns,
  );
});
