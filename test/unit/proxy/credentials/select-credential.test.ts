import { expect, test } from '@jest/globals';
import { selectCredential } from '../../../../proxy/credentials/select-credential.js';
import { GatewayError } from '../../../../proxy/gateway-error.js';
import { mintApiToken } from '../../../../schema/contracts/api-token.js';
import { arrivalOf, KNOWN, policyKey, STRANGER, targetOf } from '../../../support/credentialed-call.js';

const KEYS = [policyKey({ alias: 'default' }), policyKey({ alias: 'batch' })];

test("the client's own credential comes first, whatever is stored and whichever alias is named", () => {
  const target = targetOf({ providerKeys: KEYS, settings: { byokOnly: true } });
  for (const options of [{}, { byokAlias: 'batch' }, { byokAlias: 'unknown' }]) {
    const arrival = arrivalOf({ headers: { authorization: 'Bearer sk-client' }, ...options });
    expect(selectCredential(arrival, target, STRANGER)).toEqual({ kind: 'client' });
    expect(selectCredential(arrival, target, KNOWN)).toEqual({ kind: 'client' });
  }
});

test.each([
  ['no credential at all', {}],
  ['a scheme without a key', { authorization: 'Bearer' }],
  ['an empty value', { authorization: '' }],
  ['an API token of ours', { authorization: `Bearer ${mintApiToken()}` }],
  ['a header of another provider', { 'x-api-key': 'sk-client' }],
])('with %s the stored key of the alias is used, for a caller who is known', (_what, headers) => {
  const target = targetOf({ providerKeys: KEYS });
  const chosen = (byokAlias: string | null): unknown =>
    selectCredential(arrivalOf({ headers, byokAlias }), target, KNOWN);
  expect(chosen(null)).toEqual({ kind: 'stored', key: KEYS[0] });
  expect(chosen('default')).toEqual({ kind: 'stored', key: KEYS[0] });
  expect(chosen('batch')).toEqual({ kind: 'stored', key: KEYS[1] });
});

test('a caller who is not known gets no stored key: 2009; one who cannot be known now: 9006', () => {
  const target = targetOf({ providerKeys: KEYS });
  const refusal = selectCredential(arrivalOf({}), target, STRANGER);
  expect(refusal).toMatchObject({ kind: 'refused', error: { definition: { code: 2009, status: 401 } } });
  const unchecked = new GatewayError('unavailable', 'the configuration cannot be read');
  expect(selectCredential(arrivalOf({}), target, { apiTokenId: null, unchecked })).toEqual({
    kind: 'refused',
    error: unchecked,
  });
});

test('an alias that does not exist is 2040 and told by name; the names of the others only to a known caller', () => {
  const target = targetOf({ providerKeys: [...KEYS, policyKey({ alias: 'foreign', provider: 'anthropic' })] });
  const arrival = arrivalOf({ byokAlias: 'nope' });
  expect(selectCredential(arrival, target, KNOWN)).toMatchObject({
    kind: 'refused',
    error: {
      definition: { code: 2040, status: 400 },
      description: "Provider 'openai' has no BYOK credential named 'nope'. Configured aliases: default, batch",
    },
  });
  expect(selectCredential(arrival, target, STRANGER)).toMatchObject({
    kind: 'refused',
    error: { description: "Provider 'openai' has no BYOK credential named 'nope'." },
  });
  expect(selectCredential(arrival, targetOf({}), KNOWN)).toMatchObject({
    error: { description: expect.stringMatching(/Configured aliases: none$/) },
  });
});

test('without any credential a call goes on, unless the gateway demands one: 2040', () => {
  expect(selectCredential(arrivalOf({}), targetOf({}), STRANGER)).toEqual({ kind: 'none' });
  expect(selectCredential(arrivalOf({}), targetOf({ settings: { byokOnly: true } }), KNOWN)).toMatchObject({
    kind: 'refused',
    error: { definition: { code: 2040 } },
  });
});

test.each(['?key=AIza', '?a=1&key=AIza', '?%6bey=AIza'])(
  '%s is a credential where the provider takes it so',
  (query) => {
    const target = targetOf({ providerKeys: KEYS }, { credentialParameters: ['key'] });
    expect(selectCredential(arrivalOf({ query }), target, KNOWN)).toEqual({ kind: 'client' });
  },
);

test.each([
  '?key=', '?key', '?keys=AIza', '?a=key', `?key=${mintApiToken()}`, `?key=%74${mintApiToken().slice(1)}`,
  `?key=%74${mintApiToken().slice(1)}%ff`, `?key=%74${mintApiToken().slice(1)}%zz`,
])('%s is no credential', (query) => {
  const target = targetOf({ providerKeys: KEYS }, { credentialParameters: ['key'] });
  expect(selectCredential(arrivalOf({ query }), target, KNOWN)).toMatchObject({ kind: 'stored' });
}); // prettier-ignore
