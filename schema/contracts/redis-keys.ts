/**
 * Every Redis key and channel, built in one place for writers and readers alike. Versioned: a document of another
 * shape gets another key. One key per command, or several that share a hash tag, so Redis Cluster needs nothing special.
 */
import { z } from 'zod';
import { CACHE_TTL_SECONDS_MAX } from './cache-purges.js';
import type { AccountId, GatewayId } from './ids.js';

/** JSON of a GatewayPolicy, or `null` when there is no such gateway; the hash fields are `revision` and `document`. */
export const policyKey = (accountId: AccountId, gatewayName: string): string =>
  `tollgate:policy:v4:${accountId}:${gatewayName}`;

/** The account id behind a URL's account segment. Never changes once it exists: tags and names are not reused. */
export const accountKey = (segment: string): string => `tollgate:account:v1:${segment}`;

/** JSON of a TokenGrant under the keyed hash of the token. */
export const tokenGrantKey = (tokenHash: string): string => `tollgate:token:v1:${tokenHash}`;

/**
 * What a rate limit has counted, in its even and in its odd windows: hashes of value → count, with the window's number.
 * All rules of an account share a slot, with its quota of requests, so that one script decides on all that concern a request.
 */
export const rateLimitKeys = (
  accountId: AccountId,
  gatewayId: GatewayId,
  ruleId: string,
): readonly [string, string] => {
  const key = `tollgate:limit:v2:{${accountId}}:${gatewayId}:${ruleId}`;
  return [`${key}:0`, `${key}:1`];
};

/** What one caller of the api may still spend on GraphQL: the hash fields are `points` and `at` (ms of Redis' clock). */
export const queryBudgetKey = (caller: string): string => `tollgate:query:v1:${caller}`;

/**
 * When something was guessed at, or from where: a sorted set of guesses by their time. `what` is a keyed hash. All stand in one
 * slot, because one script counts a guess for its email and its address, or for neither; sign-ins are few.
 */
export const guessKey = (what: string): string => `tollgate:guess:v1:{sign-in}:${what}`;

/** The proxies that live, each with the time at which it was last heard of (seconds of Redis' clock). */
export const LIVE_PROXIES_KEY = 'tollgate:proxies:v1';

/** Announces policy changes to every proxy; a message is a PolicyChange as JSON. Lossy: the version poll repeats it. */
export const POLICY_CHANNEL = 'tollgate:policy-changes:v1';

/** One row of the outbox, and one message on the channel. */
export const policyChangeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('gateway'), accountId: z.string(), gatewayName: z.string(), revision: z.number() }),
  z.object({ kind: z.literal('token'), accountId: z.string(), tokenHash: z.string(), revision: z.number() }),
  z.object({ kind: z.literal('account'), accountId: z.string(), revision: z.number() }),
  /** a new price list became current */
  z.object({ kind: z.literal('prices'), revision: z.number() }),
]);
export type PolicyChange = z.infer<typeof policyChangeSchema>;

/** How long a document may stay in Redis: bounds what a lost announcement and a lost poll together can hide. */
export const POLICY_TTL_SECONDS = 60;

/**
 * KEYS[1]; ARGV: revision, document, TTL. Stores the document unless a newer revision stands there, so that a slow
 * writer never puts an old policy over a new one. Returns 1 if stored, 0 if not.
 */
export const SET_IF_NEWER_LUA = `
local held = redis.call('HGET', KEYS[1], 'revision')
if held and tonumber(held) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'revision', ARGV[1], 'document', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1`;

/**
 * KEYS[1]; ARGV: cost, points a minute, capacity. Takes the cost from a bucket that fills steadily, by Redis's own clock.
 * Returns 0, or after how many milliseconds there will be enough: then nothing was taken.
 */
export const SPEND_POINTS_LUA = `
local cost, rate, capacity = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local points = tonumber(redis.call('HGET', KEYS[1], 'points') or capacity)
local at = tonumber(redis.call('HGET', KEYS[1], 'at') or now)
points = math.min(capacity, points + math.max(0, now - at) * rate / 60000)
if points < cost then return math.ceil((cost - points) * 60000 / rate) end
redis.call('HSET', KEYS[1], 'points', points - cost, 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(capacity * 60000 / rate))
return 0`;

/**
 * KEYS: what a guess counts for; ARGV: the window in ms, the guess's id, and the most of each key. Counts it for all of them,
 * by Redis's own clock, or for none where one has its most within the window. Returns 1 if counted, 0 if not.
 */
export const COUNT_GUESS_LUA = `
local window, id = tonumber(ARGV[1]), ARGV[2]
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
  if redis.call('ZCARD', key) >= tonumber(ARGV[2 + i]) then return 0 end
end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now, id)
  redis.call('PEXPIRE', key, window)
end
return 1`;

/** KEYS: what a guess counts for; ARGV: its id. It counts no more. */
export const TAKE_BACK_GUESS_LUA = `
for _, key in ipairs(KEYS) do redis.call('ZREM', key, ARGV[1]) end
return 1`;

/** Whose answer it is, and under which whole cache of its gateway it was stored. */
interface CachedAnswerParts {
  readonly accountId: AccountId;
  readonly gatewayId: GatewayId;
  readonly epoch: number;
  /** the request's `cacheKeyHash` */
  readonly keyHash: string;
}

export interface CachedAnswerName {
  readonly accountId: AccountId;
  readonly keyHash: string;
  /** its place among its account's: the member of the two indexes, and the end of its key */
  readonly member: string;
}

/** Made once for a request, which asks by its member up to four times: a text that is joined anew is hashed anew. */
export const cachedAnswerName = ({ accountId, gatewayId, epoch, keyHash }: CachedAnswerParts): CachedAnswerName => ({
  accountId,
  keyHash,
  member: `${gatewayId}:${epoch}:${keyHash}`,
});

/** Everything of one account's cache stands in one slot, because its bytes are bounded together. */
const cachePrefix = (accountId: AccountId): string => `tollgate:cache:v1:{${accountId}}:`;

/** What the keys of an account's answers begin with; their members follow. */
export const cachedAnswersPrefix = (accountId: AccountId): string => `${cachePrefix(accountId)}answer:`;

/** A cached answer, in the format of proxy/cache/stored-answer.ts. */
export const cachedAnswerKey = (name: CachedAnswerName): string => cachedAnswersPrefix(name.accountId) + name.member;

/** An account's index: members by the time of their last use, by the time of their end, their sizes, and the sum of them. */
export function cacheIndexKeys(
  accountId: AccountId,
): readonly [used: string, ends: string, sizes: string, sum: string] {
  const prefix = cachePrefix(accountId);
  return [`${prefix}used`, `${prefix}ends`, `${prefix}sizes`, `${prefix}sum`];
}

/** An account's index outlives each of its answers, and is not prolonged more than once a day. */
const CACHE_TTL_MS_MAX = CACHE_TTL_SECONDS_MAX * 1_000;
const DAY_MS = 86_400_000;

/**
 * Keeps answers of an account, and then reads some, in one step. To keep one is to make room for it, to book it and to write it:
 * what were written later, when it has been evicted meanwhile, would be counted by nobody. What has ended goes first, then what was used longest ago. Time is
 * Redis's own.
 *
 * KEYS: the index's four, and the prefix of answers' keys. ARGV: bytesMax; how many members one call removes at most; how many bytes may be
 * read; how many answers are to be kept, and for each its member, the bytes that are booked, its ttl in ms and itself; the members to be read.
 * (Numbers stay the text that they came as: Lua writes each that it hands on with all its digits, which takes longer than what is done with it.)
 *
 * Returns for each that is kept how many were evicted before their end (-1: there is no room, it was not written), and then
 * each that is read (its length where it is too large, nothing where there is none).
 */
export const EXCHANGE_ANSWERS_LUA = `
local used, ends, sizes, sum, prefix = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local max, most, kept = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4])
local now, now_text, total, removed
local by_use, by_end, by_size, fresh, end_texts = {}, {}, {}, {}, {}
local function book()
  if #by_use == 0 then return end
  redis.call('ZADD', used, unpack(by_use))
  redis.call('ZADD', ends, unpack(by_end))
  redis.call('HSET', sizes, unpack(by_size))
  by_use, by_end, by_size = {}, {}, {}
end
local function drop(member)
  total = total - tonumber(redis.call('HGET', sizes, member) or '0')
  redis.call('ZREM', used, member)
  redis.call('ZREM', ends, member)
  redis.call('HDEL', sizes, member)
  redis.call('DEL', prefix .. member)
end
local function evict_for(bytes)
  local evicted = 0
  while total + bytes > max do
    book()
    if removed >= most then return -1 end
    local oldest = redis.call('ZRANGE', used, 0, 0)[1]
    if not oldest then
      total = 0
      break
    end
    drop(oldest)
    removed = removed + 1
    evicted = evicted + 1
  end
  return evicted
end
local function keep(member, size, ttl, answer, was_there)
  local bytes = tonumber(size)
  if bytes > max then return -1 end
  if fresh[member] then
    book()
    was_there = true
  end
  if was_there then drop(member) end
  local evicted = evict_for(bytes)
  if evicted < 0 then return evicted end
  local end_text = end_texts[ttl]
  if not end_text then
    end_text = string.format('%.0f', now + tonumber(ttl))
    end_texts[ttl] = end_text
  end
  local at = #by_use
  by_use[at + 1], by_use[at + 2] = now_text, member
  by_end[at + 1], by_end[at + 2] = end_text, member
  by_size[at + 1], by_size[at + 2] = member, size
  fresh[member] = true
  total = total + bytes
  redis.call('SET', prefix .. member, answer, 'PX', ttl)
  return evicted
end

local told = {}
if kept > 0 then
  local clock = redis.call('TIME')
  now = clock[1] * 1000 + math.floor(clock[2] / 1000)
  now_text = string.format('%.0f', now)
  total, removed = tonumber(redis.call('GET', sum) or '0'), 0
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', now_text, 'LIMIT', 0, most)) do
    drop(member)
    removed = removed + 1
  end
  local members = {}
  for i = 1, kept do members[i] = ARGV[1 + i * 4] end
  local were_there = redis.call('HMGET', sizes, unpack(members))
  for i = 1, kept do
    local at = 1 + i * 4
    told[i] = keep(members[i], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], were_there[i])
  end
  book()
  redis.call('SET', sum, string.format('%.0f', total), 'KEEPTTL')
  if math.min(redis.call('PTTL', used), redis.call('PTTL', sum)) < ${CACHE_TTL_MS_MAX} then
    for i = 1, 4 do redis.call('PEXPIRE', KEYS[i], ${CACHE_TTL_MS_MAX + DAY_MS}) end
  end
end
local behind = 4 + kept * 4
local keys = {}
for i = 1, #ARGV - behind do keys[i] = prefix .. ARGV[behind + i] end
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
 * Says that an answer was used. KEYS: as above. ARGV: its member, and how many bytes it had when it was read. Returns for how many ms it will
 * still be there; -2: it is gone, or another one stands there since.
 */
export const USE_ANSWER_LUA = `
local key = KEYS[5] .. ARGV[1]
if redis.call('STRLEN', key) ~= tonumber(ARGV[2]) then return -2 end
local clock = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'XX', string.format('%.0f', clock[1] * 1000 + math.floor(clock[2] / 1000)), ARGV[1])
return redis.call('PTTL', key)`;

/** What the scripts on an account's cache need: its index, and how the keys of its answers begin. */
export const cacheKeys = (accountId: AccountId): readonly string[] => [
  ...cacheIndexKeys(accountId),
  cachedAnswersPrefix(accountId),
];

/** Drops answers of an account, at most ARGV[1] a call, until none is left. KEYS: as above. Returns how many it dropped. */
export const FORGET_ANSWERS_LUA = `
local names = redis.call('ZRANGE', KEYS[1], 0, ARGV[1] - 1)
for _, name in ipairs(names) do
  redis.call('DEL', KEYS[5] .. name)
  for i = 1, 2 do redis.call('ZREM', KEYS[i], name) end
end
if #names < tonumber(ARGV[1]) then redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4]) end
return #names`;
