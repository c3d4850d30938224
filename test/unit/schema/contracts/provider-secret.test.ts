import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { mintApiToken } from '../../../../schema/contracts/api-token.js';
import { PROVIDER_SECRET_BYTES_MAX, readProviderSecret } from '../../../../schema/contracts/provider-secret.js';

/** As short as is taken: a key of twice the bits takes 0.2 s to make. */
const pem = (type: 'rsa' | 'ed25519', modulusLength = 1_024): string => {
  const { privateKey } = type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength }) : generateKeyPairSync(type);
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
};
const RSA = pem('rsa');
const ACCOUNT = {
  client_email: 'robot@acme.iam.gserviceaccount.com',
  private_key: RSA,
  private_key_id: '0123456789abcdef',
};
const AWS = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };

test('a plain secret is taken as it is, and its last four characters are shown unless it is short', () => {
  expect(readProviderSecret('openai', 'sk-0123456789abcd', {})).toEqual({
    kind: 'secret',
    text: 'sk-0123456789abcd',
    lastFour: 'abcd',
  });
  for (const [length, shown] of [
    [12, 'xxxx'],
    [11, ''],
    [1, ''],
  ] as const) {
    expect(readProviderSecret('custom-acme', 'x'.repeat(length), {})).toMatchObject({
      kind: 'secret',
      lastFour: shown,
    });
  }
  expect(readProviderSecret('openai', 'x'.repeat(PROVIDER_SECRET_BYTES_MAX), {}).kind).toBe('secret');
});

test.each([
  '', ' sk-1', 'sk-1 ', 'sk-1\n', 'sk\r\nx: y', 'sk-\0', 'sk-\u007f', 'sk-\t1', 'sk-ünï', 'x'.repeat(PROVIDER_SECRET_BYTES_MAX + 1),
])('the secret %j is refused', (text) => {
  expect(readProviderSecret('openai', text, {}).kind).toBe('refused');
}); // prettier-ignore

test("one of the gateway's own API tokens is no provider's secret", () => {
  for (const text of [
    mintApiToken(),
    `Bearer ${mintApiToken()}`,
    JSON.stringify({ ...AWS, sessionToken: mintApiToken() }),
  ]) {
    expect(readProviderSecret('aws-bedrock', text, { region: 'us-east-1' })).toMatchObject({ kind: 'refused' });
  }
});

test("a service account's JSON keeps what a token is minted from, and shows the end of its key's id", () => {
  const file = JSON.stringify(
    { ...ACCOUNT, type: 'service_account', token_uri: 'https://evil.example', extra: 1 },
    null,
    2,
  );
  const read = readProviderSecret('google-vertex-ai', file, { project: 'p', region: 'us-east5' });
  expect(read).toEqual({ kind: 'secret', text: expect.any(String), lastFour: 'cdef' });
  expect(JSON.parse(read.kind === 'secret' ? read.text : '')).toEqual({ ...ACCOUNT, type: 'service_account' });
});

test.each([
  'ya29.token', '{', '[]', '"x"', 'null', JSON.stringify({ ...ACCOUNT, private_key: 'x' }),
  JSON.stringify({ ...ACCOUNT, private_key: pem('ed25519') }),
  JSON.stringify({ ...ACCOUNT, private_key: pem('rsa', 512) }), JSON.stringify({ private_key: RSA }),
  JSON.stringify({ ...ACCOUNT, client_email: 'robot' }), JSON.stringify({ ...ACCOUNT, client_email: 'a@b@c' }), JSON.stringify({ ...ACCOUNT, region: 'europe-west1' }),
  JSON.stringify({ ...ACCOUNT, type: 'authorized_user' }),
])('%#: what is no service account of the target is refused', (text) => {
  expect(readProviderSecret('google-vertex-ai', text, { project: 'p', region: 'us-east5' }).kind).toBe('refused');
}); // prettier-ignore

test('Bedrock takes an access key as JSON, with its region or without, or an API key', () => {
  const target = { region: 'us-east-1' };
  const read = readProviderSecret('aws-bedrock', JSON.stringify({ ...AWS, region: 'us-east-1' }), target);
  expect(read).toEqual({ kind: 'secret', text: JSON.stringify(AWS), lastFour: 'MPLE' });
  expect(readProviderSecret('aws-bedrock', 'ABSKQmVkcm9ja0FQSUtleS0', target)).toMatchObject({
    kind: 'secret',
    lastFour: 'leS0',
  });
  for (const wrong of [
    { ...AWS, region: 'eu-west-1' },
    { ...AWS, accessKeyId: 'short' },
    { accessKeyId: AWS.accessKeyId },
    { ...AWS, secretAccessKey: 'a b' },
    { ...AWS, sessionToken: 'a\nb' },
  ]) {
    expect(readProviderSecret('aws-bedrock', JSON.stringify(wrong), target).kind).toBe('refused');
  }
});

test('a refusal quotes nothing of the secret', () => {
  const canary = 'canary';
  const texts = [`${canary}\n`, JSON.stringify({ [canary]: canary }), JSON.stringify({ ...AWS, accessKeyId: canary })];
  for (const provider of ['openai', 'google-vertex-ai', 'aws-bedrock']) {
    for (const text of texts.filter(() => provider !== 'openai')) {
      const read = readProviderSecret(provider, text, {});
      expect(read.kind).toBe('refused');
      expect(JSON.stringify(read)).not.toContain(canary);
    }
  }
});
