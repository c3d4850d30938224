/**
 * How a proxy watches what an account's cache keeps, so that it knows of most keys that nothing is kept under them: it
 * reads the account's logs (cache-log.ts) once, and from before that on whatever is kept.
 *
 * The news are a stream that is there while somebody watches. Each entry has the tails of members that were booked in
 * one call. Every answer that stands in Redis has been booked, so whoever has read the logs and all news since knows
 * all that can be found; and more, for nobody tells what has left.
 */
import { MEMBER_TAIL_LENGTH } from './cache-log.js';

/** So long the news stay where nobody asks for them. */
const NEWS_TTL_MS = 10_000;

/**
 * What was kept since. KEYS: `cacheKeys`. ARGV: the entry of the news that the asker has heard last; empty: none.
 *
 * Returns the entry that he has heard last now, and the tails of what was kept since his, in one string. When his is
 * not there any more (or he had none) nothing in place of tails, and the names of all logs: what is in them he has to
 * read after this.
 */
export const HEAR_NEWS_LUA = `
local booked, news = KEYS[1], KEYS[5]
if #ARGV[1] > 0 then
  local entries = redis.call('XRANGE', news, ARGV[1], '+')
  if entries[1] and entries[1][1] == ARGV[1] then
    redis.call('PEXPIRE', news, ${NEWS_TTL_MS})
    local tails = {}
    for i = 2, #entries do tails[i - 1] = entries[i][2][2] end
    return { entries[#entries][1], table.concat(tails) }
  end
end
local heard = redis.call('XADD', news, '*', 'kept', '')
redis.call('PEXPIRE', news, ${NEWS_TTL_MS})
return { heard, false, redis.call('HKEYS', booked) }`;

/**
 * A part of a log, from its end on: what comes behind it meanwhile is read twice at worst. KEYS: `cacheKeys`. ARGV: the
 * log's name; how many of its entries were read; how many are to be read.
 *
 * Returns the tails of their members, in one string: an empty one when there are no more.
 */
export const READ_LOG_LUA = `
local read, count = tonumber(ARGV[2]), tonumber(ARGV[3])
local entries = redis.call('LRANGE', KEYS[3] .. ARGV[1], string.format('%.0f', -read - count), string.format('%.0f', -read - 1))
for i, entry in ipairs(entries) do entries[i] = string.sub(entry, -${MEMBER_TAIL_LENGTH}) end
return table.concat(entries)`;
