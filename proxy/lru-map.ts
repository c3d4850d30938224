/**
 * Maps that let go of what was used longest ago. Told `max`, `LRUCache` takes memory for all the entries that it may
 * ever have at once, 28 bytes each: bounds that few proxies ever reach were 15 MB of the heap of one that had just
 * started. Told sizes, it grows.
 */
import { LRUCache } from 'lru-cache';

/** At most `entriesMax` entries. */
export const lruMap = <Value extends NonNullable<unknown>>(
  entriesMax: number,
  options: Pick<LRUCache.Options<string, Value, unknown>, 'dispose'> = {},
): LRUCache<string, Value> =>
  new LRUCache<string, Value>({ ...options, maxSize: entriesMax, sizeCalculation: () => 1 });
