/** What opens sealed secrets: the vault's port, as this folder needs it. */
import type { SealContext } from '../../schema/contracts/sealed-secret.js';

export interface SecretOpener {
  /** `sealed` is base64. Throws GatewayError 9006 when it does not open, or cannot be opened now. */
  open(sealed: string, context: SealContext): { reveal(): string };
}
