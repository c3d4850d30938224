import { expect, test } from '@jest/globals';
import { mintApiToken } from '../../../../schema/contracts/api-token.js';
import { credentialScope } from '../../../../proxy/credentials/credential-scope.js';
import { arrivalOf, policyKey, providerOf } from '../../../support/credentialed-call.js';

const target = {
  provider: providerOf({ credentialHeaders: ['x-api-key', 'authorization'] }),
  customProvider: null,
};
const arrival = arrivalOf({});
const client = (...headers: string[]): string => credentialScope(arrival, { target, storedKey: null, headers });

test('a stored key counts by id and version, a new secret begins anew', () => {
  const key = policyKey({ version: 7 });
  expect(credentialScope(arrival, { target, storedKey: key, headers: ['authorization', 'Bearer sk'] })).toBe(
    `key:${key.id}:7`,
  );
});

test("all of the client's credentials count, in whatever case their headers are named", () => {
  const both = client('Authorization', 'Bearer b', 'X-Api-Key', 'a');
  const scopes = [both, client('authorization', 'Bearer b'), client('x-api-key', 'a'), client('x-other', 'a')];
  expect(new Set(scopes).size).toBe(4);
  expect(client('AUTHORIZATION', 'Bearer b', 'x-api-key', 'a')).toBe(both);
  expect(client()).toBe('');
});

test("no value of a client's reads as a stored key or as another list of values", () => {
  const key = policyKey();
  const forged = client('authorization', `key:${key.id}:1`);
  expect(forged).not.toBe(credentialScope(arrival, { target, storedKey: key, headers: [] }));
  expect(client('authorization', 'a,client:x-api-key:1:b')).not.toBe(client('authorization', 'a', 'x-api-key', 'b'));
});

test('a credential that goes up in another form counts as the client sent it, without our API tokens', () => {
  const converting = { ...target, provider: { ...target.provider, convertCredential: () => null } };
  const scope = (sent: Readonly<Record<string, string>>, made: string): string =>
    credentialScope(arrivalOf({ headers: sent }), {
      target: converting,
      storedKey: null,
      headers: ['authorization', made],
    });
  const first = scope({ Authorization: 'account' }, 'Bearer 1');
  expect(scope({ Authorization: 'account', 'X-Api-Key': `Bearer ${mintApiToken()}` }, 'Bearer 2')).toBe(first);
  expect(scope({ Authorization: 'another' }, 'Bearer 1')).not.toBe(first);
  expect(scope({ 'X-Api-Key': 'account' }, 'Bearer 1')).not.toBe(first);
  expect(scope({ Authorization: 'account', 'X-Api-Key': 'a' }, 'Bearer 1')).not.toBe(first);
});

test('each version of a custom provider has a scope of its own', () => {
  const custom = (version: number): string =>
    credentialScope(arrival, {
      target: {
        ...target,
        customProvider: { id: 'x', slug: 'mine', baseUrl: 'https://a.example', version, sealedHeaders: null },
      },
      storedKey: null,
      headers: ['authorization', 'Bearer b'],
    });
  expect(custom(1)).not.toBe(custom(2));
  expect(custom(1)).not.toBe(client('authorization', 'Bearer b'));
});
