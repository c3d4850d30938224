/** What a key is stored for: its provider, the target that the provider asks for, and the one origin that follows. */
import { isProviderSlug, keyOriginOf, type ProviderOrigins } from '../../../schema/contracts/provider-origins.js';
import {
  CUSTOM_PREFIX,
  CUSTOM_SLUG,
  PROVIDERS,
  PROVIDER_SLUGS,
  TARGET_VALUE,
} from '../../../schema/contracts/providers.js';
import { CustomProvider } from '../../../schema/entities/custom-provider.js';
import { badInput } from '../../errors.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';

export type KeyTarget = Readonly<Record<string, string>>;

/**
 * The target of a key for `provider`: exactly the fields that the provider has, each one DNS label. Throws
 * BAD_USER_INPUT at `input.target`, or at its field.
 */
export function readTarget(provider: string, sent: unknown): KeyTarget {
  const fields = isProviderSlug(provider) ? PROVIDERS[provider].targetFields : [];
  const given = sent ?? {};
  if (typeof given !== 'object' || Array.isArray(given)) throw badInput('input.target', 'must be an object');
  const values = new Map<string, unknown>(Object.entries(given));
  const unknown = [...values.keys()].find((name) => !fields.includes(name));
  if (unknown !== undefined) {
    const known = fields.length === 0 ? 'has no fields' : `has only ${fields.join(', ')}`;
    throw badInput('input.target', `${known} for this provider`);
  }
  return Object.fromEntries(fields.map((field) => [field, targetValue(field, values.get(field))]));
}

function targetValue(field: string, value: unknown): string {
  if (value === undefined) throw badInput(`input.target.${field}`, 'must be given for this provider');
  if (typeof value === 'string' && TARGET_VALUE.test(value)) return value;
  throw badInput(`input.target.${field}`, 'must be 1 to 63 of a-z, 0-9 and -, and neither begin nor end with -');
}

/**
 * The origin that a key is bound to, as it is now. Throws BAD_USER_INPUT at `input.provider` for a provider that there
 * is not; a custom one is held until the transaction ends.
 */
export async function originOf(
  tx: TenantTransaction,
  overrides: ProviderOrigins,
  key: { readonly provider: string; readonly target: KeyTarget },
): Promise<string> {
  const { provider, target } = key;
  if (isProviderSlug(provider)) return keyOriginOf(provider, target, overrides);
  const slug = provider.startsWith(CUSTOM_PREFIX) ? provider.slice(CUSTOM_PREFIX.length) : '';
  const custom = CUSTOM_SLUG.test(slug) ? await heldCustomProvider(tx, slug) : null;
  if (custom !== null) return new URL(custom.baseUrl).origin;
  throw badInput('input.provider', `must be one of ${PROVIDER_SLUGS.join(', ')}, or custom-{slug} of the account`);
}

async function heldCustomProvider(tx: TenantTransaction, slug: string): Promise<CustomProvider | null> {
  await tx.query(`SELECT 1 FROM custom_provider c WHERE ${tx.owned('c')} AND c.slug = $2 FOR SHARE`, [slug]);
  return tx.findOne(CustomProvider, { slug });
}
