/** The cache key of one request, from what goes upstream and what the client sent. */
import { cacheKeyFront, cacheKeyVariants, frontedKeyHash } from '../../schema/contracts/cache-key.js';
import { keyedHashHex } from '../../schema/contracts/keyed-hash.js';
import { credentialScope } from '../credentials/credential-scope.js';
import type { Arrival, UpstreamCall } from '../exchange.js';
import type { KeyFront } from '../head-reading.js';
import { headerOf } from '../upstream/headers.js';

const NO_BYTES = Buffer.alloc(0);

/** The key's hash, caching on or off; null when the body was too large to be held. */
export function requestKeyHash(key: Buffer, arrival: Arrival, call: UpstreamCall): string | null {
  if (call.bodyStream !== null) return null;
  const { cacheKey: customKey } = arrival.options;
  return frontedKeyHash(key, frontOf(arrival, call), { customKey, body: call.originalBody ?? NO_BYTES });
}

/** Of a head that is said again, the front that it had before, if all is the same that the front is made of besides the head. */
function frontOf(arrival: Arrival, call: UpstreamCall): string {
  const { reading } = arrival.head;
  if (reading === undefined) return madeFront(arrival, call);
  const kept = reading.keyFront;
  if (kept !== null && isOf(kept, call)) return kept.text;
  const { target, storedKey, headers, path, destination } = call;
  const isStreaming = call.facts?.isStreaming === true;
  const text = madeFront(arrival, call);
  const { policy } = target;
  reading.keyFront = { policy, storedKey, headers, path, origin: destination.origin, isStreaming, text };
  return text;
}

/** Policies, keys and lists of headers are never changed: the same one says the same. */
const isOf = (kept: KeyFront, call: UpstreamCall): boolean =>
  kept.policy === call.target.policy &&
  kept.storedKey === call.storedKey &&
  kept.headers === call.headers &&
  kept.path === call.path &&
  kept.origin === call.destination.origin &&
  kept.isStreaming === (call.facts?.isStreaming === true);

function madeFront(arrival: Arrival, call: UpstreamCall): string {
  const { policy, customProvider } = call.target;
  return cacheKeyFront({
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
