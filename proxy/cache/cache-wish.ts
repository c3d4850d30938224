/** Whether a request wants the cache, and for how long: its own headers come before its gateway's settings. */
import type { GatewaySettingsValues } from '../../schema/contracts/gateway-settings.js';
import type { RequestOptions } from '../request-options.js';

/** Of an answer that is cached for its key alone (cloudflare-wire §3). */
const KEY_ONLY_TTL_SECONDS = 300;

export interface CacheWish {
  readonly ttlSeconds: number;
  /** whether the request itself asked for it */
  readonly isAskedFor: boolean;
}

type CacheOptions = Pick<RequestOptions, 'skipCache' | 'cacheTtlSeconds' | 'cacheKey'>;

/** Null: this request neither reads nor writes the cache. */
export function cacheWish(
  options: CacheOptions,
  settings: Pick<GatewaySettingsValues, 'cacheTtlSeconds'>,
): CacheWish | null {
  if (options.skipCache === true) return null;
  const isAskedFor = options.cacheTtlSeconds !== null || options.cacheKey !== null;
  const byGateway = settings.cacheTtlSeconds;
  if (!isAskedFor && byGateway === 0) return null;
  const byDefault = byGateway > 0 || options.cacheKey === null ? byGateway : KEY_ONLY_TTL_SECONDS;
  const ttlSeconds = options.cacheTtlSeconds ?? byDefault;
  return ttlSeconds === 0 ? null : { ttlSeconds, isAskedFor };
}
