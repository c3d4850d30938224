/** The response cache's metrics: what it found and kept, and how often each of its bounds was reached. */
import type { Registry } from 'prom-client';
import type { AnswerCache } from '../cache/answer-cache.js';
import type { CopyRoom } from '../cache/copy-room.js';
import type { CoalescedCalls } from '../cache/coalesced-calls.js';
import { declareCounter, declareGauge } from '../../platform/metrics.js';

export interface CacheSources {
  readonly answerCache: AnswerCache;
  readonly copyRoom: CopyRoom;
  readonly coalescedCalls: CoalescedCalls;
}

export function declareAnswerCache(registry: Registry, { answerCache, copyRoom, coalescedCalls }: CacheSources): void {
  const { counts, absences } = answerCache;
  const counters: readonly (readonly [string, string, () => number])[] = [
    ['memory_hits', 'Requests answered from this process’s memory', () => counts.memoryHits],
    ['redis_hits', 'Requests answered from Redis', () => counts.redisHits],
    ['misses', 'Look-ups that found nothing', () => counts.misses],
    ['absent', 'Of the misses, those that did not ask Redis: it keeps nothing there', () => absences.counts.absent],
    [
      'watch_crowded',
      'Busy accounts whose look-ups ask Redis, since too many others are watched',
      () => absences.counts.crowded,
    ],
    [
      'watch_unable',
      'Busy accounts whose look-ups ask Redis: more is kept than can be watched, or Redis did not tell',
      () => absences.counts.unable,
    ],
    ['failures', 'Look-ups and stores that Redis failed or did not answer in time', () => counts.failures],
    ['too_slow', 'Look-ups that did not wait for a large answer to come from Redis', () => counts.tooSlow],
    ['stored', 'Answers that were kept', () => counts.stored],
    ['not_shared', 'Answers that this process alone keeps: Redis was away, or full', () => counts.notShared],
    ['memory_evictions', 'Answers that left this process’s memory early', () => counts.memoryEvictions],
    ['redis_evictions', 'Answers that left Redis early', () => counts.redisEvictions],
    ['too_large', 'Answers not kept: larger than the cache takes', () => copyRoom.counts.tooLarge],
    [
      'no_room',
      'Answers not kept, or not taken from Redis: too many large ones were in memory',
      () => copyRoom.counts.noRoom,
    ],
  ];
  for (const [name, help, read] of counters) declareCounter(registry, `tollgate_cache_${name}_total`, help, read);
  declareCoalescing(registry, coalescedCalls);
  declareGauge(
    registry,
    'tollgate_cache_watched_accounts',
    'Accounts of which this process watches what is kept',
    () => absences.watchedAccounts,
  );
  declareGauge(registry, 'tollgate_cache_memory_bytes', 'Cached answers in memory', () => answerCache.heldBytes);
  declareGauge(
    registry,
    'tollgate_cache_copy_bytes',
    'Copies of answers that are passing, and large cached ones',
    () => copyRoom.heldBytes,
  );
}

function declareCoalescing(registry: Registry, calls: CoalescedCalls): void {
  const { counts } = calls;
  const counters: readonly (readonly [string, string, () => number])[] = [
    ['led', 'Upstream calls that identical requests could follow', () => counts.led],
    ['followed', 'Requests answered by the upstream call of another one', () => counts.followed],
    ['alone', 'Requests that followed a call and then made one, because it had no answer for them', () => counts.alone],
    ['full', 'Requests that made a call because too many followed the one that ran', () => counts.full],
    ['behind', 'Clients cut because they fell too far behind others with the same answer', () => counts.behind],
  ];
  for (const [name, help, read] of counters) declareCounter(registry, `tollgate_coalescing_${name}_total`, help, read);
  declareGauge(registry, 'tollgate_coalescing_open_calls', 'Upstream calls that can be followed', () => calls.open);
  declareGauge(registry, 'tollgate_coalescing_clients', 'Clients that share these calls', () => calls.clients);
}
