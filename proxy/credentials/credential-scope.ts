/**
 * Whose credential a call was made with, for the scope of its cache key: an answer that one credential may see is not
 * another's. A stored key counts by id and version, so that a rotated one begins anew; a client's own by its value.
 */
import type { PolicyProviderKey } from '../../schema/contracts/gateway-policy.js';
import type { Target } from '../exchange.js';

interface CredentialedCall {
  readonly target: Pick<Target, 'provider' | 'customProvider'>;
  readonly storedKey: PolicyProviderKey | null;
  readonly headers: readonly string[];
}

/** Empty when there is none. Credentials in the query need no word here: the query is part of the key. */
export function credentialScope({ target, storedKey, headers }: CredentialedCall): string {
  const own = storedKey === null ? clientScope(headers, target.provider.credentialHeaders) : keyScope(storedKey);
  const custom = target.customProvider;
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
