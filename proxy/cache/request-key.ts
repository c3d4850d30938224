/** The cache key of one request, from what goes upstream and what the client sent. */
import { cacheKeyFront, cacheKeyVariants, frontedKeyHash } from '../../schema/contracts/cache-key.js';
import { keyedHashHex } from '../../schema/contracts/keyed-hash.js';
import { credentialScope } from '../credentials/credential-scope.js';
import { formFields } from '../dialects/form-fields.js';
import { textIn } from '../dialects/json-value.js';
import type { Arrival, UpstreamCall } from '../exchange.js';
import type { KeyFront } from '../head-reading.js';
import { contentEncodingOf, headerOf } from '../header-list.js';
import { jsonMembers, trimmedJson } from '../universal/json-slices.js';

const NO_BYTES = Buffer.alloc(0);
/** Of what a body states as its `stream`: more than `true` and `false` have, and little to keep. */
const STATED_CHARACTERS_MAX = 16;

/** The key's hash, caching on or off; null when the body was too large to be held. */
export function requestKeyHash(key: Buffer, arrival: Arrival, call: UpstreamCall): string | null {
  if (call.bodyStream !== null) return null;
  const { cacheKey: customKey } = arrival.options;
  const front = frontOf(arrival, call, streamKindOf(key, arrival, call));
  return frontedKeyHash(key, front, { customKey, body: call.originalBody ?? NO_BYTES });
}

/**
 * Of a head that is said again, the front that it had before, if all is the same that the front is made of besides the
 * head.
 */
function frontOf(arrival: Arrival, call: UpstreamCall, streamKind: string): string {
  const { reading } = arrival.head;
  if (reading === undefined) return madeFront(arrival, call, streamKind);
  const kept = reading.keyFront;
  if (kept !== null && kept.streamKind === streamKind && isOf(kept, call)) return kept.text;
  const { target, storedKey, headers, path, destination } = call;
  const text = madeFront(arrival, call, streamKind);
  const { policy } = target;
  reading.keyFront = { policy, storedKey, headers, path, origin: destination.origin, streamKind, text };
  return text;
}

/** Policies, keys and lists of headers are never changed: the same one says the same. */
const isOf = (kept: KeyFront, call: UpstreamCall): boolean =>
  kept.policy === call.target.policy &&
  kept.storedKey === call.storedKey &&
  kept.headers === call.headers &&
  kept.path === call.path &&
  kept.origin === call.destination.origin;

function madeFront(arrival: Arrival, call: UpstreamCall, streamKind: string): string {
  const { policy, customProvider } = call.target;
  return cacheKeyFront({
    accountId: policy.accountId,
    gatewayId: policy.gatewayId,
    origin: call.destination.origin,
    credential: credentialScope(arrival, call),
    method: arrival.method,
    path: call.path,
    streamKind,
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

/**
 * Whether a stream is asked for. Where a client's key stands for the body, nothing else says so; and of a body that
 * nobody here can read, because it is compressed, all of it may.
 */
function streamKindOf(key: Buffer, arrival: Arrival, { facts, headers, originalBody }: UpstreamCall): string {
  if (facts?.isStreaming === true) return 'stream';
  if (arrival.options.cacheKey === null || originalBody === null) return 'document';
  if (contentEncodingOf(headers) !== null) return keyedHashHex(key, '', originalBody);
  return facts === null ? statedStream(originalBody, headerOf(headers, 'content-type')) : 'document';
}

/**
 * What a body of an unknown format states as its `stream`: without it, an answer is what its provider makes of that.
 */
function statedStream(body: Buffer, contentType: string | null): string {
  const member = jsonMembers(trimmedJson(body))?.findLast(([name]) => name === 'stream');
  const stated = member?.[1].toString() ?? textIn(formFields(body, contentType) ?? {}, 'stream');
  return stated === null ? 'document' : `stream ${stated.slice(0, STATED_CHARACTERS_MAX)}`;
}
