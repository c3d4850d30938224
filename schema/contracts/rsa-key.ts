/** RSA private keys that the gateway signs with: the api stores no other, and the proxy uses no other. */
import { createPrivateKey, type KeyObject } from 'node:crypto';

/** Google's have 2048; a signature by one far larger takes a core for seconds. */
const MODULUS_BITS = { min: 1_024, max: 4_096 } as const;

/** The key in a PEM text without a passphrase; null: there is none, or it is too small or too large. */
export function rsaPrivateKey(pem: string): KeyObject | null {
  try {
    const key = createPrivateKey({ key: pem, format: 'pem' });
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    return key.asymmetricKeyType === 'rsa' && bits >= MODULUS_BITS.min && bits <= MODULUS_BITS.max ? key : null;
  } catch {
    return null;
  }
}
