/**
 * Keys by use. One configured secret gives many keys, each derived under its own label, so that a value made for one
 * use (a session, a cursor) can never be accepted for another (GHSA-7hp6-4w63-5g45 is what happens otherwise).
 */
import { createHmac, hkdfSync } from 'node:crypto';

/**
 * One label per use; adding a use adds a label, and none is ever renamed (values derived under it would stop working).
 */
export type KeyLabel =
  | 'session'
  | 'cursor'
  | 'tail-cursor'
  | 'invitation'
  | 'password-reset'
  | 'oidc-flow'
  | 'sign-in-guess'
  | 'api-token'
  | 'system-message'
  | 'rate-limit-value'
  | 'cache-key'
  | 'loop-mark'
  | 'policy-snapshot'
  | 'explain';

/** A 32-byte key for one use (HKDF-SHA-256, RFC 5869). */
export function deriveKey(secret: string, label: KeyLabel): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `tollgate/${label}/v1`, 32));
}

/** HMAC-SHA-256 of `value` under `key`. */
export function keyedHash(key: Buffer, value: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(value).digest();
}
