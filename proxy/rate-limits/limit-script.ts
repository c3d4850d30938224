/**
 * The script that decides in Redis: all rules of a request at once and atomically, by Redis' own clock, so that any
 * number of proxies counts as one. A request is admitted by all of its rules and counted in each, or refused and
 * counted in none.
 *
 * A rule has two hashes of value → count, for even and for odd windows; field `#` holds the window's number, which
 * tells whether what stands there is of this window or of one long past. Every key is declared, and has the account's
 * hash tag.
 */

import {
  EXPIRY_SLACK_MS,
  MONTH_LUA,
  REDIS_CLOCK_LUA,
  SHARED_VALUE,
  WINDOW_FIELD,
} from '../../schema/contracts/request-counts.js';

/** The one value that all share who come when a window holds as many as it may. */
export const CROWDED_VALUE = '~';
/** How many values of a rule are counted apart in one window; those beyond share one counter. */
export const VALUES_MAX = 10_000;
/** Permits are taken ahead up to one in so many of what a limit has left, shared by the proxies that live. */
const LEFT_PER_PERMIT_AHEAD = 100;
/** Fewer are not worth a call. */
export const PERMITS_AHEAD_MIN = 8;

/**
 * What was counted before this call is read once for each rule and value, however many requests of the call have it;
 * what they add is written once behind the last of them. Nothing else happens at Redis meanwhile.
 *
 * `rule_at(rule)`: what holds for all values of a rule now. `value_at(of, value)`: what was admitted in this window and
 * the one before; the counter that all share, where the window holds as many values as it may.
 */
const LOOK_LUA = `
local rules = {}
local function rule_at(rule)
  local of = rules[rule]
  if of then return of end
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
  of = {
    limit = limit, interval = interval, is_sliding = is_sliding, elapsed = elapsed,
    number = string.format('%.0f', window), past_number = string.format('%.0f', window - 1),
    key = KEYS[rule * 2 - 1 + parity], past_key = KEYS[rule * 2 - parity],
    values = {}, counted = {}
  }
  rules[rule] = of
  return of
end

local values_max = tonumber(ARGV[1])
local function value_at(of, value)
  local found = of.values[value]
  if found then return found end
  local held = redis.call('HMGET', of.key, '${WINDOW_FIELD}', value)
  of.is_open = held[1] == of.number
  local current = of.is_open and tonumber(held[2] or '') or nil
  if not current then
    of.fields = of.fields or (of.is_open and redis.call('HLEN', of.key) or 1)
    if of.fields > values_max and value ~= '${CROWDED_VALUE}' then
      found = value_at(of, '${CROWDED_VALUE}')
      found.is_crowded = true
      of.values[value] = found
      return found
    end
  end
  local previous = 0
  if of.is_sliding then
    local past = redis.call('HMGET', of.past_key, '${WINDOW_FIELD}', value)
    if past[2] and past[1] == of.past_number then previous = tonumber(past[2]) end
  end
  found = { value = value, current = current or 0, previous = previous, is_new = not current, added = 0 }
  of.values[value] = found
  return found
end`;

/** How long a rule refuses a value, in ms; 0: it admits. */
const WAIT_LUA = `
local function wait_of(of, found)
  local interval, previous = of.interval, found.previous
  local left = of.limit - 1 - found.current
  if previous * (interval - of.elapsed) <= left * interval then return 0 end
  local wait = interval - of.elapsed
  if left >= 0 then return math.max(1, math.ceil(wait - left * interval / previous)) end
  if of.is_sliding then return wait + math.ceil(interval - (of.limit - 1) * interval / found.current) end
  return wait
end`;

/** Counts, and writes what was counted; the first one begins the window if nobody did. */
const COUNT_LUA = `
local function count(of, found, requests)
  if found.added == 0 then
    of.counted[#of.counted + 1] = found
    if found.is_new then of.fields = of.fields + 1 end
  end
  found.current = found.current + requests
  found.added = found.added + requests
end
local function write(of)
  if #of.counted > 0 and not of.is_open then
    redis.call('DEL', of.key)
    redis.call('HSET', of.key, '${WINDOW_FIELD}', of.number)
    redis.call('PEXPIRE', of.key, (of.is_sliding and 2 or 1) * of.interval - of.elapsed + ${EXPIRY_SLACK_MS})
  end
  for _, found in ipairs(of.counted) do redis.call('HINCRBY', of.key, found.value, found.added) end
end`;

/**
 * Counts requests that have not come yet, of rules that tell none apart: as many as are wanted, where every limit has a
 * hundred times as many left for each proxy. The time until a window ends is told a millisecond too short, as `now` has
 * none of its parts.
 */
const AHEAD_LUA = `
local function take_ahead(wanted, rule_count, proxies)
  local to_next, numbers = math.huge, {}
  for rule = 1, rule_count do
    local of = rule_at(rule)
    local found = value_at(of, '${SHARED_VALUE}')
    local past = found.previous * (of.interval - of.elapsed) / of.interval
    wanted = math.min(wanted, math.floor((of.limit - found.current - past) / (${LEFT_PER_PERMIT_AHEAD} * proxies)))
    to_next = math.min(to_next, of.interval - of.elapsed)
    numbers[rule] = tonumber(of.number)
  end
  if wanted < ${PERMITS_AHEAD_MIN} then return { 0 } end
  for rule = 1, rule_count do count(rules[rule], rules[rule].values['${SHARED_VALUE}'], wanted) end
  return { wanted, to_next - 1, unpack(numbers) }
end`;

/** Every request after the other, all rules of each: admitted by all of them and counted in each, or refused. */
const DECIDE_LUA = `
local rule_count = #KEYS / 2
local ahead_at = 2 + rule_count * 3
local verdicts = {}
for first = ahead_at + 2, #ARGV, rule_count do
  local refusing, longest, is_crowded = 0, 0, false
  for rule = 1, rule_count do
    local of = rule_at(rule)
    local found = value_at(of, ARGV[first + rule - 1])
    local wait = wait_of(of, found)
    if wait > longest then refusing, longest = rule, wait end
    if found.is_crowded then is_crowded = true end
  end
  if refusing > 0 then
    verdicts[#verdicts + 1] = { refusing, longest }
  else
    for rule = 1, rule_count do count(rules[rule], rules[rule].values[ARGV[first + rule - 1]], 1) end
    verdicts[#verdicts + 1] = is_crowded and -now or now
  end
end
local ahead = tonumber(ARGV[ahead_at])
if ahead > 0 then verdicts[#verdicts + 1] = take_ahead(ahead, rule_count, tonumber(ARGV[ahead_at + 1])) end
for rule = 1, rule_count do write(rules[rule]) end
if tonumber(ARGV[rule_count * 3]) == 0 then
  local quota = rules[rule_count]
  verdicts[#verdicts + 1] = quota.values['${SHARED_VALUE}'].current
  verdicts[#verdicts + 1] = tonumber(quota.number)
end
return verdicts`;

/**
 * KEYS: two per rule, of even and odd windows. ARGV: how many values a window may hold; per rule its limit, its
 * interval in ms (0: the calendar month) and 1 if it slides; how many permits are wanted ahead (0 where a rule tells
 * requests apart), and how many proxies live; then, for each of any number of requests, one value per rule. Returns for
 * each request the time in ms (negative: a value shared a counter with others) when it was admitted, or {number of the
 * refusing rule that is longest in the way, ms until that would admit one} when it was not. If permits are wanted, {how
 * many were taken, and unless 0: ms until the first of the rules' windows ends, the number of each rule's window}
 * follows. If the last rule is of the calendar month, two numbers follow: what is counted by it now, and the number of
 * the month. `clock` sets the local `now`.
 */
export const limitScript = (clock: string = REDIS_CLOCK_LUA): string =>
  clock + MONTH_LUA + LOOK_LUA + WAIT_LUA + COUNT_LUA + AHEAD_LUA + DECIDE_LUA;

/**
 * Uncounts permits that were taken ahead and that nobody used. KEYS as above. ARGV: how many, and for each rule the
 * number of the window in which they are counted. A window that is gone, or holds fewer, stays as it is.
 */
export const giveBackScript = (): string => `
local count = tonumber(ARGV[1])
for rule = 1, #KEYS / 2 do
  local number = ARGV[rule + 1]
  local key = KEYS[rule * 2 - 1 + tonumber(number) % 2]
  local held = redis.call('HMGET', key, '${WINDOW_FIELD}', '${SHARED_VALUE}')
  if held[1] == number and tonumber(held[2] or '0') >= count then
    redis.call('HINCRBY', key, '${SHARED_VALUE}', -count)
  end
end
return 0`;

const PREVIEW_LUA = `
local rule_count = #KEYS / 2
local states = {}
for rule = 1, rule_count do
  local of = rule_at(rule)
  local found = value_at(of, ARGV[1 + rule_count * 3 + rule])
  states[rule] = { found.current, found.previous, of.interval - of.elapsed }
end
return states`;

/**
 * What the other script would decide of one request, with nothing counted: a `RuleState` for each rule. Parameters as
 * there, less what is wanted ahead.
 */
export const previewScript = (): string => REDIS_CLOCK_LUA + MONTH_LUA + LOOK_LUA + PREVIEW_LUA;

/** How one rule stands to one value; times in ms, counts as in `window.ts`. */
export type RuleState = readonly [current: number, previous: number, toNextMs: number];
