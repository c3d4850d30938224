/**
 * Resolve: account and gateway names become a policy, the provider's slug becomes a provider, built in or the account's
 * own.
 */
import type { GatewayPolicy } from '../../schema/contracts/gateway-policy.js';
import { isGatewayName, isAccountName, isAccountTag } from '../../schema/contracts/names.js';
import type { Arrival, Target } from '../exchange.js';
import { GatewayError } from '../gateway-error.js';
import { findCustomProvider } from '../providers/custom-provider.js';
import type { Provider } from '../providers/provider.js';

/** Where policies come from; `find` throws (503/9006) when it cannot be told whether there is one. */
export interface Policies {
  /** the policy held in memory; undefined when it has to be looked for */
  held(accountKey: string, gatewayName: string): GatewayPolicy | null | undefined;
  find(accountKey: string, gatewayName: string): Promise<GatewayPolicy | null>;
}

export interface ResolveDeps {
  readonly policies: Policies;
  readonly providers: { find(slug: string): Provider | null };
}

/**
 * Throws GatewayError 2001 (no such account or gateway), 2008 (no such provider) or 9006 (cannot be known now). A
 * promise only when a store has to be asked.
 */
export function resolve(deps: ResolveDeps, arrival: Arrival): Target | Promise<Target> {
  const policy = resolvePolicy(deps, arrival);
  const { providerSlug } = arrival;
  if (policy instanceof Promise) return policy.then((found) => targetOf(deps, found, providerSlug));
  return targetOf(deps, policy, providerSlug);
}

/** Of a universal request, whose steps name the providers. Throws GatewayError 2001 or 9006. */
export function resolvePolicy(
  deps: ResolveDeps,
  { accountKey, gatewayName }: Arrival,
): GatewayPolicy | Promise<GatewayPolicy> {
  const held = deps.policies.held(accountKey, gatewayName);
  const policy = held === undefined ? findPolicy(deps, accountKey, gatewayName) : held;
  return policy instanceof Promise ? policy.then(existing) : existing(policy);
}

function existing(policy: GatewayPolicy | null): GatewayPolicy {
  if (policy === null) throw noSuchGateway();
  return policy;
}

function findPolicy(deps: ResolveDeps, accountKey: string, gatewayName: string): Promise<GatewayPolicy | null> | null {
  // A name of the wrong shape cannot exist: it costs no look-up.
  const isPossible = isGatewayName(gatewayName) && (isAccountTag(accountKey) || isAccountName(accountKey));
  return isPossible ? deps.policies.find(accountKey, gatewayName) : null;
}

const noSuchGateway = (): GatewayError => new GatewayError('unknownGateway', 'there is no such account or gateway');

/** The provider of a request, or of a step, at its gateway. Throws GatewayError 2008. */
export function targetOf(deps: ResolveDeps, policy: GatewayPolicy, providerSlug: string): Target {
  const provider = deps.providers.find(providerSlug);
  if (provider !== null) return { policy, provider, customProvider: null };
  const custom = findCustomProvider(policy, providerSlug);
  if (custom === null) throw new GatewayError('unknownProvider', 'there is no such provider');
  return { policy, provider: custom.provider, customProvider: custom.customProvider };
}
