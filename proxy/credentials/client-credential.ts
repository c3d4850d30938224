/**
 * The credential that a client sends along for the provider: in one of the provider's headers or query parameters. One
 * of our own API tokens there is none, because it is never forwarded; neither is an empty value or a scheme without
 * one.
 */
import { holdsApiToken } from '../../schema/contracts/api-token.js';
import type { Arrival } from '../exchange.js';
import { headerOf } from '../header-list.js';
import { readingFor } from '../head-reading.js';
import type { Provider } from '../providers/provider.js';
import { unescaped } from '../upstream/query.js';

type Carriers = Pick<Provider, 'credentialHeaders' | 'credentialParameters'>;

/** SDKs without a key send the scheme alone. */
const BARE_SCHEMES = new Set(['', 'bearer', 'basic', 'token', 'key', 'api-key']);
const BARE_SCHEME_CHARACTERS_MAX = 7;

/** Whether the request carries a credential of its own for this provider. */
export function hasClientCredential(arrival: Arrival, provider: Carriers): boolean {
  const reading = readingFor(arrival.head, provider);
  if (reading === null) return carriesCredential(arrival, provider);
  return (reading.hasClientCredential ??= carriesCredential(arrival, provider));
}

function carriesCredential(arrival: Arrival, provider: Carriers): boolean {
  if (clientHeaderCredential(arrival, provider) !== null) return true;
  if (provider.credentialParameters.length === 0 || arrival.query === '') return false;
  return pairsOf(arrival.query).some((pair) => {
    const value = unescaped(pair.slice(nameEnd(pair) + 1));
    return isCredentialPair(pair, provider) && isCredential(value);
  });
}

/** The value of the first of the provider's headers that holds a credential; null: none does. */
export function clientHeaderCredential(arrival: Arrival, provider: Carriers): string | null {
  for (const name of provider.credentialHeaders) {
    const value = headerOf(arrival.head.rawHeaders, name);
    if (value !== null && isCredential(value)) return value;
  }
  return null;
}

/** A flat list of the headers in which the client sent this provider a credential, as they came. */
export function clientCredentialHeaders(arrival: Arrival, { credentialHeaders }: Carriers): string[] {
  const { rawHeaders } = arrival.head;
  const found: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name, value] = [rawHeaders[i] ?? '', rawHeaders[i + 1] ?? ''];
    if (credentialHeaders.includes(name.toLowerCase()) && isCredential(value)) found.push(name, value);
  }
  return found;
}

/** A flat header list without the headers in which a client may send this provider a credential. */
export function withoutCredentialHeaders(headers: readonly string[], provider: Carriers): string[] {
  return withoutHeaders(headers, provider.credentialHeaders);
}

/** A query (with its `?`, or empty) without the parameters in which a client may send this provider a credential. */
export function withoutCredentialParameters(query: string, provider: Carriers): string {
  if (query === '' || provider.credentialParameters.length === 0) return query;
  const kept = pairsOf(query).filter((pair) => !isCredentialPair(pair, provider));
  return kept.length > 0 ? `?${kept.join('&')}` : '';
}

/** `headers` with each name of `replacements` (both flat lists) standing there once, as the replacements say. */
export function replaceHeaders(headers: readonly string[], replacements: readonly string[]): string[] {
  const names = replacements.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  return [...withoutHeaders(headers, names), ...replacements];
}

function withoutHeaders(headers: readonly string[], lowerNames: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!lowerNames.includes(name.toLowerCase())) kept.push(name, headers[i + 1] ?? '');
  }
  return kept;
}

function isCredential(value: string): boolean {
  const text = value.trim();
  if (text.length <= BARE_SCHEME_CHARACTERS_MAX && BARE_SCHEMES.has(text.toLowerCase())) return false;
  return !(text.includes('tgt_') && holdsApiToken(text));
}

const pairsOf = (query: string): string[] => query.slice(1).split('&');

function nameEnd(pair: string): number {
  const end = pair.indexOf('=');
  return end === -1 ? pair.length : end;
}

/** A provider reads `%6bey` as `key`, so the name is compared as it decodes. */
function isCredentialPair(pair: string, provider: Carriers): boolean {
  return provider.credentialParameters.includes(unescaped(pair.slice(0, nameEnd(pair))));
}
