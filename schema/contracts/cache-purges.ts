/**
 * What was purged from a gateway's cache. It is a part of the policy, so that every proxy sees it, in whichever layer
 * an answer lies, by the way of every other change, and with Redis away too: an answer that was stored under an older
 * policy is no answer any more. The whole cache begins anew by its epoch, which is a part of the keys in Redis.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';

/** The answers to one model or one client's key (or of both) that are older than `revision`. */
export const cachePurgeSchema = z.object({
  /** the policy's, from which on answers are good again */
  revision: z.number(),
  /** as it was asked for, or as it answered; null: any */
  model: z.string().nullable(),
  /** of `cf-aig-cache-key`; null: any, and none */
  keyDigest: z.string().nullable(),
  /** Unix ms */
  purgedAtMs: z.number(),
});
export type CachePurge = z.infer<typeof cachePurgeSchema>;

/** As many are remembered one by one; with one more, the whole cache begins anew. */
export const CACHE_PURGES_MAX = 64;
/** Nothing is cached for longer (`cacheTtlSeconds`); what was purged before that has nothing left to keep out. */
export const CACHE_TTL_SECONDS_MAX = 2_592_000;

/** Hex of the digest by which a client's own key is known: keys may be long, and tell things. `bytes`: the header's. */
export const cacheKeyDigest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What a stored answer has to say for itself. */
export interface PurgeSubject {
  /** of the policy under which it was asked for */
  readonly policyRevision: number;
  readonly models: readonly (string | null)[];
  readonly keyDigest: string | null;
}

/** Whether one of `purges` came after the answer and means it. */
export function isPurged(purges: readonly CachePurge[], answer: PurgeSubject): boolean {
  for (const { revision, model, keyDigest } of purges) {
    if (revision <= answer.policyRevision) continue;
    if (model !== null && !answer.models.includes(model)) continue;
    if (keyDigest === null || keyDigest === answer.keyDigest) return true;
  }
  return false;
}
