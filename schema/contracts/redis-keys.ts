/**
 * Redis keys and channels, built in one place for writers and readers alike (cache-log.ts has those of the cache's
 * logs). Versioned: a document of another shape gets another key. One key per command, or several that share a hash
 * tag, so Redis Cluster needs nothing special.
 */
import { z } from 'zod';
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
 * All rules of an account share a slot, with its quota of requests, so that one script decides on all that concern a
 * request.
 */
export const rateLimitKeys = (
  accountId: AccountId,
  gatewayId: GatewayId,
  ruleId: string,
): readonly [string, string] => {
  const key = `tollgate:limit:v2:{${accountId}}:${gatewayId}:${ruleId}`;
  return [`${key}:0`, `${key}:1`];
};

/**
 * What one caller of the api may still spend on GraphQL: the hash fields are `points` and `at` (ms of Redis' clock).
 */
export const queryBudgetKey = (caller: string): string => `tollgate:query:v1:${caller}`;

/**
 * When something was guessed at, or from where: a sorted set of guesses by their time. `what` is a keyed hash. All
 * stand in one slot, because one script counts a guess for its email and its address, or for neither; sign-ins are few.
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
 * KEYS[1]; ARGV: cost, points a minute, capacity. Takes the cost from a bucket that fills steadily, by Redis's own
 * clock. Returns 0, or after how many milliseconds there will be enough: then nothing was taken.
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
 * KEYS: what a guess counts for; ARGV: the window in ms, the guess's id, and the most of each key. Counts it for all of
 * them, by Redis's own clock, or for none where one has its most within the window. Returns 1 if counted, 0 if not.
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
  /** its place among its account's: what its entries in the cache log name, and the end of its key */
  readonly member: string;
}

/** Made once for a request, which asks by its member up to four times: a text that is joined anew is hashed anew. */
export const cachedAnswerName = ({ accountId, gatewayId, epoch, keyHash }: CachedAnswerParts): CachedAnswerName => ({
  accountId,
  keyHash,
  member: `${gatewayId}:${epoch}:${keyHash}`,
});

/** Everything of one account's cache stands in one slot, because its bytes are bounded together. */
export const cachePrefix = (accountId: AccountId): string => `tollgate:cache:v1:{${accountId}}:`;

/** What the keys of an account's answers begin with; their members follow. */
export const cachedAnswersPrefix = (accountId: AccountId): string => `${cachePrefix(accountId)}answer:`;

/** A cached answer, in the format of proxy/cache/stored-answer.ts. */
export const cachedAnswerKey = (name: CachedAnswerName): string => cachedAnswersPrefix(name.accountId) + name.member;
