/** The response cache's metrics: what it found and kept, and how often each of its bounds was reached. */
import type { Registry } from 'prom-client';
import type { AnswerCache } from '../cache/answer-cache.js';
import type { CopyRoom } from '../cache/answer-copy.js';
import { declareCounter, declareGauge } from './declare.js';

export interface CacheSources {
  readonly answerCache: AnswerCache;
  readonly copyRoom: CopyRoom;
}

export function declareAnswerCache(registry: Registry, { answerCache, copyRoom }: CacheSources): void {
  const { counts } = answerCache;
  const counters: readonly (readonly [string, string, () => number])[] = [
    ['memory_hits', 'Requests answered from this process’s memory', () => counts.memoryHits],
    ['redis_hits', 'Requests answered from Redis', () => counts.redisHits],
    ['misses', 'Look-ups that found nothing', () => counts.misses],
    ['failures', 'Commands that Redis failed or did not answer in time', () => counts.failures],
    ['stored', 'Answers that were kept', () => counts.stored],
    ['not_shared', 'Answers that this process alone keeps: Redis was away, or full', () => counts.notShared],
    ['memory_evictions', 'Answers that left this process’s memory early', () => counts.memoryEvictions],
    ['redis_evictions', 'Answers that left Redis early', () => counts.redisEvictions],
    ['too_large', 'Answers not kept: larger than the cache takes', () => copyRoom.counts.tooLarge],
    ['no_room', 'Answers not kept: too many were being copied', () => copyRoom.counts.noRoom],
  ];
  for (const [name, help, read] of counters) declareCounter(registry, `tollgate_cache_${name}_total`, help, read);
  declareGauge(registry, 'tollgate_cache_memory_bytes', 'Cached answers in memory', () => answerCache.heldBytes);
  declareGauge(registry, 'tollgate_cache_copy_bytes', 'Copies of answers that are passing', () => copyRoom.heldBytes);
}
