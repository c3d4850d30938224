/** What opens sealed secrets. One implementation holds the private keys itself; another may ask a service for them. */
import { openSealed, type SealContext } from '../../schema/contracts/sealed-secret.js';
import type { VaultPrivateKey } from '../../schema/contracts/vault-keys.js';

export interface KeyOpener {
  /**
   * The value. Throws SealedSecretError when this envelope will never open, any other error when it cannot be known.
   */
  open(sealed: Buffer, context: SealContext): string;
}

/** The private keys of the configuration: the current one, and while keys are rotated the previous one. */
export class LocalKeyOpener implements KeyOpener {
  constructor(private readonly privateKeys: readonly VaultPrivateKey[]) {}

  open(sealed: Buffer, context: SealContext): string {
    return openSealed(this.privateKeys, sealed, context);
  }
}
