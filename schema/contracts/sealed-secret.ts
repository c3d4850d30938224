/**
 * Sealed secrets: what the api can write and only the proxy can read (docs/decisions/0009). What a value is for is part
 * of what seals it: moved to another row, account, provider, origin, target or version, it does not open.
 *
 * The envelope: a fresh ephemeral X25519 key and the vault's public key give a shared secret, HKDF-SHA-256 (RFC 5869)
 * makes of it the key that wraps a fresh 256-bit data key, and that one encrypts the value; both with AES-256-GCM
 * (NIST SP 800-38D: 96-bit random nonces, 128-bit tags). The data key's part does not name the vault's key, so that a
 * rotation writes a new wrap around the same payload.
 */
import {
  createCipheriv,
  createDecipheriv,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { publicKeyObject, rawPublicKey, type VaultPrivateKey, type VaultPublicKey } from './vault-keys.js';

export const SEALED_USES = ['provider-key', 'custom-provider-headers', 'egress-proxy'] as const;

export interface SealContext {
  readonly use: (typeof SEALED_USES)[number];
  readonly accountId: string;
  /** the provider's slug; empty for an egress proxy */
  readonly provider: string;
  /** id of the row that holds it: provider key, custom provider, or gateway */
  readonly id: string;
  /** the only origin that it may be sent to */
  readonly origin: string;
  /** canonical JSON of what it is for besides ; empty for what has no target */
  readonly target: string;
  readonly version: number;
}

/** Longest value that is sealed, in bytes of UTF-8: a service account's JSON has 2 to 3 KiB. */
export const SECRET_BYTES_MAX = 65_536;

/**
 * `tooLong`: more than `SECRET_BYTES_MAX`; `malformed`: not an envelope; `unknownKey`: sealed for a key pair that was
 * not given; `refused`: altered, or sealed in another context.
 */
export type SealedSecretReason = 'tooLong' | 'malformed' | 'unknownKey' | 'refused';

/** The one error of this file; it says why and never carries a value, sealed or not. */
export class SealedSecretError extends Error {
  constructor(readonly reason: SealedSecretReason) {
    super(`a sealed secret cannot be used: ${reason}`);
    this.name = 'SealedSecretError';
  }
}

const FORMAT = 1;
/** X25519, HKDF-SHA-256, AES-256-GCM */
const ALGORITHM = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const DATA_KEY_BYTES = 32;
const DATA_KEY_ID_BYTES = 8;

/**
 * Where the fields begin: format, algorithm, key pair's id, ephemeral key, wrap, data key's id, nonce, value and tag.
 */
const AT = { keyId: 2, ephemeral: 10, wrap: 42, dataKeyId: 102, payload: 110 } as const;
const SEALED_BYTES_MIN = AT.payload + NONCE_BYTES + TAG_BYTES;
const SEALED_BYTES_MAX = SEALED_BYTES_MIN + SECRET_BYTES_MAX;

const WRAP_LABEL = Buffer.from('tollgate/vault-wrap/v1');
const PAYLOAD_LABEL = Buffer.from('tollgate/vault-payload/v1');

/** The fields of an envelope that are no secret; views into it. */
export interface SealedFields {
  readonly keyId: Buffer;
  readonly ephemeral: Buffer;
  readonly dataKeyId: Buffer;
  readonly wrapNonce: Buffer;
  readonly nonce: Buffer;
}

/** Seals `plaintext` for the holder of the private key, in this context alone. Throws SealedSecretError `tooLong`. */
export function sealSecret(publicKey: VaultPublicKey, plaintext: string, context: SealContext): Buffer {
  const value = Buffer.from(plaintext, 'utf8');
  if (value.length > SECRET_BYTES_MAX) throw new SealedSecretError('tooLong');
  const dataKeyId = randomBytes(DATA_KEY_ID_BYTES);
  const dataKey = randomBytes(DATA_KEY_BYTES);
  const payload = encrypt(dataKey, value, payloadAad(dataKeyId, context));
  const sealed = Buffer.concat([wrap(publicKey, dataKey, dataKeyId), dataKeyId, payload]);
  dataKey.fill(0);
  value.fill(0);
  return sealed;
}

/** The sealed value. Throws SealedSecretError, and nothing else, whatever `sealed` holds. */
export function openSealed(privateKeys: readonly VaultPrivateKey[], sealed: Buffer, context: SealContext): string {
  const fields = readSealed(sealed);
  const dataKey = unwrap(privateKeys, sealed);
  const value = decrypt(dataKey, sealed.subarray(AT.payload), payloadAad(fields.dataKeyId, context));
  const plaintext = value.toString('utf8');
  dataKey.fill(0);
  value.fill(0);
  return plaintext;
}

/**
 * The same payload with its data key wrapped for another key pair; needs no context and reads no value.
 * Throws SealedSecretError.
 */
export function rewrapSealed(
  privateKeys: readonly VaultPrivateKey[],
  publicKey: VaultPublicKey,
  sealed: Buffer,
): Buffer {
  const { dataKeyId } = readSealed(sealed);
  const dataKey = unwrap(privateKeys, sealed);
  const rewrapped = Buffer.concat([wrap(publicKey, dataKey, dataKeyId), sealed.subarray(AT.dataKeyId)]);
  dataKey.fill(0);
  return rewrapped;
}

/** What an envelope says about itself. Throws SealedSecretError `malformed`. */
export function readSealed(sealed: Buffer): SealedFields {
  const isEnvelope =
    sealed.length >= SEALED_BYTES_MIN &&
    sealed.length <= SEALED_BYTES_MAX &&
    sealed[0] === FORMAT &&
    sealed[1] === ALGORITHM;
  if (!isEnvelope) throw new SealedSecretError('malformed');
  return {
    keyId: sealed.subarray(AT.keyId, AT.ephemeral),
    ephemeral: sealed.subarray(AT.ephemeral, AT.wrap),
    dataKeyId: sealed.subarray(AT.dataKeyId, AT.payload),
    wrapNonce: sealed.subarray(AT.wrap, AT.wrap + NONCE_BYTES),
    nonce: sealed.subarray(AT.payload, AT.payload + NONCE_BYTES),
  };
}

/** Everything before the data key's id. */
function wrap(publicKey: VaultPublicKey, dataKey: Buffer, dataKeyId: Buffer): Buffer {
  const ephemeral = generateKeyPairSync('x25519');
  const ephemeralRaw = rawPublicKey(ephemeral.publicKey);
  const header = Buffer.concat([Buffer.of(FORMAT, ALGORITHM), publicKey.id, ephemeralRaw]);
  const key = wrappingKey(ephemeral.privateKey, publicKey.key, Buffer.concat([ephemeralRaw, publicKey.raw]));
  const wrapped = encrypt(key, dataKey, Buffer.concat([WRAP_LABEL, header, dataKeyId]));
  key.fill(0);
  return Buffer.concat([header, wrapped]);
}

function unwrap(privateKeys: readonly VaultPrivateKey[], sealed: Buffer): Buffer {
  const { keyId, dataKeyId } = readSealed(sealed);
  const holder = privateKeys.find(({ publicKey }) => publicKey.id.equals(keyId));
  if (holder === undefined) throw new SealedSecretError('unknownKey');
  const ephemeralRaw = sealed.subarray(AT.ephemeral, AT.wrap);
  const salt = Buffer.concat([ephemeralRaw, holder.publicKey.raw]);
  const key = wrappingKey(holder.key, publicKeyObject(ephemeralRaw), salt);
  const aad = Buffer.concat([WRAP_LABEL, sealed.subarray(0, AT.wrap), dataKeyId]);
  const dataKey = decrypt(key, sealed.subarray(AT.wrap, AT.dataKeyId), aad);
  key.fill(0);
  return dataKey;
}

/**
 * Both public keys are part of the derivation: X25519 ignores a bit of the point that it is given, so two spellings of
 * one ephemeral key would give one secret (RFC 7748 §5 and §6.1). A point of small order is refused by OpenSSL.
 */
function wrappingKey(privateKey: KeyObject, publicKey: KeyObject, publicKeys: Buffer): Buffer {
  try {
    const shared = diffieHellman({ privateKey, publicKey });
    return Buffer.from(hkdfSync('sha256', shared, publicKeys, WRAP_LABEL, DATA_KEY_BYTES));
  } catch {
    throw new SealedSecretError('refused');
  }
}

/** JSON of an array: no two contexts give the same text, whatever stands in their fields. */
function payloadAad(dataKeyId: Buffer, context: SealContext): Buffer {
  const { use, accountId, provider, id, origin, target, version } = context;
  const fields = Buffer.from(JSON.stringify([use, accountId, provider, id, origin, target, version]));
  return Buffer.concat([PAYLOAD_LABEL, Buffer.of(FORMAT, ALGORITHM), dataKeyId, fields]);
}

/** nonce, ciphertext, tag */
function encrypt(key: Buffer, value: Buffer, aad: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(aad);
  return Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Buffer, box: Buffer, aad: Buffer): Buffer {
  const tagAt = box.length - TAG_BYTES;
  try {
    // Without authTagLength Node takes a tag of 4 bytes, which 2^31 tries guess.
    const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(aad).setAuthTag(box.subarray(tagAt));
    return Buffer.concat([decipher.update(box.subarray(NONCE_BYTES, tagAt)), decipher.final()]);
  } catch {
    throw new SealedSecretError('refused');
  }
}
