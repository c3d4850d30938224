/**
 * Providers of an account's own (cloudflare-wire §1.6): `custom-{slug}` in its gateways' URLs. Made from the policy, so
 * that one account's never serves another; each is made once per policy document.
 */
import { CUSTOM_PREFIX } from '../../schema/contracts/providers.js';
import type { GatewayPolicy, PolicyCustomProvider } from '../../schema/contracts/gateway-policy.js';
import type { Provider, Route } from './provider.js';

export interface CustomTarget {
  readonly provider: Provider;
  readonly customProvider: PolicyCustomProvider;
}

/** Headers in which the APIs that people bring along take their credentials. */
const CREDENTIAL_HEADERS = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'] as const;
const NO_TARGET: Route['target'] = Object.freeze({});

/** At most as many entries as the policy has custom providers; they go with it. */
const made = new WeakMap<GatewayPolicy, Map<string, CustomTarget>>();

/** `slug` as the URL has it, with its `custom-`; null: the account has no such provider. */
export function findCustomProvider(policy: GatewayPolicy, slug: string): CustomTarget | null {
  if (!slug.startsWith(CUSTOM_PREFIX) || policy.customProviders.length === 0) return null;
  let targets = made.get(policy);
  if (targets === undefined) made.set(policy, (targets = new Map<string, CustomTarget>()));
  let target = targets.get(slug) ?? null;
  if (target === null) {
    const bare = slug.slice(CUSTOM_PREFIX.length);
    const customProvider = policy.customProviders.find((candidate) => candidate.slug === bare);
    if (customProvider === undefined) return null;
    target = { provider: providerAt(slug, customProvider.baseUrl), customProvider };
    targets.set(slug, target);
  }
  return target;
}

/** The client's path goes behind the base as it is: a `/v1` too many or too few is the client's to see. */
function providerAt(slug: string, baseUrl: string): Provider {
  const { origin, pathname } = new URL(baseUrl);
  const basePath = pathname.replace(/\/+$/, '');
  return {
    slug,
    credentialHeaders: CREDENTIAL_HEADERS,
    credentialParameters: [],
    credential: { kind: 'header', name: 'authorization', prefix: 'Bearer ' },
    route: ({ path }) => ({ origin, keyOrigin: origin, path: basePath + path || '/', target: NO_TARGET }),
  };
}
