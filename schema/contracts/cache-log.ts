/**
 * Where an account's cached answers are booked in Redis, so that their bytes can be bounded, and the scripts that do
 * so.
 *
 * Every answer that is kept has an entry at the end of a log: when it was kept, when it ends, its bytes, and its member
 * of the account's answers. Entries leave at the log's beginning: what has ended, and when there is no room, what was
 * kept first; what was used since goes on to the end once more (second chance). The bytes of an account are those of
 * its entries. An answer that is kept again has an entry for each time, and so counts more than it takes until the
 * first one leaves; never less.
 *
 * Entries of one log end about in the order in which they were kept: there is one for times to live from 1 s, 2 s, 4 s
 * … on.
 */
import { CACHE_TTL_SECONDS_MAX } from './cache-purges.js';
import type { AccountId } from './ids.js';
import { cachedAnswersPrefix, cachePrefix } from './redis-keys.js';

/** What one answer takes in Redis besides its bytes: its key, when that ends, and its entry. */
export const REDIS_OVERHEAD_BYTES = 640;

/** What an account's logs are kept under outlives each of its answers, and is not prolonged more than once a day. */
const CACHE_TTL_MS_MAX = CACHE_TTL_SECONDS_MAX * 1_000;
const LOG_TTL_MS = CACHE_TTL_MS_MAX + 86_400_000;

/** What the scripts are told: log → bytes; members that were used; what keys of logs and of answers begin with. */
export function cacheKeys(
  accountId: AccountId,
): readonly [booked: string, used: string, logs: string, answers: string] {
  const prefix = cachePrefix(accountId);
  return [`${prefix}booked`, `${prefix}hit`, `${prefix}log:`, cachedAnswersPrefix(accountId)];
}

/** `now`, and the parts of an entry: when it was kept, when it ends, its bytes (as text, all three), its member. */
const ENTRY_LUA = `
local booked, used, logs, answers = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local function parts(entry) return string.match(entry, '^(%d+) (%d+) (%d+) (.*)$') end`;

/**
 * What is booked, and how entries leave. `pending`: entries of this call that stand in no log yet. `evict_for(bytes)`:
 * makes room; returns how many answers left before their end, or -1 if there is no room all the same.
 */
const ROOM_LUA = `
local bytes_of, heads, pending, total, removed = {}, {}, {}, 0, 0
local function unbook(log, bytes)
  bytes = math.min(bytes, bytes_of[log])
  bytes_of[log] = bytes_of[log] - bytes
  total = total - bytes
end
local function head_of(log)
  if heads[log] == nil then heads[log] = redis.call('LINDEX', logs .. log, 0) end
  return heads[log]
end
local function write_pending()
  for log, entries in pairs(pending) do
    if redis.call('RPUSH', logs .. log, unpack(entries)) == #entries then
      redis.call('PEXPIRE', logs .. log, ${LOG_TTL_MS})
    end
    heads[log] = nil
  end
  pending = {}
end
local function drop_ended(log, now, most)
  local head = head_of(log)
  if not head then return unbook(log, bytes_of[log]) end
  local _, ends = parts(head)
  if tonumber(ends) > now then return end
  local gone = 0
  for _, entry in ipairs(redis.call('LRANGE', logs .. log, 0, most - 1)) do
    local _, entry_ends, bytes, member = parts(entry)
    if tonumber(entry_ends) > now then break end
    gone = gone + 1
    unbook(log, tonumber(bytes))
    redis.call('SREM', used, member)
  end
  redis.call('LTRIM', logs .. log, gone, -1)
  heads[log] = nil
end
local function evict_for(bytes, now, now_text)
  local evicted = 0
  while total + bytes > max do
    if removed >= most then return -1 end
    write_pending()
    local from, first
    for log in pairs(bytes_of) do
      local head = head_of(log)
      local kept_at = head and tonumber((parts(head)))
      if kept_at and (not first or kept_at < first) then from, first = log, kept_at end
    end
    if not from then
      for log in pairs(bytes_of) do unbook(log, bytes_of[log]) end
      break
    end
    local _, ends, size, member = parts(redis.call('LPOP', logs .. from))
    heads[from] = nil
    removed = removed + 1
    local is_used = redis.call('SREM', used, member) == 1
    local key = answers .. member
    -- Of another length it is one that was kept later, and has an entry of its own.
    if redis.call('STRLEN', key) + ${REDIS_OVERHEAD_BYTES} ~= tonumber(size) then
      unbook(from, tonumber(size))
    elseif is_used then
      redis.call('RPUSH', logs .. from, now_text .. ' ' .. ends .. ' ' .. size .. ' ' .. member)
    else
      unbook(from, tonumber(size))
      evicted = evicted + redis.call('DEL', key)
    end
  end
  return evicted
end`;

/**
 * Keeps answers of an account, and then reads some, in one step. To keep one is to make room for it, to book it and to
 * write it: what were written later, when it has been evicted meanwhile, would be counted by nobody. Time is Redis's
 * own.
 *
 * KEYS: as above. ARGV: bytesMax; how many entries one call takes from a log's beginning to make room; how many bytes
 * may be read; how many answers are to be kept, and for each its member, its ttl in ms and itself; the members to be
 * read. (Numbers stay the text that they came as: Lua writes each that it hands on with all its digits, which takes
 * longer than what is done with it.)
 *
 * Returns for each that is kept how many were evicted before their end (-1: there is no room, it was not written), and
 * then each that is read (its length where it is too large, nothing where there is none). Of several with one member
 * the last is kept.
 */
export const EXCHANGE_ANSWERS_LUA = `${ENTRY_LUA}
local max, most, kept = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4])
${ROOM_LUA}
local told = {}
if kept > 0 then
  local clock = redis.call('TIME')
  local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
  local now_text = string.format('%.0f', now)
  local sums = redis.call('HGETALL', booked)
  for i = 1, #sums, 2 do
    bytes_of[sums[i]] = tonumber(sums[i + 1])
    total = total + bytes_of[sums[i]]
  end
  for log in pairs(bytes_of) do drop_ended(log, now, 2 * kept + 8) end
  local last = {}
  for i = 1, kept do last[ARGV[2 + i * 3]] = i end
  local log_of, ends_of = {}, {}
  for i = 1, kept do
    local member, ttl, answer = ARGV[2 + i * 3], ARGV[3 + i * 3], ARGV[4 + i * 3]
    local bytes = #answer + ${REDIS_OVERHEAD_BYTES}
    if last[member] ~= i then
      told[i] = 0
    elseif bytes > max then
      told[i] = -1
    else
      told[i] = evict_for(bytes, now, now_text)
    end
    if last[member] == i and told[i] >= 0 then
      local log = log_of[ttl]
      if not log then
        local ms, power = tonumber(ttl), 0
        while ms >= 2000 do ms, power = ms / 2, power + 1 end
        log = string.format('%.0f', power)
        log_of[ttl], ends_of[ttl] = log, string.format('%.0f', now + tonumber(ttl))
      end
      local entries = pending[log] or {}
      pending[log] = entries
      entries[#entries + 1] = now_text .. ' ' .. ends_of[ttl] .. ' ' .. string.format('%.0f', bytes) .. ' ' .. member
      bytes_of[log] = (bytes_of[log] or 0) + bytes
      total = total + bytes
      redis.call('SET', answers .. member, answer, 'PX', ttl)
    end
  end
  write_pending()
  for log, bytes in pairs(bytes_of) do
    if bytes > 0 then
      redis.call('HSET', booked, log, string.format('%.0f', bytes))
    else
      redis.call('HDEL', booked, log)
    end
  end
  if redis.call('PTTL', booked) < ${CACHE_TTL_MS_MAX} then
    redis.call('PEXPIRE', booked, ${LOG_TTL_MS})
    for log in pairs(bytes_of) do redis.call('PEXPIRE', logs .. log, ${LOG_TTL_MS}) end
  end
end
local behind = 4 + kept * 3
local keys = {}
for i = 1, #ARGV - behind do keys[i] = answers .. ARGV[behind + i] end
if #keys > 0 then
  local is_any = redis.call('EXISTS', unpack(keys)) > 0
  local left = tonumber(ARGV[3])
  for i = 1, #keys do
    local bytes = is_any and redis.call('STRLEN', keys[i]) or 0
    if bytes == 0 then
      told[kept + i] = false
    elseif bytes > left then
      told[kept + i] = bytes
    else
      told[kept + i] = redis.call('GET', keys[i])
      left = left - bytes
    end
  end
end
return told`;

/**
 * Says that an answer was used. KEYS: as above. ARGV: its member, and how many bytes it had when it was read. Returns
 * for how many ms it will still be there; -2: it is gone, or another one stands there since.
 */
export const USE_ANSWER_LUA = `
local key = KEYS[4] .. ARGV[1]
if redis.call('STRLEN', key) ~= tonumber(ARGV[2]) then return -2 end
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ${LOG_TTL_MS})
return redis.call('PTTL', key)`;

/** What `FORGET_ANSWERS_LUA` is told: as above, and the index in which proxies of an older release book. */
export function forgottenKeys(accountId: AccountId): readonly string[] {
  const prefix = cachePrefix(accountId);
  return [...cacheKeys(accountId), ...['used', 'ends', 'sizes', 'sum'].map((name) => prefix + name)];
}

/**
 * Drops answers of an account, at most ARGV[1] a call, until none is left. KEYS: `forgottenKeys`. Returns how many it
 * dropped.
 */
export const FORGET_ANSWERS_LUA = `${ENTRY_LUA}
local most, dropped = tonumber(ARGV[1]), 0
for _, log in ipairs(redis.call('HKEYS', booked)) do
  if dropped == most then return dropped end
  local entries = redis.call('LRANGE', logs .. log, 0, most - dropped - 1)
  for _, entry in ipairs(entries) do
    local _, _, _, member = parts(entry)
    redis.call('DEL', answers .. member)
  end
  redis.call('LTRIM', logs .. log, #entries, -1)
  dropped = dropped + #entries
end
if dropped == most then return dropped end
local older = redis.call('ZRANGE', KEYS[5], 0, most - dropped - 1)
for _, member in ipairs(older) do
  redis.call('DEL', answers .. member)
  redis.call('ZREM', KEYS[5], member)
end
dropped = dropped + #older
if dropped < most then redis.call('DEL', booked, used, KEYS[5], KEYS[6], KEYS[7], KEYS[8]) end
return dropped`;
