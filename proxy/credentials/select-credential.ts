/**
 * Which credential goes upstream (cloudflare-wire §6.2): the client's own, else the stored key of the alias, else none.
 * A decision over names: nothing is opened here. A stored key is only for a caller who is known.
 */
import type { PolicyProviderKey } from '../../schema/contracts/gateway-policy.js';
import type { Arrival, Caller, Target } from '../exchange.js';
import { GatewayError } from '../gateway-error.js';
import { hasClientCredential } from './client-credential.js';

export type CredentialChoice =
  | { readonly kind: 'client' }
  | { readonly kind: 'none' }
  | { readonly kind: 'stored'; readonly key: PolicyProviderKey }
  /** 2009: a stored key and nobody known who asks; 2040: there is no such key; 9006: who asks cannot be known now */
  | { readonly kind: 'refused'; readonly error: GatewayError };

export type UsableChoice = Exclude<CredentialChoice, { readonly kind: 'refused' }>;

const CLIENT: CredentialChoice = Object.freeze({ kind: 'client' });
const NONE: CredentialChoice = Object.freeze({ kind: 'none' });
const DEFAULT_ALIAS = 'default';
const NAMED_CHARACTERS_MAX = 64;

export function selectCredential(arrival: Arrival, target: Target, caller: Caller): CredentialChoice {
  const { policy, provider, customProvider } = target;
  if (hasClientCredential(arrival, provider)) return CLIENT;
  const named = arrival.options.byokAlias;
  const key = keyOf(policy.providerKeys, provider.slug, named ?? DEFAULT_ALIAS);
  if (key !== null) return caller.apiTokenId === null ? unidentified(caller) : { kind: 'stored', key };
  if (named !== null) return { kind: 'refused', error: noSuchAlias(target, named, caller) };
  // A custom provider's own headers are a credential of the account's, as far as they are one at all.
  if (policy.settings.byokOnly && (customProvider?.sealedHeaders ?? null) === null) {
    return { kind: 'refused', error: noCredential(target, caller) };
  }
  return NONE;
}

function keyOf(keys: readonly PolicyProviderKey[], provider: string, alias: string): PolicyProviderKey | null {
  for (const key of keys) if (key.alias === alias && key.provider === provider) return key;
  return null;
}

/** Not being able to look a token up is no proof that it is wrong. */
function unidentified(caller: Caller): CredentialChoice {
  const error =
    caller.unchecked ??
    new GatewayError('unauthorized', 'a stored provider key is used only for a valid API token with AI_GATEWAY_RUN');
  return { kind: 'refused', error };
}

function noSuchAlias(target: Target, alias: string, caller: Caller): GatewayError {
  const named = alias.slice(0, NAMED_CHARACTERS_MAX);
  return new GatewayError(
    'noProviderKey',
    `Provider '${target.provider.slug}' has no BYOK credential named '${named}'.${configuredAliases(target, caller)}`,
  );
}

function noCredential(target: Target, caller: Caller): GatewayError {
  return new GatewayError(
    'noProviderKey',
    `This gateway demands a provider credential, and neither the request nor the gateway has one for provider ` +
      `'${target.provider.slug}'.${configuredAliases(target, caller)}`,
  );
}

/** Names that an account gave its keys are told to its own callers only. */
function configuredAliases(target: Target, caller: Caller): string {
  if (caller.apiTokenId === null) return '';
  const aliases = target.policy.providerKeys
    .filter((key) => key.provider === target.provider.slug)
    .map((key) => key.alias);
  return ` Configured aliases: ${aliases.length > 0 ? aliases.join(', ') : 'none'}`;
}
