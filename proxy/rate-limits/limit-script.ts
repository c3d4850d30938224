/**
 * The script that decides in Redis: all rules of a request at once and atomically, by Redis' own clock, so that any number
 * of proxies counts as one. A request is admitted by all of its rules and counted in each, or refused and counted in none.
 *
 * A rule has two hashes of value → count, for even and for odd windows; field `#` holds the window's number, which tells
 * whether what stands there is of this window or of one long past. Every key is declared, and has the account's hash tag.
 */

import { EXPIRY_SLACK_MS, MONTH_LUA, REDIS_CLOCK_LUA, WINDOW_FIELD } from '../../schema/contracts/request-counts.js';

/** The one value that all share who come when a window holds as many as it may. */
export const CROWDED_VALUE = '~';
/** How many values of a rule are counted apart in one window; those beyond share one counter. */
export const VALUES_MAX = 10_000;

/**
 * Looks at one rule: how long it refuses (0: it admits), what to count if all admit, whether the value is crowded out; then what
 * the wait was worked out from: what was admitted in this window and the one before, and how long this one lasts.
 */
const LOOK_LUA = `
local function look(rule, value, now, values_max)
  local at = rule * 3 - 1
  local limit, interval, is_sliding = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), ARGV[at + 2] == '1'
  local window, elapsed
  if interval > 0 then
    window = math.floor(now / interval)
    elapsed = now - window * interval
  else
    window, elapsed, interval = month_at(now)
  end
  local parity = window % 2
  local key = KEYS[rule * 2 - 1 + parity]
  local number = string.format('%.0f', window)
  local held = redis.call('HMGET', key, '${WINDOW_FIELD}', value)
  local is_open = held[1] == number
  local current, previous, crowded = 0, 0, false
  if is_open and held[2] then
    current = tonumber(held[2])
  elseif is_open and redis.call('HLEN', key) > values_max then
    crowded = true
    value = '${CROWDED_VALUE}'
    current = tonumber(redis.call('HGET', key, value) or 0)
  end
  if is_sliding then
    local past = redis.call('HMGET', KEYS[rule * 2 - parity], '${WINDOW_FIELD}', value)
    if past[2] and past[1] == string.format('%.0f', window - 1) then previous = tonumber(past[2]) end
  end
  local left = limit - 1 - current
  local wait = 0
  if previous * (interval - elapsed) > left * interval then
    wait = interval - elapsed
    if left >= 0 then
      wait = math.max(1, math.ceil(wait - left * interval / previous))
    elseif is_sliding then
      wait = wait + math.ceil(interval - (limit - 1) * interval / current)
    end
  end
  local lasts = (is_sliding and 2 or 1) * interval - elapsed + ${EXPIRY_SLACK_MS}
  return wait, { key, value, is_open, number, lasts }, crowded, current, previous, interval - elapsed
end`;

/** Counts one of what `look` found, and begins the window if nobody did. */
const COUNT_LUA = `
local function count(found)
  local key, value, is_open, number, lasts = unpack(found)
  if not is_open then
    redis.call('DEL', key)
    redis.call('HSET', key, '${WINDOW_FIELD}', number)
    redis.call('PEXPIRE', key, lasts)
  end
  redis.call('HINCRBY', key, value, 1)
end`;

/** Every request after the other, all rules of each: admitted by all of them and counted in each, or refused. */
const DECIDE_LUA = `
local rules = #KEYS / 2
local values_max = tonumber(ARGV[1])
local verdicts = {}
local last_count, last_window
for first = 2 + rules * 3, #ARGV, rules do
  local refusing, longest, is_crowded = 0, 0, false
  local found = {}
  for rule = 1, rules do
    local wait, to_count, crowded, current = look(rule, ARGV[first + rule - 1], now, values_max)
    last_count, last_window = current, to_count[4]
    if wait > longest then refusing, longest = rule, wait end
    if crowded then is_crowded = true end
    found[rule] = to_count
  end
  if refusing > 0 then
    verdicts[#verdicts + 1] = { refusing, longest }
  else
    for rule = 1, rules do count(found[rule]) end
    last_count = last_count + 1
    verdicts[#verdicts + 1] = is_crowded and -now or now
  end
end
if tonumber(ARGV[rules * 3]) == 0 then
  verdicts[#verdicts + 1] = last_count
  verdicts[#verdicts + 1] = tonumber(last_window)
end
return verdicts`;

/**
 * KEYS: two per rule, of even and odd windows. ARGV: how many values a window may hold; per rule its limit, its interval
 * in ms (0: the calendar month) and 1 if it slides; then, for each of any number of requests, one value per rule. Returns for each request the time
 * in ms (negative: a value shared a counter with others) when it was admitted, or {number of the refusing rule that is
 * longest in the way, ms until that would admit one} when it was not. If the last rule is of the calendar month, two numbers
 * follow: what is counted by it now, and the number of the month. `clock` sets the local `now`.
 */
export const limitScript = (clock: string = REDIS_CLOCK_LUA): string =>
  clock + MONTH_LUA + LOOK_LUA + COUNT_LUA + DECIDE_LUA;

const PREVIEW_LUA = `
local rules = #KEYS / 2
local states = {}
for rule = 1, rules do
  local _, _, _, current, previous, to_next = look(rule, ARGV[1 + rules * 3 + rule], now, tonumber(ARGV[1]))
  states[rule] = { current, previous, to_next }
end
return states`;

/** What the other script would decide of one request, with nothing counted: a `RuleState` for each rule. Parameters as there. */
export const previewScript = (): string => REDIS_CLOCK_LUA + MONTH_LUA + LOOK_LUA + PREVIEW_LUA;

/** How one rule stands to one value; times in ms, counts as in `window.ts`. */
export type RuleState = readonly [current: number, previous: number, toNextMs: number];
