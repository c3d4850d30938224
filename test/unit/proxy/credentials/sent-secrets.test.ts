import { expect, test } from '@jest/globals';
import { addedSecrets, clientSecrets, secretsIn, withoutEchoes } from '../../../../proxy/credentials/sent-secrets.js';
import type { UpstreamCall } from '../../../../proxy/exchange.js';
import { arrivalOf, providerOf } from '../../../support/credentialed-call.js';

const callWith = (...headers: string[]): UpstreamCall => {
  const provider = providerOf({ credentialHeaders: ['authorization'], credentialParameters: ['key'] });
  return { target: { provider }, headers } as unknown as UpstreamCall; // all that is read of it
};

test("a client's secrets are its credentials in headers and query, and those for whom the provider asks on", () => {
  const call = callWith(
    'Authorization',
    'Bearer sk-own-one',
    'x-other',
    'no-secret',
    'X-Anthropic-Api-Key',
    'sk-ant-two',
  );
  expect(clientSecrets(call, arrivalOf({ query: '?key=in-the-query&a=no-secret' }))).toEqual([
    'Bearer sk-own-one',
    'sk-own-one',
    'sk-ant-two',
    'in-the-query',
  ]);
});

/** Those of a call that sends other headers than its client. */
const addedTo = (own: readonly string[], sent: readonly string[]): string[] =>
  addedSecrets({ headers: sent }, { head: { rawHeaders: own } });

test('an answer that repeats the secret which we sent loses that header, and no other', () => {
  const sent = [
    'accept',
    '*/*',
    'x-client',
    'client-value',
    'authorization',
    'Bearer sk-stored-key-1',
    'x-short',
    'abc',
  ];
  const echo = ['x-debug', 'got Bearer sk-stored-key-1!', 'x-seen', 'sk-stored-key-1', 'x-client', 'client-value'];
  const answer = [...echo, 'x-other', 'abc sk-stored identity'];
  expect(withoutEchoes(answer, addedTo(['Accept', '*/*', 'X-Client', 'client-value'], sent))).toEqual(answer.slice(4));
});

test.each([
  ['Bearer sk-stored-key-1', ['Bearer sk-stored-key-1', 'sk-stored-key-1']],
  ['a=the-secret; b=x; c=another-one', ['a=the-secret; b=x; c=another-one', 'the-secret', 'another-one']],
  ['Basic dXNlcjpwYXNz==', ['Basic dXNlcjpwYXNz==', 'dXNlcjpwYXNz==']],
  ['user="me", pass="the-secret"', ['user="me", pass="the-secret"', 'the-secret']],
  ['AWS4-HMAC-SHA256 Credential=AKIA/1, SignedHeaders=content-type;x-amz-date, Signature=0123abcd', ['0123abcd']],
  ['too few', []],
])('the secrets in %s are the whole and its parts, as far as they are long enough to be one', (value, secrets) => {
  expect(secretsIn(value)).toEqual(secrets);
});

test('of many parts of a header the longest are looked for', () => {
  const parts = Array.from({ length: 1_600 }, (_, at) => `secret-${String(at).padStart(4, '0')}`);
  const found = secretsIn([...parts, 'the-longest-of-all'].join(' '));
  expect(found).toHaveLength(16);
  expect(found[1]).toBe('the-longest-of-all');
});

test.each([
  'Anthropic-Version',
  'anthropic-beta',
  'OpenAI-Organization',
  'User-Agent',
  'Accept-Language',
  'X-Amz-Date',
])('what stands in %s is no secret', (name) => {
  expect(addedTo([], [name, 'as-long-as-a-secret', 'x-mine', 'this-is-one'])).toEqual(['this-is-one']);
});

test('a header that a custom provider always sends takes no type or length from its answers', () => {
  const answer = ['Content-Type', 'application/json', 'content-length', '12345678'];
  const sent = ['x-type', 'application/json', 'x-length', '12345678', 'accept', 'text/plain'];
  expect(withoutEchoes([...answer, 'x-kind', 'text/plain'], addedTo([], sent))).toEqual([
    ...answer,
    'x-kind',
    'text/plain',
  ]);
});
