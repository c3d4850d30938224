/**
 * How requests are counted in Redis, as far as both tiers have to agree: the shape of a rate limit's two hashes, the
 * calendar months that quotas count in, and what the api does when a count has fallen behind the ledger.
 */
import type { AccountId } from './ids.js';

/** A field of a rule's hash that is no value: the number of its window. */
export const WINDOW_FIELD = '#';
/** The value of requests that are not told apart. No hash of a value is that short. */
export const SHARED_VALUE = '-';

/** Redis' time, in ms since 1970. */
export const REDIS_CLOCK_LUA = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/** How long a hash outlives the last moment at which it counts. */
export const EXPIRY_SLACK_MS = 1_000;

/**
 * The requests that an account has had in this month (with permits that proxies have ahead), in its even and its odd
 * months; the rules of its gateways stand in the same slot.
 */
export const monthlyRequestKeys = (accountId: AccountId): readonly [string, string] => {
  const key = `tollgate:limit:v2:{${accountId}}:requests`;
  return [`${key}:0`, `${key}:1`];
};

/** The number of a UTC month: consecutive ones follow each other. */
export function monthNumber(ms: number): number {
  const date = new Date(ms);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** When the month of this number begins. */
export const monthStartMs = (number: number): number => Date.UTC(Math.floor(number / 12), number % 12);

/**
 * `month_at(now)`: the number of the UTC month, how long ago it began, and how long it is, in ms (after Howard
 * Hinnant's civil_from_days).
 */
export const MONTH_LUA = `
local function month_at(now)
  local days = math.floor(now / 86400000)
  local era = math.floor((days + 719468) / 146097)
  local day_of_era = days + 719468 - era * 146097
  local year = math.floor((day_of_era - math.floor(day_of_era / 1460) + math.floor(day_of_era / 36524)
    - math.floor(day_of_era / 146096)) / 365)
  local day_of_year = day_of_era - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  local march = math.floor((5 * day_of_year + 2) / 153)
  local first = days - (day_of_year - math.floor((153 * march + 2) / 5))
  year = year + era * 400
  local month = march + 2
  if march > 9 then
    month = march - 10
    year = year + 1
  end
  local length = ({ 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 })[month + 1]
  if month == 1 and year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0) then length = 29 end
  return year * 12 + month, now - first * 86400000, length * 86400000
end`;

/**
 * KEYS: the two of `monthlyRequestKeys`; ARGV: the number of a month, and how many requests the ledger has of it.
 * Raises the count to that if it is lower, so that a Redis that was emptied, or a quota that is new, begins where the
 * ledger is. Nothing happens when the month has ended. `clock` sets the local `now`. Returns the count.
 */
export const raiseCountScript = (clock: string = REDIS_CLOCK_LUA): string => `${clock}${MONTH_LUA}
local number, elapsed, length = month_at(now)
local month = string.format('%.0f', number)
if month ~= ARGV[1] then return 0 end
local key = KEYS[1 + number % 2]
if redis.call('HGET', key, '${WINDOW_FIELD}') ~= month then
  redis.call('DEL', key)
  redis.call('HSET', key, '${WINDOW_FIELD}', month)
  redis.call('PEXPIRE', key, length - elapsed + ${EXPIRY_SLACK_MS})
end
local held = tonumber(redis.call('HGET', key, '${SHARED_VALUE}') or 0)
if held < tonumber(ARGV[2]) then
  redis.call('HSET', key, '${SHARED_VALUE}', ARGV[2])
  return tonumber(ARGV[2])
end
return held`;
