/** A vault key pair for tests, and what a stored secret needs of one. */
import {
  newVaultKeyPair,
  readVaultPrivateKey,
  type VaultKeyPairText,
  type VaultPrivateKey,
  type VaultPublicKey,
} from '../../schema/contracts/vault-keys.js';

/** The pair of the api and the proxies that tests start; both take it unless they are told otherwise. */
export const TEST_VAULT: VaultKeyPairText = newVaultKeyPair();

/** Both halves of a pair, ready for use. */
export function vaultPair(texts: VaultKeyPairText = TEST_VAULT): {
  readonly privateKey: VaultPrivateKey;
  readonly publicKey: VaultPublicKey;
} {
  const privateKey = readVaultPrivateKey(texts.privateKey);
  if (privateKey === null) throw new Error('not a vault key');
  return { privateKey, publicKey: privateKey.publicKey };
}
