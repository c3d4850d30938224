/**
 * The built-in providers (cloudflare-wire §11): where each one's traffic goes. Both tiers read it: the proxy to route,
 * the api to show `endpointUrl` and to bind a stored key to the origin that it is for.
 *
 * A base is a URL with placeholders. Those that the provider's *target* fills (an Azure resource, a Vertex region) are
 * listed: a stored key names their values, and is used for no others.
 */
interface ProviderBase {
  /** the whole upstream base, path included; what `PROVIDER_ORIGINS` replaces */
  readonly base: string;
  /** what a stored key must be bound to besides the origin */
  readonly targetFields: readonly string[];
}

const plain = (base: string): ProviderBase => ({ base, targetFields: [] });

export const PROVIDER_BASES = Object.freeze({
  openai: plain('https://api.openai.com/v1'),
  anthropic: plain('https://api.anthropic.com'),
  'google-ai-studio': plain('https://generativelanguage.googleapis.com'),
}) satisfies Readonly<Record<string, ProviderBase>>;

export type ProviderSlug = keyof typeof PROVIDER_BASES;
export const PROVIDER_SLUGS = Object.keys(PROVIDER_BASES) as readonly ProviderSlug[]; // the object has no other keys

/** Text of a URL that a target may fill a placeholder with: a DNS label, so that it can be no other host. */
export const TARGET_VALUE = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?$/;

/** What a URL names as `custom-{slug}`. */
export const CUSTOM_PREFIX = 'custom-';
export const CUSTOM_SLUG = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

/** `base` with its placeholders filled; one that `values` does not name stays. */
export function filledBase(base: string, values: Readonly<Record<string, string>>): string {
  return base.replace(/\{([a-z]+)\}/g, (placeholder, name: string) => values[name] ?? placeholder);
}
