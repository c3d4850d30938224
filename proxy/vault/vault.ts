/**
 * The vault: sealed secrets in, secrets out. An opened value is held in this process's memory for at most a minute,
 * under everything that it is bound to, so that requests do not pay for the opening (0.2 ms) and an opener that fails
 * is not felt at once. It is written nowhere.
 */
import type { Logger } from '../../platform/logger.js';
import { SealedSecretError, type SealContext, type SealedSecretReason } from '../../schema/contracts/sealed-secret.js';
import { GatewayError } from '../gateway-error.js';
import { ExpiringMap } from './expiring-map.js';
import type { KeyOpener } from './key-opener.js';
import { Secret } from './secret.js';

/** security.md §3.3 */
const HELD_MS = 60_000;
/** Opened values in memory; at the bound the oldest is opened again when it is next needed. */
const HELD_MAX = 10_000;
/** Together, each with its envelope in base64, in characters: most have a hundred, a tenant's own may have 32 KiB. */
const HELD_CHARACTERS_MAX = 64 * 1_048_576;
/** One log line per row and minute: a value that does not open fails every request that needs it. */
const TOLD_MAX = 1_000;

interface Opened {
  readonly context: SealContext;
  readonly secret: Secret;
}

export class Vault {
  /** openings that were not held any more; those that no opener will ever do; those that it could not do now */
  readonly counts = { opened: 0, refused: 0, failed: 0 };
  private readonly held = new ExpiringMap<Opened>(HELD_MAX, HELD_MS, HELD_CHARACTERS_MAX);
  private readonly told = new ExpiringMap<true>(TOLD_MAX, HELD_MS);

  constructor(
    private readonly opener: KeyOpener,
    private readonly log: Pick<Logger, 'error'>,
  ) {}

  /** values held now, and those pushed out by the bound */
  get heldCounts(): { readonly held: number; readonly evicted: number } {
    return { held: this.held.size, evicted: this.held.evicted };
  }

  /**
   * The secret in `sealedBase64`. Throws GatewayError `unavailable` when it does not open, now or ever; the log says
   * which row and why.
   */
  open(sealedBase64: string, context: SealContext): Secret {
    const held = this.held.get(sealedBase64);
    // Held for one row is held for no other: the context is asked again, as the envelope itself would.
    if (held !== undefined && isSame(held.context, context)) return held.secret;
    const secret = new Secret(this.opened(sealedBase64, context));
    // A value is never longer than its envelope.
    this.held.set(sealedBase64, { context, secret }, 2 * sealedBase64.length);
    this.counts.opened += 1;
    return secret;
  }

  /** Forgets every opened value. */
  close(): void {
    this.held.clear();
    this.told.clear();
  }

  private opened(sealedBase64: string, context: SealContext): string {
    try {
      return this.opener.open(Buffer.from(sealedBase64, 'base64'), context);
    } catch (error) {
      const reason = error instanceof SealedSecretError ? error.reason : null;
      if (reason === null) this.counts.failed += 1;
      else this.counts.refused += 1;
      // The opener's own error ends here: its text might quote what it was given.
      this.tell(context, reason === null ? MEANING_OF_FAILURE : MEANINGS[reason], reason ?? errorName(error));
      const options = reason === null ? { retryAfterSeconds: 1 } : {};
      throw new GatewayError('unavailable', `${whatItIs(context)} cannot be opened`, options);
    }
  }

  private tell({ use, id, accountId, provider }: SealContext, meaning: string, reason: string): void {
    const row = `${use} ${id}`;
    if (this.told.get(row) !== undefined) return;
    this.told.set(row, true);
    this.log.error({ use, id, accountId, provider, reason }, meaning);
  }
}

const MEANING_OF_FAILURE = 'the vault cannot open secrets now; those that it opened in the last minute still serve';
const OUT_OF_PLACE = 'a stored secret was altered, or stands where it was not sealed for; requests that need it fail';
const MEANINGS: Readonly<Record<SealedSecretReason, string>> = {
  unknownKey:
    "a stored secret is sealed for a key pair that this proxy does not have: the api's VAULT_PUBLIC_KEY must belong to " +
    'VAULT_PRIVATE_KEY or VAULT_PRIVATE_KEY_PREVIOUS here; requests that need the secret fail',
  refused: OUT_OF_PLACE,
  malformed: OUT_OF_PLACE,
  tooLong: OUT_OF_PLACE,
};

const errorName = (error: unknown): string => (error instanceof Error ? error.name : 'unknown');

function whatItIs({ use, provider }: SealContext): string {
  switch (use) {
    case 'provider-key':
      return `the stored key of provider "${provider}"`;
    case 'custom-provider-headers':
      return `the stored headers of provider "${provider}"`;
    case 'egress-proxy':
      return "the gateway's egress proxy";
  }
}

function isSame(one: SealContext, other: SealContext): boolean {
  return (
    one.id === other.id &&
    one.version === other.version &&
    one.origin === other.origin &&
    one.target === other.target &&
    one.provider === other.provider &&
    one.accountId === other.accountId &&
    one.use === other.use
  );
}
