/** The base URL that a client puts in place of its provider's. */
import { CUSTOM_PREFIX, CUSTOM_SLUG, PROVIDER_SLUGS } from '../../../schema/contracts/providers.js';
import { badInput } from '../../errors.js';

export interface EndpointOptions {
  /** where clients reach the proxy, without a trailing slash */
  readonly publicProxyUrl: string;
  /** whether the demo provider is served */
  readonly isDemo: boolean;
}

/** The slug of a custom provider that `provider` might name, without its `custom-`; null: it can name none. */
export function customSlugOf(provider: string | null): string | null {
  const slug = provider?.startsWith(CUSTOM_PREFIX) === true ? provider.slice(CUSTOM_PREFIX.length) : '';
  return CUSTOM_SLUG.test(slug) ? slug : null;
}

/** `provider` null: the gateway's own URL. An unknown provider is BAD_USER_INPUT. */
export function endpointUrl(
  options: EndpointOptions,
  gateway: { readonly accountTag: string; readonly name: string },
  provider: { readonly slug: string; readonly isCustom: boolean } | null,
): string {
  const base = `${options.publicProxyUrl}/v1/${gateway.accountTag}/${gateway.name}`;
  if (provider === null) return base;
  const known: readonly string[] = options.isDemo ? [...PROVIDER_SLUGS, 'demo'] : PROVIDER_SLUGS;
  if (!provider.isCustom && !known.includes(provider.slug)) {
    throw badInput('provider', `must be one of ${known.join(', ')}, or ${CUSTOM_PREFIX}{slug} of the account`);
  }
  return `${base}/${provider.slug}`;
}
