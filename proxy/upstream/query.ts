/**
 * Queries on their way up and into logs: neither may bear what lets somebody in here, and a log no credential at all.
 */
import { holdsApiToken } from '../../schema/contracts/api-token.js';

/** A query without parameters that hold one of our API tokens. */
export function upstreamQuery(query: string): string {
  if (query === '' || !holdsApiToken(unescaped(query))) return query;
  const kept = query
    .slice(1)
    .split('&')
    .filter((pair) => !holdsApiToken(unescaped(pair)));
  return kept.length > 0 ? `?${kept.join('&')}` : '';
}

/** Percent-decoded byte by byte, which cannot fail; what is not well encoded stays (the provider will say so). */
export function unescaped(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

/** Parameters that carry credentials, at any provider; the last three make a presigned URL of AWS. */
const NOT_LOGGED = new Set([
  'key',
  'api_key',
  'api-key',
  'token',
  'access_token',
  'auth',
  'x-amz-credential',
  'x-amz-security-token',
  'x-amz-signature',
]);

/**
 * A query as it may be logged: our API tokens and the values of parameters that carry credentials are taken out. Names
 * are compared as a provider reads them: in any case, and decoded.
 */
export function loggedQuery(query: string): string {
  if (!query.includes('=')) return query;
  const pairs = upstreamQuery(query).slice(1).split('&');
  const logged = pairs.map((pair) => {
    const name = pair.slice(0, Math.max(0, pair.indexOf('=')));
    return NOT_LOGGED.has(unescaped(name).toLowerCase()) ? `${name}=[removed]` : pair;
  });
  const text = logged.join('&');
  return text === '' ? '' : `?${text}`;
}
