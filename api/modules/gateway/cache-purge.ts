/**
 * What a purge makes of what a gateway has purged already; the proxies read it in the policy
 * (schema/contracts/cache-purges.ts).
 */
import {
  CACHE_PURGES_MAX,
  CACHE_TTL_SECONDS_MAX,
  cacheKeyDigest,
  type CachePurge,
} from '../../../schema/contracts/cache-purges.js';
import type { Gateway } from '../../../schema/entities/gateway.js';

/** Which answers: those to a model, those under a client's key, those to both; null and null: all. */
export interface PurgedAnswers {
  readonly model: string | null;
  readonly key: string | null;
}

/** When, in the order of policies and by the clock. */
export interface PurgeMoment {
  readonly revision: string;
  readonly atMs: number;
}

type PurgeColumns = Pick<Gateway, 'cacheEpoch' | 'cachePurges'>;

/** The columns after the purge. What is more than can be remembered one by one begins the whole cache anew. */
export function purgedCache(before: PurgeColumns, answers: PurgedAnswers, moment: PurgeMoment): PurgeColumns {
  const { model, key } = answers;
  if (model === null && key === null) return emptiedCache(moment.revision);
  const revision = Number(moment.revision);
  const purges = (key === null ? [null] : keyDigests(key)).map((keyDigest) => ({
    revision,
    model,
    keyDigest,
    purgedAtMs: moment.atMs,
  }));
  const oldestMs = moment.atMs - CACHE_TTL_SECONDS_MAX * 1_000;
  const isSaidAgain = (purge: CachePurge): boolean =>
    purges.some((said) => said.model === purge.model && said.keyDigest === purge.keyDigest);
  const cachePurges = before.cachePurges
    .filter((purge) => purge.purgedAtMs > oldestMs && !isSaidAgain(purge))
    .concat(purges);
  if (cachePurges.length > CACHE_PURGES_MAX) return emptiedCache(moment.revision);
  return { cacheEpoch: before.cacheEpoch, cachePurges };
}

/** The columns of a cache of which nothing is left. */
export const emptiedCache = (revision: string): PurgeColumns => ({ cacheEpoch: revision, cachePurges: [] });

/** A header's bytes are what a client's library makes of its text: UTF-8 with most of them, Latin-1 with `fetch`. */
function keyDigests(key: string): string[] {
  const trimmed = key.trim();
  return [...new Set([cacheKeyDigest(Buffer.from(trimmed)), cacheKeyDigest(Buffer.from(trimmed, 'latin1'))])];
}
