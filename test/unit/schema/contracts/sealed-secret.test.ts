import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  openSealed,
  readSealed,
  rewrapSealed,
  SEALED_USES,
  SealedSecretError,
  sealSecret,
  SECRET_BYTES_MAX,
  type SealContext,
} from '../../../../schema/contracts/sealed-secret.js';
import {
  newVaultKeyPair,
  readVaultPrivateKey,
  readVaultPublicKey,
  type VaultPrivateKey,
} from '../../../../schema/contracts/vault-keys.js';
import { anyText } from '../../../support/any-text.js';
import { propertyRuns, TEST_SIZE } from '../../../support/test-size.js';

const pair = newPair();
const otherPair = newPair();
const SECRET = 'sk-canary-7f3b';
const CONTEXT: SealContext = {
  use: 'provider-key',
  accountId: '01936b2e-0000-7000-8000-000000000001',
  provider: 'openai',
  id: '01936b2e-0000-7000-8000-000000000002',
  origin: 'https://api.openai.com',
  target: '{"region":"us-east-1"}',
  version: 1,
};
/** A property seals and opens on both sides of it: 0.3 ms each. */
const runs = { ...propertyRuns, numRuns: Math.min(propertyRuns.numRuns, 5_000) };
const arbitraryText = fc.oneof(anyText({ maxLength: 12 }), fc.constantFrom('', '|', '","', '\u0000'));
const arbitraryContext: fc.Arbitrary<SealContext> = fc.record({
  use: fc.constantFrom(...SEALED_USES),
  accountId: arbitraryText,
  provider: arbitraryText,
  id: arbitraryText,
  origin: arbitraryText,
  target: arbitraryText,
  version: fc.nat(),
});

function newPair(): VaultPrivateKey {
  const key = readVaultPrivateKey(newVaultKeyPair().privateKey);
  if (key === null) throw new Error('a new key pair cannot be read');
  return key;
}

/** null: it opened */
function refusal(sealed: Buffer, context: SealContext = CONTEXT, keys = [pair]): string | null {
  try {
    openSealed(keys, sealed, context);
    return null;
  } catch (error) {
    if (!(error instanceof SealedSecretError)) throw error;
    return error.reason;
  }
}

test('what was sealed opens in its own context, whatever it and the context hold', () => {
  fc.assert(
    fc.property(anyText(), arbitraryContext, (secret, context) => {
      expect(openSealed([otherPair, pair], sealSecret(pair.publicKey, secret, context), context)).toBe(secret);
    }),
    runs,
  );
});

test('the api has only the public key in its text form, and what it seals the private key in its text form opens', () => {
  const texts = newVaultKeyPair();
  const publicKey = readVaultPublicKey(texts.publicKey);
  const privateKey = readVaultPrivateKey(texts.privateKey);
  if (publicKey === null || privateKey === null) throw new Error('a new key pair cannot be read');
  expect(openSealed([privateKey], sealSecret(publicKey, SECRET, CONTEXT), CONTEXT)).toBe(SECRET);
  expect(privateKey.publicKey.id.equals(publicKey.id)).toBe(true);
});

test('a text that is not the base64 of 32 bytes is no key', () => {
  const { publicKey } = newVaultKeyPair();
  const bad = ['', 'x', publicKey.slice(0, -4), `${publicKey}AAAA`, `${publicKey}\n`, publicKey.replace('=', '-')];
  expect(bad.map(readVaultPublicKey)).toEqual(bad.map(() => null));
  expect(bad.map(readVaultPrivateKey)).toEqual(bad.map(() => null));
});

test('T-KEY-1: a sealed value in another row, account, provider, origin, target, version or use does not open', () => {
  const sealed = sealSecret(pair.publicKey, SECRET, CONTEXT);
  const others: SealContext[] = [
    { ...CONTEXT, use: 'egress-proxy' },
    { ...CONTEXT, accountId: '01936b2e-0000-7000-8000-000000000009' },
    { ...CONTEXT, provider: 'anthropic' },
    { ...CONTEXT, id: '01936b2e-0000-7000-8000-000000000009' },
    { ...CONTEXT, origin: 'https://api.openai.com.evil.example' },
    { ...CONTEXT, target: '{"region":"eu-west-1"}' },
    { ...CONTEXT, target: '' },
    { ...CONTEXT, version: 2 },
  ];
  expect(others.map((context) => refusal(sealed, context))).toEqual(others.map(() => 'refused'));
  expect(refusal(sealed)).toBeNull();
});

test('T-KEY-1: no two contexts are one, also when text wanders from one field into the next', () => {
  fc.assert(
    fc.property(arbitraryContext, arbitraryContext, (one, other) => {
      fc.pre(JSON.stringify(one) !== JSON.stringify(other));
      expect(refusal(sealSecret(pair.publicKey, SECRET, one), other)).toBe('refused');
    }),
    runs,
  );
  const opened = ['', '|', ',', '","', ':', '/', '\n', '\u0000'].filter((between) => {
    const sealed = sealSecret(pair.publicKey, SECRET, { ...CONTEXT, provider: `a${between}b`, id: 'c' });
    return refusal(sealed, { ...CONTEXT, provider: 'a', id: `b${between}c` }) === null;
  });
  expect(opened).toEqual([]);
});

test('T-KEY-1: the wrapped key of one value and the payload of another do not go together', () => {
  const one = sealSecret(pair.publicKey, 'one', CONTEXT);
  const other = sealSecret(pair.publicKey, 'two', CONTEXT);
  const payloadAt = readSealed(one).dataKeyId.byteOffset - one.byteOffset;
  const mixed = Buffer.concat([one.subarray(0, payloadAt), other.subarray(payloadAt)]);
  const withItsId = Buffer.concat([one.subarray(0, payloadAt + 8), other.subarray(payloadAt + 8)]);
  expect([refusal(mixed), refusal(withItsId)]).toEqual(['refused', 'refused']);
});

test('T-KEY-2: cut at any byte, or with any bit flipped, it is refused and never throws anything else', () => {
  const sealed = sealSecret(pair.publicKey, SECRET, CONTEXT);
  const opened: string[] = [];
  for (let length = 0; length < sealed.length; length++) {
    if (refusal(sealed.subarray(0, length)) === null) opened.push(`cut to ${length}`);
  }
  // at the small size some bit of each byte, and each place in a byte
  for (let bit = 0; bit < sealed.length * 8; bit += TEST_SIZE === 'full' ? 1 : 7) {
    const flipped = Buffer.from(sealed);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    if (refusal(flipped) === null) opened.push(`bit ${bit}`);
  }
  expect(opened).toEqual([]);
  expect(refusal(Buffer.concat([sealed, Buffer.of(0)]))).toBe('refused');
});

test('T-KEY-2: a tag that was shortened to any length is refused', () => {
  const sealed = sealSecret(pair.publicKey, SECRET.repeat(2), CONTEXT);
  const lengths = Array.from({ length: 16 }, (_, length) => length);
  expect(lengths.map((length) => refusal(sealed.subarray(0, sealed.length - 16 + length)))).toEqual(
    lengths.map(() => 'refused'),
  );
});

test('T-KEY-2: bytes changed, moved, repeated or made up are refused', () => {
  const sealed = sealSecret(pair.publicKey, SECRET, CONTEXT);
  const at = fc.nat({ max: sealed.length - 1 });
  fc.assert(
    fc.property(at, at, fc.uint8Array({ maxLength: 40 }), (from, to, bytes) => {
      const mutants = [
        Buffer.concat([sealed.subarray(0, from), bytes, sealed.subarray(to)]),
        Buffer.concat([sealed.subarray(from), sealed.subarray(0, from)]),
        Buffer.from(bytes),
      ];
      for (const mutant of mutants) if (!mutant.equals(sealed)) expect(refusal(mutant)).not.toBeNull();
    }),
    runs,
  );
});

test('an ephemeral key of small order is refused', () => {
  const sealed = sealSecret(pair.publicKey, SECRET, CONTEXT);
  sealed.fill(0, 10, 42); // RFC 7748 §6.1: its shared secret with every key is zero
  expect(refusal(sealed)).toBe('refused');
});

test('an envelope says by itself that it is of another key pair', () => {
  expect(refusal(sealSecret(otherPair.publicKey, SECRET, CONTEXT))).toBe('unknownKey');
});

test('a rotation leaves the payload as it is and gives it to the new key pair alone', () => {
  const sealed = sealSecret(pair.publicKey, SECRET, CONTEXT);
  const rotated = rewrapSealed([pair], otherPair.publicKey, sealed);
  expect(refusal(rotated)).toBe('unknownKey');
  expect(openSealed([otherPair], rotated, CONTEXT)).toBe(SECRET);
  expect(rotated.subarray(102).equals(sealed.subarray(102))).toBe(true); // from the data key's id on
  expect(rotated.subarray(0, 102).equals(sealed.subarray(0, 102))).toBe(false);
  expect(refusal(rotated, { ...CONTEXT, version: 2 }, [otherPair])).toBe('refused');
});

test('what is too long is not sealed, and no error of sealing or opening carries a value', () => {
  const long = SECRET.repeat(SECRET_BYTES_MAX);
  const errors = [
    () => sealSecret(pair.publicKey, long, CONTEXT),
    () => openSealed([pair], sealSecret(otherPair.publicKey, SECRET, CONTEXT), CONTEXT),
  ].map((call) => {
    try {
      call();
      return null;
    } catch (error) {
      return error instanceof SealedSecretError ? `${error.stack} ${JSON.stringify(error)}` : null;
    }
  });
  expect(errors.map((text) => text?.includes(SECRET))).toEqual([false, false]);
  const longest = 'x'.repeat(SECRET_BYTES_MAX);
  expect(openSealed([pair], sealSecret(pair.publicKey, longest, CONTEXT), CONTEXT)).toBe(longest);
});
