/**
 * The vault's key pairs (X25519, RFC 7748). The api holds the public key and can seal; the proxy holds the private key,
 * and while keys are rotated the previous one as well, and alone can open (docs/decisions/0009).
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

/** length of a raw key, public or private, in bytes */
const VAULT_KEY_BYTES = 32;
/** length of a key pair's id, in bytes */
const VAULT_KEY_ID_BYTES = 8;

/** DER before the 32 raw bytes of an X25519 key (RFC 8410 §4 and §7). */
const SPKI_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');
const ID_LABEL = 'tollgate/vault-key-id/v1';

export interface VaultPublicKey {
  /** of the pair, from its public key: says which private key opens, and nothing else */
  readonly id: Buffer;
  readonly raw: Buffer;
  readonly key: KeyObject;
}

export interface VaultPrivateKey {
  /** the pair's public half */
  readonly publicKey: VaultPublicKey;
  readonly key: KeyObject;
}

/** Both halves of a new pair, base64 of the raw 32 bytes: the form of `VAULT_PUBLIC_KEY` and `VAULT_PRIVATE_KEY`. */
export interface VaultKeyPairText {
  readonly publicKey: string;
  readonly privateKey: string;
}

/** A new key pair from the system's random numbers. */
export function newVaultKeyPair(): VaultKeyPairText {
  const pair = generateKeyPairSync('x25519');
  return {
    publicKey: rawPublicKey(pair.publicKey).toString('base64'),
    privateKey: pair.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-VAULT_KEY_BYTES).toString('base64'),
  };
}

/** The key in `text` (base64 of 32 bytes); null when it is none. */
export function readVaultPublicKey(text: string): VaultPublicKey | null {
  const raw = rawKey(text);
  return raw === null ? null : fromRaw(raw);
}

/** The pair whose private half is in `text` (base64 of 32 bytes); null when it is none. */
export function readVaultPrivateKey(text: string): VaultPrivateKey | null {
  const raw = rawKey(text);
  if (raw === null) return null;
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, raw]), format: 'der', type: 'pkcs8' });
  return { key, publicKey: fromRaw(rawPublicKey(createPublicKey(key))) };
}

/** An X25519 public key from its 32 bytes; every 32 bytes are one (RFC 7748 §5). */
export function publicKeyObject(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' });
}

/** The 32 bytes of an X25519 public key. */
export function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(-VAULT_KEY_BYTES);
}

function fromRaw(raw: Buffer): VaultPublicKey {
  const id = createHash('sha256').update(ID_LABEL).update(raw).digest().subarray(0, VAULT_KEY_ID_BYTES);
  return { id, raw, key: publicKeyObject(raw) };
}

function rawKey(text: string): Buffer | null {
  const raw = Buffer.from(text, 'base64');
  // Buffer skips what is not base64; a key that does not come back as it was written was mistyped.
  const isWhole = raw.length === VAULT_KEY_BYTES && raw.toString('base64') === text;
  return isWhole ? raw : null;
}
