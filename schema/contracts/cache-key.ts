/**
 * The cache key, version 2: what makes two requests the same request. Computed for every request, caching on or off,
 * and stored as a hash, so that what a cache would have saved can be told afterwards. The scope (account, gateway,
 * origin, credential) can never be replaced by a client; a client's own key replaces body and content type only.
 */
import { keyedHashHex } from './keyed-hash.js';

export const CACHE_KEY_VERSION = 2;

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

/** Keyed SHA-256 (hex) over the parts, each preceded by its length, so that no two lists of parts read alike. */
export function cacheKeyHash(key: Buffer, parts: CacheKeyParts): string {
  const variants = parts.variants.length === 0 ? '' : parts.variants.join('\n');
  const scope = field(parts.accountId) + field(parts.gatewayId) + field(parts.origin) + field(parts.credential);
  const call = field(parts.method) + field(parts.path) + field(parts.isStreaming ? 'stream' : 'document');
  const head = VERSION_FIELD + scope + call + field(variants) + field(parts.contentType);
  return keyedHashHex(key, head, parts.body);
}

const field = (text: string): string => `${text.length}:${text},`;
const VERSION_FIELD = field(String(CACHE_KEY_VERSION));
