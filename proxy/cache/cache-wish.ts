/** What a request wants of the cache: its own headers come before its gateway's settings. */
import type { GatewaySettingsValues } from '../../schema/contracts/gateway-settings.js';
import type { RequestOptions } from '../request-options.js';

/** Of an answer that is cached for its key alone (cloudflare-wire §3). */
const KEY_ONLY_TTL_SECONDS = 300;

export interface CacheWish {
  /** 0: nothing is read or kept, the call is only shared */
  readonly ttlSeconds: number;
  /** whether an upstream call that is running for an identical request will do */
  readonly isCoalesced: boolean;
  /** whether the request itself asked for it */
  readonly isAskedFor: boolean;
}

type CacheOptions = Pick<RequestOptions, 'skipCache' | 'cacheTtlSeconds' | 'cacheKey'>;

const COALESCED_ONLY: CacheWish = Object.freeze({ ttlSeconds: 0, isCoalesced: true, isAskedFor: false });

/** Null: this request neither reads nor writes the cache, and has an upstream call of its own. */
export function cacheWish(
  options: CacheOptions,
  settings: Pick<GatewaySettingsValues, 'cacheTtlSeconds' | 'coalesceIdentical'>,
): CacheWish | null {
  if (options.skipCache === true) return null;
  const isAskedFor = options.cacheTtlSeconds !== null || options.cacheKey !== null;
  const byGateway = settings.cacheTtlSeconds;
  const isCoalesced = settings.coalesceIdentical;
  if (!isAskedFor && byGateway === 0) return isCoalesced ? COALESCED_ONLY : null;
  const byDefault = byGateway > 0 || options.cacheKey === null ? byGateway : KEY_ONLY_TTL_SECONDS;
  const ttlSeconds = options.cacheTtlSeconds ?? byDefault;
  return ttlSeconds === 0 ? null : { ttlSeconds, isCoalesced, isAskedFor };
}
