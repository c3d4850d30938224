/** The base URL that a client puts in place of its provider's. */
import { PROVIDER_SLUGS } from '../../../schema/contracts/providers.js';
import { badInput } from '../../errors.js';

export interface EndpointOptions {
  /** where clients reach the proxy, without a trailing slash */
  readonly publicProxyUrl: string;
  /** whether the demo provider is served */
  readonly isDemo: boolean;
}

/** `provider` null: the gateway's own URL. An unknown provider is BAD_USER_INPUT. */
export function endpointUrl(
  options: EndpointOptions,
  gateway: { readonly accountTag: string; readonly name: string },
  provider: string | null,
): string {
  const base = `${options.publicProxyUrl}/v1/${gateway.accountTag}/${gateway.name}`;
  if (provider === null) return base;
  const known: readonly string[] = options.isDemo ? [...PROVIDER_SLUGS, 'demo'] : PROVIDER_SLUGS;
  if (!known.includes(provider)) throw badInput('provider', `must be one of ${known.join(', ')}`);
  return `${base}/${provider}`;
}
