/**
 * Where an account's cached answers are booked in Redis, so that their bytes can be bounded, and the scripts that do
 * so.
 *
 * Every answer that is kept has an entry at the end of a log: when it was kept, when it ends, its bytes, and its member
 * of the account's answers. Entries leave at the log's beginning: what has ended, and when there is no room, what was
 * kept first; what was used since goes on to the end once more (second chance). The bytes of an account are those of
 * its entries. Where an answer stands another one is kept only if it suits no more; then both have an entry, and count,
 * until the first one's turn comes.
 *
 * Entries of one log end about in the order in which they were kept: there is one for times to live from 1 s, from 2 s,
 * from 4 s and so on.
 *
 * While somebody watches an account (cache-news.ts), the tail of each entry is told in its news as well.
 */
import { CACHE_TTL_SECONDS_MAX } from './cache-purges.js';
import type { AccountId } from './ids.js';
import { cachedAnswersPrefix, cachePrefix } from './redis-keys.js';

/** What one answer takes in Redis besides its bytes: its key, when that ends, its entry, and that it was used. */
export const REDIS_OVERHEAD_BYTES = 768;

/** What an account's logs are kept under outlives each of its answers, and is not prolonged more than once a day. */
const CACHE_TTL_MS_MAX = CACHE_TTL_SECONDS_MAX * 1_000;
const LOG_TTL_MS = CACHE_TTL_MS_MAX + 86_400_000;

/** The log of the longest time to live; a log is named by the power of two. */
const LAST_LOG = Math.floor(Math.log2(CACHE_TTL_SECONDS_MAX));

/**
 * What the scripts are told: log → bytes; members that were used; what keys of logs and of answers begin with; the
 * stream of what was kept last, which is there while somebody watches.
 */
export function cacheKeys(
  accountId: AccountId,
): readonly [booked: string, used: string, logs: string, answers: string, news: string] {
  const prefix = cachePrefix(accountId);
  return [`${prefix}booked`, `${prefix}hit`, `${prefix}log:`, cachedAnswersPrefix(accountId), `${prefix}news`];
}

/** By so many characters at its end a member is told in the news: 64 bits of its key's hash. */
export const MEMBER_TAIL_LENGTH = 16;
/** Batches of what was kept that the news have: what came in the last tenth of a second, of very many proxies. */
const NEWS_MAX = 1_000;

/**
 * The keys by name, and the parts of an entry: when it was kept, when it ends, its bytes (as text, all three), its
 * member.
 */
const ENTRY_LUA = `
local booked, used, logs, answers, news = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local function parts(entry) return string.match(entry, '^(%d+) (%d+) (%d+) (.*)$') end`;

/** Used answers that one call spares at most: what is used as soon as it was spared would leave no room for ever. */
const SPARED_MAX = 32;
/**
 * By so much may an answer end otherwise than its entry says: slots that move, a replica that takes over, a Redis
 * before 7, which reads its clock for each of a script's commands. One that took its place so soon may leave with it.
 */
const SAME_END_MS = 2_000;

/**
 * What is booked, and how entries leave. `pending`: entries of this call that stand in no log yet; `tails`: of those
 * that do, if somebody watches. `evict_for(bytes, …)` makes room, and returns how many answers left before their end,
 * or if there is no room all the same -1 less these.
 */
const ROOM_LUA = `
local bytes_of, kept_at_of, pending, total, removed, spared = {}, {}, {}, 0, 0, 0
local tails = redis.call('EXISTS', news) == 1 and {}
local function unbook(log, bytes)
  bytes = math.min(bytes, bytes_of[log])
  bytes_of[log] = bytes_of[log] - bytes
  total = total - bytes
end
local function kept_at(log)
  if kept_at_of[log] == nil then
    local first = redis.call('LINDEX', logs .. log, 0)
    kept_at_of[log] = first and tonumber((parts(first))) or false
  end
  return kept_at_of[log]
end
local function push(log, entries)
  if tails then
    for _, entry in ipairs(entries) do tails[#tails + 1] = string.sub(entry, -${MEMBER_TAIL_LENGTH}) end
  end
  local length = redis.call('RPUSH', logs .. log, unpack(entries))
  if length == #entries then
    redis.call('PEXPIRE', logs .. log, ${LOG_TTL_MS})
    kept_at_of[log] = nil
  end
end
local function write_pending()
  for log, entries in pairs(pending) do push(log, entries) end
  pending = {}
end
local function drop_ended(log, now, most)
  local first = redis.call('LINDEX', logs .. log, 0)
  if not first then return unbook(log, bytes_of[log]) end
  local _, ends = parts(first)
  if tonumber(ends) > now then return end
  local gone = 0
  for _, entry in ipairs(redis.call('LRANGE', logs .. log, 0, most - 1)) do
    local _, entry_ends, bytes, member = parts(entry)
    if tonumber(entry_ends) > now then break end
    gone = gone + 1
    unbook(log, tonumber(bytes))
    if redis.call('EXISTS', answers .. member) == 0 then redis.call('SREM', used, member) end
  end
  redis.call('LTRIM', logs .. log, gone, -1)
end
local function evict_for(bytes, now, now_text)
  local evicted = 0
  while total + bytes > max do
    if removed >= most then return -1 - evicted end
    write_pending()
    local from, first
    for log in pairs(bytes_of) do
      local at = kept_at(log)
      if at and (not first or at < first) then from, first = log, at end
    end
    if not from then
      for log in pairs(bytes_of) do unbook(log, bytes_of[log]) end
      break
    end
    local _, ends, size, member = parts(redis.call('LPOP', logs .. from))
    kept_at_of[from] = nil
    removed = removed + 1
    local left = redis.call('PTTL', answers .. member)
    if left < 0 then
      redis.call('SREM', used, member)
      unbook(from, tonumber(size))
    elseif math.abs(now + left - tonumber(ends)) > ${SAME_END_MS} then
      unbook(from, tonumber(size)) -- it is one that was kept later, and has an entry of its own
    elseif redis.call('SREM', used, member) == 1 and spared < ${SPARED_MAX} then
      spared = spared + 1
      push(from, { now_text .. ' ' .. ends .. ' ' .. size .. ' ' .. member })
    else
      unbook(from, tonumber(size))
      evicted = evicted + redis.call('DEL', answers .. member)
    end
  end
  return evicted
end`;

/**
 * Keeps answers of an account, and then reads some, in one step. To keep one is to make room for it, to write it and to
 * book it: what were written later, when it has been evicted meanwhile, would be counted by nobody. Room comes first: a
 * Redis whose memory is full lets a script go on that has freed some. Time is Redis's own.
 *
 * KEYS: as above. ARGV: for each answer that is to be kept its member, its ttl in ms, how the answer begins whose place
 * it takes (empty: of none; one byte: whatever stands there), and itself; the members to be read; how many answers are
 * to be kept, how many bytes may be read, bytesMax, and how many entries one call takes from a log's beginning to make
 * room. (Numbers stay the text that they came as: Lua writes each that it hands on with all its digits, which takes
 * longer than what is done with it.)
 *
 * Returns for each that is kept how many were evicted before their end (-1 less these: there is no room, it was not
 * written; nothing: another one stands there, or comes behind it in this call), and then each that is read (its length
 * where it is too large, nothing where there is none).
 */
export const EXCHANGE_ANSWERS_LUA = `${ENTRY_LUA}
local behind = #ARGV - 4
local kept, left = tonumber(ARGV[behind + 1]), tonumber(ARGV[behind + 2])
local max, most = tonumber(ARGV[behind + 3]), tonumber(ARGV[behind + 4])
local told = {}
if kept > 0 then
${ROOM_LUA}
  local clock = redis.call('TIME')
  local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
  local now_text = string.format('%.0f', now)
  local sums = redis.call('HGETALL', booked)
  for i = 1, #sums, 2 do
    bytes_of[sums[i]] = tonumber(sums[i + 1])
    total = total + bytes_of[sums[i]]
  end
  for log in pairs(bytes_of) do drop_ended(log, now, 2 * kept + 8) end
  local last, outdated_of = {}, {}
  for i = 1, kept do
    local at = i * 4 - 3
    local member, outdated = ARGV[at], ARGV[at + 2]
    if #outdated > 0 then outdated_of[member] = outdated end
    if #ARGV[at + 3] + ${REDIS_OVERHEAD_BYTES} <= max then last[member] = i end
  end
  local function may_replace(key, outdated)
    return outdated and (#outdated == 1 or redis.call('GETRANGE', key, 0, #outdated - 1) == outdated)
  end
  local log_of, ends_of = {}, {}
  for i = 1, kept do
    local at = i * 4 - 3
    local member, ttl, answer = ARGV[at], ARGV[at + 1], ARGV[at + 3]
    local bytes = #answer + ${REDIS_OVERHEAD_BYTES}
    local key = answers .. member
    local is_kept = false
    if bytes > max then
      told[i] = -1
    elseif last[member] ~= i then
      told[i] = false
    else
      local replaces = may_replace(key, outdated_of[member])
      -- Nothing leaves for one that is not written. Below the bound its SET says so.
      if not replaces and total + bytes > max and redis.call('EXISTS', key) == 1 then
        told[i] = false
      else
        told[i] = evict_for(bytes, now, now_text)
        if told[i] >= 0 then
          is_kept = replaces and redis.call('SET', key, answer, 'PX', ttl)
            or redis.call('SET', key, answer, 'PX', ttl, 'NX')
          if not is_kept then told[i] = false end
        end
      end
    end
    if is_kept then
      local log = log_of[ttl]
      if not log then
        local ms, power = tonumber(ttl), 0
        while ms >= 2000 do ms, power = ms / 2, power + 1 end
        log = string.format('%.0f', power)
        log_of[ttl], ends_of[ttl] = log, string.format('%.0f', now + tonumber(ttl))
      end
      if not bytes_of[log] then
        -- Entries that no sum counts; their answers end with their time.
        redis.call('DEL', logs .. log)
        bytes_of[log] = 0
      end
      local entries = pending[log] or {}
      pending[log] = entries
      entries[#entries + 1] = now_text .. ' ' .. ends_of[ttl] .. ' ' .. string.format('%.0f', bytes) .. ' ' .. member
      bytes_of[log] = bytes_of[log] + bytes
      total = total + bytes
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
  if tails and #tails > 0 then
    redis.call('XADD', news, 'MAXLEN', '~', ${NEWS_MAX}, '*', 'kept', table.concat(tails))
  end
end
local keys = {}
for at = kept * 4 + 1, behind do keys[#keys + 1] = answers .. ARGV[at] end
if #keys > 0 then
  local is_any = redis.call('EXISTS', unpack(keys)) > 0
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
if redis.call('SADD', KEYS[2], ARGV[1]) == 1 and redis.call('PTTL', KEYS[2]) < 0 then
  redis.call('PEXPIRE', KEYS[2], ${LOG_TTL_MS})
end
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
for power = 0, ${LAST_LOG} do
  if dropped == most then return dropped end
  local log = logs .. string.format('%.0f', power)
  local entries = redis.call('LRANGE', log, 0, most - dropped - 1)
  for _, entry in ipairs(entries) do
    local _, _, _, member = parts(entry)
    redis.call('DEL', answers .. member)
  end
  if #entries > 0 then redis.call('LTRIM', log, #entries, -1) end
  dropped = dropped + #entries
end
if dropped == most then return dropped end
local older = redis.call('ZRANGE', KEYS[6], 0, most - dropped - 1)
for _, member in ipairs(older) do
  redis.call('DEL', answers .. member)
  redis.call('ZREM', KEYS[6], member)
end
dropped = dropped + #older
if dropped < most then
  redis.call('DEL', booked, used, news, KEYS[6], KEYS[7], KEYS[8], KEYS[9])
end
return dropped`;
