/**
 * The cache key, version 1: what makes two requests the same request. Computed for every request, caching on or off,
 * and stored as a hash, so that what a cache would have saved can be told afterwards. The scope (account, gateway,
 * origin, credential) can never be replaced by a client; a client's own key replaces body and content type only.
 */
import { hmacHex } from './hmac.js';

export const CACHE_KEY_VERSION = 1;

export interface CacheKeyParts {
  readonly accountId: string;
  readonly gatewayId: string;
  readonly origin: string;
  /** the credential that goes upstream: a stored key's id or the client's own value; empty: none */
  readonly credential: string;
  readonly method: string;
  /** canonical upstream path with its query */
  readonly path: string;
  readonly isStreaming: boolean;
  /** answer-changing request headers, `name:value` each, sorted by the caller's table */
  readonly variants: readonly string[];
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** Request headers that change what a provider answers. */
export const CACHE_KEY_HEADERS = [
  'anthropic-version',
  'anthropic-beta',
  'openai-organization',
  'openai-project',
] as const;

/** HMAC-SHA-256 (hex) over the parts, each preceded by its length, so that no two lists of parts read alike. */
export function cacheKeyHash(key: Buffer, parts: CacheKeyParts): string {
  const fields = [
    String(CACHE_KEY_VERSION),
    parts.accountId,
    parts.gatewayId,
    parts.origin,
    parts.credential,
    parts.method,
    parts.path,
    parts.isStreaming ? 'stream' : 'document',
    parts.variants.join('\n'),
    parts.contentType,
  ];
  let head = '';
  for (const field of fields) head += `${field.length}:${field},`;
  return hmacHex(key, head, parts.body);
}
