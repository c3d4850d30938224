/**
 * Whose credential a call was made with, for the scope of its cache key: an answer that one credential may see is not
 * another's. A stored key counts by id and version, so that a rotated one begins anew; a client's own by its value, as
 * the client sent it: an access token that we had made of it differs between proxies, and from one hour to the next.
 */
import type { PolicyProviderKey } from '../../schema/contracts/gateway-policy.js';
import type { Arrival, Target } from '../exchange.js';
import { clientCredentialHeaders } from './client-credential.js';

interface CredentialedCall {
  readonly target: Pick<Target, 'provider' | 'customProvider'>;
  readonly storedKey: PolicyProviderKey | null;
  readonly headers: readonly string[];
}

/** Empty when there is none. Credentials in the query need no word here: the query is part of the key. */
export function credentialScope(arrival: Arrival, { target, storedKey, headers }: CredentialedCall): string {
  const { provider, customProvider: custom } = target;
  const isAsSent = storedKey !== null || provider.convertCredential === undefined;
  const sent = isAsSent ? headers : clientCredentialHeaders(arrival, provider);
  const own = storedKey === null ? clientScope(sent, provider.credentialHeaders) : keyScope(storedKey);
  return custom === null ? own : `custom:${custom.id}:${custom.version}|${own}`;
}

const keyScope = (key: PolicyProviderKey): string => `key:${key.id}:${key.version}`;

/** Each value with its name and length, so that no value reads as another list of them, nor as a stored key. */
function clientScope(headers: readonly string[], credentialHeaders: readonly string[]): string {
  let scope = '';
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!isCredentialHeader(name, credentialHeaders)) continue;
    const value = headers[i + 1] ?? '';
    scope += `client:${name.toLowerCase()}:${value.length}:${value},`;
  }
  return scope;
}

/** Lengths first: nearly every header is told apart by its own. */
function isCredentialHeader(name: string, credentialHeaders: readonly string[]): boolean {
  for (const candidate of credentialHeaders) {
    if (candidate.length === name.length && candidate === name.toLowerCase()) return true;
  }
  return false;
}
