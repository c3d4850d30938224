import { expect, test } from '@jest/globals';
import { cacheWish } from '../../../../proxy/cache/cache-wish.js';
import { parseRequestOptions } from '../../../../proxy/request-options.js';

/** What a request with these headers gets on a gateway with this setting: seconds, or null for no cache. */
function secondsOf(headers: Readonly<Record<string, string>>, cacheTtlSeconds: number): number | null {
  const options = parseRequestOptions(Object.entries(headers).flat());
  return cacheWish(options, { cacheTtlSeconds, coalesceIdentical: false })?.ttlSeconds ?? null;
}

const TTL = 'cf-aig-cache-ttl';
const SKIP = 'cf-aig-skip-cache';
const KEY = 'cf-aig-cache-key';

test.each<[Record<string, string>, number | null, number | null]>([
  // what the request says; on a gateway without a cache; on one that keeps answers for 600 s
  [{}, null, 600],
  [{ [TTL]: '120' }, 120, 120],
  [{ [TTL]: '0' }, null, null],
  [{ [TTL]: '1' }, 60, 60],
  [{ [TTL]: '99999999' }, 2_592_000, 2_592_000],
  [{ [KEY]: 'mine' }, 300, 600],
  [{ [KEY]: '  ' }, null, 600],
  [{ [KEY]: 'mine', [TTL]: '120' }, 120, 120],
  [{ [KEY]: 'mine', [TTL]: '0' }, null, null],
  [{ [SKIP]: 'true' }, null, null],
  [{ [SKIP]: 'true', [TTL]: '120', [KEY]: 'mine' }, null, null],
  [{ [SKIP]: 'false' }, null, 600],
  [{ [SKIP]: 'false', [TTL]: '120' }, 120, 120],
  [{ 'cf-cache-ttl': '120' }, 120, 120],
  [{ 'cf-skip-cache': 'true' }, null, null],
  // the names of today come before those of yesterday, in either order
  [{ 'cf-cache-ttl': '120', [TTL]: '180' }, 180, 180],
  [{ [TTL]: '180', 'cf-cache-ttl': '120' }, 180, 180],
  [{ 'cf-skip-cache': 'true', [SKIP]: 'false' }, null, 600],
  [{ [SKIP]: 'false', 'cf-skip-cache': 'true' }, null, 600],
])('%j: the request comes before its gateway', (headers, without, withCache) => {
  expect([secondsOf(headers, 0), secondsOf(headers, 600)]).toEqual([without, withCache]);
});

test.each([
  { [TTL]: 'ten' },
  { [TTL]: '-1' },
  { [TTL]: '60.5' },
  { [SKIP]: 'yes' },
  { 'cf-cache-ttl': 'ten' },
  { 'cf-skip-cache': '1' },
  { [KEY]: 'k'.repeat(8_193) },
])('%j is refused by its name', (headers) => {
  const [name = ''] = Object.keys(headers);
  expect(() => secondsOf(headers, 600)).toThrow(name);
});

test('what the request asked for is told apart from what its gateway does anyway', () => {
  const wish = (raw: string[]) =>
    cacheWish(parseRequestOptions(raw), { cacheTtlSeconds: 600, coalesceIdentical: false })?.isAskedFor;
  expect([wish([]), wish([TTL, '60']), wish([KEY, 'k']), wish([SKIP, 'false'])]).toEqual([false, true, true, false]);
});

test('calls are shared by a setting of its own, but for requests that say no to the cache', () => {
  const wish = (raw: string[], cacheTtlSeconds = 0) =>
    cacheWish(parseRequestOptions(raw), { cacheTtlSeconds, coalesceIdentical: true });
  expect(wish([])).toEqual({ ttlSeconds: 0, isCoalesced: true, isAskedFor: false });
  expect(wish([], 600)).toEqual({ ttlSeconds: 600, isCoalesced: true, isAskedFor: false });
  expect(wish([KEY, 'k'])).toEqual({ ttlSeconds: 300, isCoalesced: true, isAskedFor: true });
  expect([wish([SKIP, 'true']), wish([TTL, '0']), wish([TTL, '0'], 600), wish([SKIP, 'true'], 600)]).toEqual([
    null,
    null,
    null,
    null,
  ]);
});
