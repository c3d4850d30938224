/**
 * Store: puts an answer into the cache when it is one that others may get. It waits for nothing: all proxies
 * have the answer as soon as Redis has it.
 */
import type { Logger } from '../../platform/logger.js';
import { cacheKeyDigest } from '../../schema/contracts/cache-purges.js';
import type { AnswerStore } from '../cache/answer-cache.js';
import type { CachedAnswer } from '../cache/cached-answer.js';
import { requestVaryHash } from '../cache/request-key.js';
import { isSound } from '../cache/sound-answer.js';
import { storedHeaders, varyNames } from '../cache/stored-headers.js';
import type { Arrival, LookedUp, Relayed, UpstreamCall } from '../exchange.js';

export interface StoreDeps {
  readonly answerCache: AnswerStore;
  readonly cacheKeyKey: Buffer;
  readonly log: Logger;
}

/** Never throws: the answer is on its way to its client, and a record is owed. */
export function store(
  deps: StoreDeps,
  arrival: Arrival,
  call: UpstreamCall,
  { cache, relayed }: { readonly cache: LookedUp | null; readonly relayed: Relayed },
): void {
  const { kept } = relayed;
  if (kept === null || cache === null || !kept.isCopied) return;
  try {
    const answer = cachedAnswer(deps, arrival, call, relayed);
    if (answer !== null) deps.answerCache.put(cache.name, answer, cache);
  } catch (error) {
    deps.log.error({ requestId: arrival.id, err: error }, 'an answer could not be cached; its client has it');
  } finally {
    kept.release();
  }
}

/** Null: nobody else may get it. */
function cachedAnswer(deps: StoreDeps, arrival: Arrival, call: UpstreamCall, relayed: Relayed): CachedAnswer | null {
  if (relayed.forwarded.kind !== 'answered') return null;
  const { headers } = relayed.forwarded.answer;
  const { provider, policy } = call.target;
  const vary = varyNames(headers, provider.credentialHeaders);
  if (vary === 'any') return null;
  const body = relayed.kept?.copied() ?? null;
  if (body === null || !isSound(call, relayed, body)) return null;
  const { cacheKey } = arrival.options;
  return {
    headers: storedHeaders(headers),
    body,
    contentEncoding: relayed.responseEncoding,
    vary,
    varyHash: vary === null ? null : requestVaryHash(deps.cacheKeyKey, call, vary),
    policyRevision: policy.revision,
    keyDigest: cacheKey === null ? null : cacheKeyDigest(Buffer.from(cacheKey, 'latin1')),
    requestedModel: call.facts?.model ?? null,
    reading: relayed.reading,
  };
}
