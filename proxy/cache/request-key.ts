/** The cache key of one request, from what goes upstream and what the client sent. */
import { cacheKeyHash, cacheKeyVariants } from '../../schema/contracts/cache-key.js';
import { keyedHashHex } from '../../schema/contracts/keyed-hash.js';
import { credentialScope } from '../credentials/credential-scope.js';
import type { Arrival, UpstreamCall } from '../exchange.js';
import { headerOf } from '../upstream/headers.js';

const NO_BYTES = Buffer.alloc(0);

/** The key's hash, caching on or off; null when the body was too large to be held. */
export function requestKeyHash(key: Buffer, arrival: Arrival, call: UpstreamCall): string | null {
  if (call.bodyStream !== null) return null;
  const { policy, customProvider } = call.target;
  return cacheKeyHash(key, {
    accountId: policy.accountId,
    gatewayId: policy.gatewayId,
    origin: call.destination.origin,
    credential: credentialScope(call),
    method: arrival.method,
    path: call.path,
    isStreaming: call.facts?.isStreaming === true,
    variants: cacheKeyVariants(call.headers, customProvider === null),
    customKey: arrival.options.cacheKey,
    contentType: headerOf(arrival.head.rawHeaders, 'content-type') ?? '',
    body: call.originalBody ?? NO_BYTES,
  });
}

/** Keyed hash of what a call sends under the names that an answer varies by. */
export function requestVaryHash(key: Buffer, call: UpstreamCall, names: readonly string[]): string {
  let sent = '';
  for (const name of names) {
    const value = headerOf(call.headers, name);
    sent += value === null ? `${name};` : `${name}=${value.length}:${value};`;
  }
  return keyedHashHex(key, sent);
}
