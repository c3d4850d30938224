/** Envelopes altered at random, as many as the size of the run allows: no I/O, but too long for a unit test. */
import { randomBytes, randomInt } from 'node:crypto';
import { expect, test } from '@jest/globals';
import {
  openSealed,
  readSealed,
  SealedSecretError,
  sealSecret,
  type SealContext,
} from '../../../schema/contracts/sealed-secret.js';
import { providerKeyContext } from '../../../schema/contracts/seal-contexts.js';
import { newVaultKeyPair } from '../../../schema/contracts/vault-keys.js';
import { TEST_SIZE } from '../../support/test-size.js';
import { vaultPair } from '../../support/vault.js';

const MUTATIONS = TEST_SIZE === 'full' ? 1_000_000 : 4_000;
const SEALS = TEST_SIZE === 'full' ? 200_000 : 2_000;
const TIMEOUT_MS = 600_000;

const pair = vaultPair(newVaultKeyPair());
const CONTEXT: SealContext = providerKeyContext({
  accountId: 'account-1',
  provider: 'openai',
  id: 'key-1',
  origin: 'https://api.openai.com',
  target: {},
  version: 1,
});
const seal = (secret: string): Buffer => sealSecret(pair.publicKey, secret, CONTEXT);

/** Each gives an envelope that was never made; `other` is one of another secret for the same row. */
const MUTATORS: Readonly<Record<string, (sealed: Buffer, other: Buffer) => Buffer>> = {
  bits: (sealed) => {
    const altered = Buffer.from(sealed);
    for (let i = randomInt(1, 5); i > 0; i--) {
      const at = randomInt(altered.length);
      altered[at] = (altered[at] ?? 0) ^ (1 << randomInt(8));
    }
    return altered;
  },
  cut: (sealed) => sealed.subarray(0, randomInt(sealed.length)),
  longer: (sealed) => Buffer.concat([sealed, randomBytes(randomInt(1, 20))]),
  zeroed: (sealed) => {
    const from = randomInt(sealed.length);
    return Buffer.from(sealed).fill(0, from, Math.min(sealed.length, from + randomInt(1, 40)));
  },
  spliced: (sealed, other) => {
    const at = randomInt(1, sealed.length);
    return Buffer.concat([sealed.subarray(0, at), other.subarray(at)]);
  },
  transplanted: (sealed, other) => {
    const altered = Buffer.from(sealed);
    const from = randomInt(sealed.length);
    other.copy(altered, from, from, from + randomInt(1, 64));
    return altered;
  },
  noise: (sealed) => Buffer.concat([sealed.subarray(0, 10), randomBytes(sealed.length - 10)]),
};

function outcome(sealed: Buffer): string {
  try {
    openSealed([pair.privateKey], sealed, CONTEXT);
    return 'opened';
  } catch (error) {
    return error instanceof SealedSecretError ? error.reason : String(error);
  }
}

test(
  'T-KEY-2: whatever is done to an envelope, it does not open and fails in no other way',
  () => {
    const names = Object.keys(MUTATORS);
    const wrong: string[] = [];
    let tried = 0;
    let [sealed, other] = [seal('secret-one'), seal('secret-two')];
    for (let i = 0; i < MUTATIONS; i++) {
      if (i % 100 === 0) [sealed, other] = [seal('secret-one'), seal('secret-two')]; // not for each: sealing costs most
      const name = names[i % names.length] ?? '';
      const mutant = MUTATORS[name]?.(sealed, other) ?? sealed;
      if (mutant.equals(sealed) || mutant.equals(other)) continue; // bits that flipped twice, a splice at an end
      const found = outcome(mutant);
      tried += 1;
      if (!['malformed', 'unknownKey', 'refused'].includes(found))
        wrong.push(`${name} ${found}: ${mutant.toString('hex')}`);
    }
    process.stdout.write(`T-KEY-2: ${tried} altered envelopes refused\n`);
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(MUTATIONS * 0.8);
  },
  TIMEOUT_MS,
);

test(
  'T-KEY-2: no nonce, data key or ephemeral key comes twice in many seals',
  () => {
    const seen = new Set<string>();
    for (let i = 0; i < SEALS; i++) {
      const sealed = seal('secret');
      const { nonce, wrapNonce, dataKeyId, ephemeral } = readSealed(sealed);
      for (const part of [nonce, wrapNonce, dataKeyId, ephemeral]) seen.add(part.toString('base64'));
    }
    expect(seen.size).toBe(SEALS * 4);
  },
  TIMEOUT_MS,
);
