/**
 * Every Redis key and channel, built in one place for writers and readers alike. Versioned: a document of another
 * shape gets another key. One key per command, or several that share a hash tag, so Redis Cluster needs nothing special.
 */
import { z } from 'zod';
import type { AccountId, GatewayId } from './ids.js';

/** JSON of a GatewayPolicy, or `null` when there is no such gateway; the hash fields are `revision` and `document`. */
export const policyKey = (accountId: AccountId, gatewayName: string): string =>
  `tollgate:policy:v2:${accountId}:${gatewayName}`;

/** The account id behind a URL's account segment. Never changes once it exists: tags and names are not reused. */
export const accountKey = (segment: string): string => `tollgate:account:v1:${segment}`;

/** JSON of a TokenGrant under the keyed hash of the token. */
export const tokenGrantKey = (tokenHash: string): string => `tollgate:token:v1:${tokenHash}`;

/**
 * What a rate limit has counted, in its even and in its odd windows: hashes of value → count, with the window's number.
 * All rules of a gateway share a slot, so that one script decides on all of them.
 */
export const rateLimitKeys = (
  accountId: AccountId,
  gatewayId: GatewayId,
  ruleId: string,
): readonly [string, string] => {
  const key = `tollgate:limit:v1:{${accountId}:${gatewayId}}:${ruleId}`;
  return [`${key}:0`, `${key}:1`];
};

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
