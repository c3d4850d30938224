/**
 * The cache key, version 3: what makes two requests the same request. Computed for every request, caching on or off,
 * and stored as a hash, so that what a cache would have saved can be told afterwards. The scope (account, gateway,
 * origin, credential) can never be replaced by a client; a client's own key replaces body and content type only.
 */
import { keyedHashHex } from './keyed-hash.js';

const CACHE_KEY_VERSION = 3;

export interface CacheKeyParts {
  readonly accountId: string;
  readonly gatewayId: string;
  readonly origin: string;
  /** the credential that goes upstream: a stored key's id or the client's own value; empty: none */
  readonly credential: string;
  readonly method: string;
  /** canonical upstream path with its query */
  readonly path: string;
  /** `stream`, `document`, or what a request says of it whose format is not known */
  readonly streamKind: string;
  /** answer-changing request headers, `name:value` each, sorted */
  readonly variants: readonly string[];
  /** `cf-aig-cache-key`, which stands for content type and body; null: they stand for themselves */
  readonly customKey: string | null;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** Request headers that change what a provider answers, or in which form. */
const CACHE_KEY_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'content-encoding',
  'anthropic-version',
  'anthropic-beta',
  'openai-organization',
  'openai-project',
  'openai-beta',
  'cartesia-version',
  'groq-model-version',
  'parallel-beta',
  'x-anthropic-beta', // OpenRouter hands it on
  'x-goog-fieldmask',
  'x-goog-user-project',
  'x-ms-oai-image-generation-deployment', // which of Azure's deployments draws
  'x-policy-id', // content filters of Azure
  // whom Fireworks asks on with them (docs.fireworks.ai, "APIs and SDKs", 2026-11-24)
  'x-anthropic-api-key',
  'x-openai-api-key',
]);
/** Guardrail, trace and performance of a Bedrock call. */
const CACHE_KEY_PREFIX = 'x-amzn-bedrock-';
const SHORTEST = Math.min(...[...CACHE_KEY_HEADERS].map((name) => name.length));

/** What differs from call to call without meaning anything to a provider. */
const MEANINGLESS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'baggage',
  'cdn-loop',
  'content-length',
  'content-type', // a part of its own
  'date',
  'host',
  'idempotency-key',
  'priority',
  'sentry-trace',
  'traceparent',
  'tracestate',
  'user-agent',
  'x-amzn-trace-id',
  'x-correlation-id',
  'x-request-id',
]);
const MEANINGLESS_PREFIXES = ['x-stainless-', 'x-b3-', 'x-datadog-', 'sec-'];
const NO_VARIANTS: readonly string[] = [];

/**
 * The `variants` of headers as they go upstream (flat name/value list). Of a provider that nobody knows (an account's
 * own), any header may be a credential or change the answer: all of them count but those that mean nothing.
 */
export function cacheKeyVariants(headers: readonly string[], isProviderKnown: boolean): readonly string[] {
  let variants: string[] | null = null;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (name.length < SHORTEST && isProviderKnown) continue;
    const lower = name.toLowerCase();
    if (isProviderKnown ? isVariant(lower) : !isMeaningless(lower)) {
      (variants ??= []).push(`${lower}:${headers[i + 1] ?? ''}`);
    }
  }
  if (variants === null) return NO_VARIANTS;
  return variants.length === 1 ? variants : variants.sort();
}

const isVariant = (name: string): boolean => CACHE_KEY_HEADERS.has(name) || name.startsWith(CACHE_KEY_PREFIX);

const isMeaningless = (name: string): boolean =>
  MEANINGLESS.has(name) || MEANINGLESS_PREFIXES.some((prefix) => name.startsWith(prefix));

/** Keyed SHA-256 (hex) over the parts, each preceded by its length, so that no two lists of parts read alike. */
export const cacheKeyHash = (key: Buffer, parts: CacheKeyParts): string =>
  frontedKeyHash(key, cacheKeyFront(parts), parts);

/** The same by the front of the parts, for callers that keep it. */
export function frontedKeyHash(
  key: Buffer,
  front: string,
  { customKey, body }: Pick<CacheKeyParts, 'customKey' | 'body'>,
): string {
  return customKey === null ? keyedHashHex(key, front, body) : keyedHashHex(key, front);
}

/** All of the parts, as they are hashed, but the body. */
export function cacheKeyFront(parts: Omit<CacheKeyParts, 'body'>): string {
  let variants = '';
  for (const variant of parts.variants) variants += field(variant);
  const scope = field(parts.accountId) + field(parts.gatewayId) + field(parts.origin) + field(parts.credential);
  const call = field(parts.method) + field(parts.path) + field(parts.streamKind);
  const head = VERSION_FIELD + scope + call + field(variants);
  const { customKey } = parts;
  return head + (customKey === null ? BODY_FIELD + field(parts.contentType) : CUSTOM_FIELD + field(customKey));
}

const field = (text: string): string => `${text.length}:${text},`;
const VERSION_FIELD = field(String(CACHE_KEY_VERSION));
const CUSTOM_FIELD = field('custom');
const BODY_FIELD = field('body');
