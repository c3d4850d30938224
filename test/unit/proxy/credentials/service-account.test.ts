/**
 * Expected claims: Google Identity, "Using OAuth 2.0 for Server to Server Applications", and what google-auth-library
 * 10 signs.
 */
import { createPrivateKey, randomBytes } from 'node:crypto';
import { describe, expect, it, test } from '@jest/globals';
import {
  credentialJsonIn,
  parseServiceAccount,
  signedAssertion,
} from '../../../../proxy/credentials/service-account.js';
import { createServiceAccount, verifiedAssertion } from '../../../support/service-account.js';

const AT_MS = Date.UTC(2026, 10, 24, 12, 0, 0, 700);
const account = createServiceAccount({ private_key_id: 'key-1' });

const asserted = async (json: string): Promise<string | null> => {
  const parsed = parseServiceAccount(json);
  return parsed === null ? null : signedAssertion(parsed, AT_MS);
};

test("an assertion says who, for what and for how long, signed with the account's key", async () => {
  expect(verifiedAssertion((await asserted(account.json)) ?? '', account)).toEqual({
    header: { alg: 'RS256', typ: 'JWT', kid: 'key-1' },
    claims: {
      iss: account.email,
      scope: 'https://www.googleapis.com/auth/cloud-platform',
      aud: 'https://oauth2.googleapis.com/token',
      iat: 1_795_521_600,
      exp: 1_795_525_200,
    },
  });
});

/** The PEM of an RSA key of 8192 bits whose numbers are random: finding true ones takes half a minute. */
function oversizedPem(): string {
  const odd = (bytes: number): string => {
    const number = randomBytes(bytes);
    number[0] = 0x80;
    number[bytes - 1] = 1;
    return number.toString('base64url');
  };
  const half = { p: odd(512), q: odd(512), dp: odd(512), dq: odd(512), qi: odd(512) };
  const key = createPrivateKey({ key: { kty: 'RSA', n: odd(1024), e: 'AQAB', d: odd(1024), ...half }, format: 'jwk' });
  return key.export({ type: 'pkcs8', format: 'pem' }) as string; // `pem` gives text
}

describe('the JSON of a credential', () => {
  it('stands in a header as it is or in base64, and nothing else is taken for it', () => {
    const indented = JSON.stringify(JSON.parse(account.json), null, 4);
    for (const json of [account.json, indented, '{}']) {
      expect(credentialJsonIn(json)).toBe(json);
      expect(credentialJsonIn(Buffer.from(json).toString('base64'))).toBe(json);
      expect(credentialJsonIn(Buffer.from(json).toString('base64url'))).toBe(json);
    }
    for (const other of ['', 'ya29.a0AfH6SMBx', 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln', 'AIzaSyExample', 'e', 'example'])
      expect(credentialJsonIn(other)).toBeNull();
  });

  it.each([
    ['not JSON', '{'],
    ['no private key', JSON.stringify({ type: 'service_account', client_email: 'a@b' })],
    [
      'a file that names a URL to get a token from',
      JSON.stringify({ type: 'external_account', client_email: 'a', private_key: 'b' }),
    ],
    ['a key that is none', createServiceAccount({ private_key: 'no key' }).json],
    ['a list', '[]'],
  ])('is refused when it is %s', async (_what, json) => {
    expect(await asserted(json)).toBeNull();
  });

  it('is refused when its key would take long to sign with, or is too short', async () => {
    const [short, ...fitting] = [512, 1024].map((bits) => createServiceAccount({}, bits).json);
    expect(await asserted(short ?? '')).toBeNull();
    expect(await asserted(fitting[0] ?? '')).not.toBeNull();
    expect(await asserted(createServiceAccount({ private_key: oversizedPem() }).json)).toBeNull();
  });
});
