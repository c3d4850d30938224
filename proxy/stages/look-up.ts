/**
 * Look up: what the cache has for a call that wants it. It stands behind `choose` because the key is made of what that
 * finds out: whose credential goes where, with which body. Nothing that fails here is the client's affair: it is a
 * miss.
 */
import type { UncachedReason } from '../../schema/contracts/explanation.js';
import { cacheWish, type CacheWish } from '../cache/cache-wish.js';
import { ANSWER_CACHE_OPTIONS, type AnswerStore, type Outdated } from '../cache/answer-cache.js';
import { suits, type CachedAnswer } from '../cache/cached-answer.js';
import type { CopyRoom } from '../cache/copy-room.js';
import { requestKeyHash, requestVaryHash } from '../cache/request-key.js';
import { cachedAnswerName } from '../../schema/contracts/redis-keys.js';
import type { Arrival, PlannedCall, UpstreamCall } from '../exchange.js';
import { headerOf, joinedHeaders } from '../header-list.js';

export interface LookUpDeps {
  readonly answerCache: AnswerStore;
  readonly copyRoom: CopyRoom;
  readonly cacheKeyKey: Buffer;
}

/** The call, and what the cache has for it. A promise only when Redis has to be asked, and then one for all of it. */
export function lookUp(deps: LookUpDeps, arrival: Arrival, call: UpstreamCall): PlannedCall | Promise<PlannedCall> {
  const { policy } = call.target;
  const wish = cacheWish(arrival.options, policy.settings);
  if (wish === null || uncachedReason(arrival, call, wish) !== null) return { call, cache: null };
  const keyHash = requestKeyHash(deps.cacheKeyKey, arrival, call);
  if (keyHash === null) return { call, cache: null };
  const { accountId, gatewayId, cacheEpoch: epoch, cachePurges: purges } = policy;
  const name = cachedAnswerName({ accountId, gatewayId, epoch, keyHash });
  const wanted = {
    purges,
    acceptEncoding: joinedHeaders(arrival.head.rawHeaders, 'accept-encoding') ?? undefined,
    varyHash: (names: readonly string[]) => requestVaryHash(deps.cacheKeyKey, call, names),
  };
  const { ttlSeconds, isCoalesced } = wish;
  // What was asked for before a change of the gateway, a purge among them, serves nobody who asks after it.
  const sharing = isCoalesced ? { key: `${name.member}:${policy.revision}`, wanted } : null;
  const planned = (found: CachedAnswer | null, outdated: Outdated): PlannedCall => {
    const hit = found !== null && isRoomFor(found, arrival, deps) ? found : null;
    return { call, cache: { name, ttlSeconds, status: hit === null ? 'MISS' : 'HIT', hit, outdated, sharing } };
  };
  if (ttlSeconds === 0) return planned(null, null);
  return deps.answerCache.find(name, (answer) => suits(answer, wanted), planned);
}

/** Beyond this an answer is in no memory that requests share: each has read one of its own. */
const SHARED_BYTES_MAX = ANSWER_CACHE_OPTIONS.memoryAnswerBytesMax;

function isRoomFor({ body }: CachedAnswer, { response }: Arrival, { copyRoom }: LookUpDeps): boolean {
  return body.length <= SHARED_BYTES_MAX || copyRoom.holdFor(response, body.length);
}

/**
 * Whose answer may not stand for another's; null: it may. By the gateway's setting alone these are the calls whose
 * format is known, and which do nothing but ask: what others do (make a batch, upload a file, call somebody back) may
 * not be left out because it was done before.
 */
export function uncachedReason(arrival: Arrival, call: UpstreamCall, wish: CacheWish | null): UncachedReason | null {
  if (wish === null) return arrival.options.skipCache === true ? 'SKIPPED' : 'OFF';
  if (arrival.method !== 'POST') return 'METHOD';
  if (call.bodyStream !== null) return 'BODY_TOO_LARGE';
  if (headerOf(arrival.head.rawHeaders, 'range') !== null) return 'RANGE';
  if (wish.isAskedFor) return null;
  if (call.dialect === null) return 'UNKNOWN_FORMAT';
  return call.dialect.onlyAsks?.(call.destination.origin + call.path) === false ? 'SIDE_EFFECTS' : null;
}
