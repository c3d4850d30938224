/** `npm run vault`: new key pairs, and what brings stored secrets over to one (docs/operations.md). */
import type pg from 'pg';
import { openSealed, readSealed, rewrapSealed, sealSecret } from '../../schema/contracts/sealed-secret.js';
import { newVaultKeyPair, type VaultPrivateKey } from '../../schema/contracts/vault-keys.js';
import { rewriteAll, type Position, type Rewrite } from './rewrite.js';
import { SEALED_TABLES } from './sealed-tables.js';

const BATCH_ROWS = 100;
/** Values that the api seals for the previous key while a pass runs are found by the next one. */
const PASSES_MAX = 3;

export interface RewriteRequest {
  readonly pool: pg.Pool;
  readonly current: VaultPrivateKey;
  readonly previous: VaultPrivateKey | null;
  readonly after: Position | null;
  readonly say: (line: string) => void;
}

/** Both halves of a new pair, as lines of an environment file. */
export function newKeysText(): string {
  const { publicKey, privateKey } = newVaultKeyPair();
  return `VAULT_PUBLIC_KEY=${publicKey}\nVAULT_PRIVATE_KEY=${privateKey}\n`;
}

/**
 * Wraps every data key for the current pair; payloads stay as they are. Values that are there already are left alone,
 * so a second run goes on where the first one stopped. Answers whether nothing needs the previous key any more.
 */
export async function rotate(request: RewriteRequest): Promise<boolean> {
  const keys = keysOf(request);
  const { publicKey } = request.current;
  const rewrite: Rewrite = (sealed) =>
    readSealed(sealed).keyId.equals(publicKey.id) ? null : rewrapSealed(keys, publicKey, sealed);
  for (let pass = 1; pass <= PASSES_MAX; pass++) {
    const { rewritten, failed } = await onePass({ ...request, after: pass === 1 ? request.after : null }, rewrite);
    if (failed > 0) return false;
    if (rewritten === 0) {
      request.say('No stored secret needs another key than the current one: VAULT_PRIVATE_KEY_PREVIOUS may go.');
      return true;
    }
  }
  request.say(
    "Secrets are still sealed for another key while this runs: is the api's VAULT_PUBLIC_KEY the current one?",
  );
  return false;
}

/** Encrypts every value anew, under a fresh data key, for the current pair. Answers whether all of them were. */
export async function reencrypt(request: RewriteRequest): Promise<boolean> {
  const keys = keysOf(request);
  const { failed } = await onePass(request, (sealed, context) =>
    sealSecret(request.current.publicKey, openSealed(keys, sealed, context), context),
  );
  return failed === 0;
}

const keysOf = ({ current, previous }: RewriteRequest): VaultPrivateKey[] =>
  previous === null ? [current] : [current, previous];

async function onePass(
  { pool, after, say }: RewriteRequest,
  rewrite: Rewrite,
): Promise<{ rewritten: number; failed: number }> {
  let reached = after;
  try {
    const counts = await rewriteAll(pool, {
      rewrite,
      after,
      batchRows: BATCH_ROWS,
      onBatch: (position) => (reached = position),
      onFailure: ({ table, id, reason }) => say(`${table} ${id} was left as it is: ${reason}`),
    });
    const total = { rewritten: 0, failed: 0 };
    for (const { name } of SEALED_TABLES) {
      const { rewritten, untouched, failed } = counts[name];
      say(`${name}: ${rewritten} rewritten, ${untouched} already as they should be, ${failed} failed`);
      total.rewritten += rewritten;
      total.failed += failed;
    }
    return total;
  } catch (error) {
    if (reached !== null) say(`Stopped. What was done is done; go on with: --after ${reached.table}:${reached.id}`);
    throw error;
  }
}
