import { expect, test } from '@jest/globals';
import { credentialScope } from '../../../../proxy/credentials/credential-scope.js';
import { policyKey, providerOf } from '../../../support/credentialed-call.js';

const target = {
  provider: providerOf({ credentialHeaders: ['x-api-key', 'authorization'] }),
  customProvider: null,
};
const client = (...headers: string[]): string => credentialScope({ target, storedKey: null, headers });

test('a stored key counts by id and version, a new secret begins anew', () => {
  const key = policyKey({ version: 7 });
  expect(credentialScope({ target, storedKey: key, headers: ['authorization', 'Bearer sk'] })).toBe(`key:${key.id}:7`);
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
  expect(forged).not.toBe(credentialScope({ target, storedKey: key, headers: [] }));
  expect(client('authorization', 'a,client:x-api-key:1:b')).not.toBe(client('authorization', 'a', 'x-api-key', 'b'));
});

test('each version of a custom provider has a scope of its own', () => {
  const custom = (version: number): string =>
    credentialScope({
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
