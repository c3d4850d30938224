/**
 * What the api asks a proxy about a request that nobody has sent, and what the proxy says would become of it. No secret
 * is in an explanation: of a credential it tells which one, of an upstream its origin.
 */
import { z } from 'zod';
import { RATE_LIMIT_KEYS, RETRY_BACKOFFS } from './gateway-settings.js';
import { COST_STATUSES } from './usage-record.js';

/** A request as it would be sent to `/v1/{account}/{gateway}/{provider}{path}`. */
export const describedRequestSchema = z.object({
  accountId: z.string(),
  accountTag: z.string(),
  gatewayName: z.string(),
  /** null: a universal request, whose body names the steps */
  provider: z.string().nullable(),
  method: z.string(),
  /** with its query, if it has one */
  path: z.string(),
  headers: z.array(z.object({ name: z.string(), value: z.string() })),
  body: z.string(),
  /** keyed hash of the API token that it would carry; null: none, but for what the headers say */
  tokenHash: z.string().nullable(),
  /** null: an address that is not known */
  clientIp: z.string().nullable(),
});
export type DescribedRequest = z.infer<typeof describedRequestSchema>;

/** The stages of ARCHITECTURE.md at which a request may be refused before anything is sent. */
export const REFUSING_STAGES = ['GUARD', 'RESOLVE', 'AUTHENTICATE', 'LIMIT', 'CHOOSE', 'BREAKER'] as const;

const refusalSchema = z.object({
  stage: z.enum(REFUSING_STAGES),
  statusCode: z.number(),
  errorCode: z.number(),
  /** of the table of error codes */
  message: z.string(),
  /** what was wrong with what */
  description: z.string(),
  retryAfterSeconds: z.number().nullable(),
  /** further ones of the answer, `ratelimit-*` among them */
  headers: z.array(z.object({ name: z.string(), value: z.string() })),
});
export type ExplainedRefusal = z.infer<typeof refusalSchema>;

const rateLimitSchema = z.object({
  name: z.string(),
  limit: z.number(),
  intervalSeconds: z.number(),
  key: z.enum(RATE_LIMIT_KEYS),
  /** how many more requests of the same key it would admit now */
  remaining: z.number(),
  /** until it would admit one, if it refuses; else until its window ends */
  resetSeconds: z.number(),
  isRefusing: z.boolean(),
});

const credentialSchema = z.object({
  /** `CLIENT`: what the request itself carries; `STORED`: a provider key; `NONE`: the request goes without one */
  kind: z.enum(['CLIENT', 'STORED', 'NONE']),
  providerKeyId: z.string().nullable(),
  alias: z.string().nullable(),
  /** what a stored key is bound to */
  target: z.record(z.string(), z.string()).nullable(),
  /** whether the custom provider's own headers are added */
  hasProviderHeaders: z.boolean(),
});

const retriesSchema = z.object({
  attemptsMax: z.number(),
  backoff: z.enum(RETRY_BACKOFFS),
  whenSent: z.boolean(),
  /**
   * before the second attempt, the third, …; up to a quarter more by chance, and longer where a provider asks for it
   */
  delaysMs: z.array(z.number()),
  /** of all attempts and delays together */
  totalMsMax: z.number(),
});

/** Why a call has nothing to do with the cache. */
export const UNCACHED_REASONS = [
  'OFF',
  'SKIPPED',
  'METHOD',
  'BODY_TOO_LARGE',
  'RANGE',
  'UNKNOWN_FORMAT',
  'SIDE_EFFECTS',
] as const;
export type UncachedReason = (typeof UNCACHED_REASONS)[number];

const cacheSchema = z.object({
  /** `BYPASS`: the request asks not to use it; `OFF`: it is not used for this request, see `reason` */
  verdict: z.enum(['HIT', 'MISS', 'BYPASS', 'OFF']),
  reason: z.enum(UNCACHED_REASONS).nullable(),
  /** as records have it; null: the body is too large to be held */
  keyHash: z.string().nullable(),
  ttlSeconds: z.number().nullable(),
});

const priceSchema = z.object({
  costStatus: z.enum(COST_STATUSES),
  priceVersion: z.number().nullable(),
  priceRule: z.string().nullable(),
});

/** One call: of a universal request, one step. What stands behind a refusal was not found out. */
const callSchema = z.object({
  step: z.number().nullable(),
  provider: z.string(),
  model: z.string().nullable(),
  /** whether it would be made, if those before it failed */
  isTried: z.boolean(),
  refusal: refusalSchema.nullable(),
  plan: z
    .object({
      origin: z.string(),
      credential: credentialSchema,
      /** of each attempt, to its first byte */
      timeoutMs: z.number(),
      /** null: one attempt is all there is */
      retries: retriesSchema.nullable(),
      cache: cacheSchema,
      price: priceSchema,
      isLog: z.boolean(),
      collectsPayload: z.boolean(),
    })
    .nullable(),
});
export type ExplainedCall = z.infer<typeof callSchema>;
export type CallPlan = NonNullable<ExplainedCall['plan']>;

export const explanationSchema = z.object({
  /** `ANSWERED`: here, without a call: a preflight, or a probe of a provider's bare base */
  outcome: z.enum(['FORWARDED', 'CACHED', 'ANSWERED', 'REFUSED']),
  /** of the policy by which it was found out; null: it was not needed */
  configVersion: z.number().nullable(),
  /** the token that the request is known by; null: it is nobody's */
  apiTokenId: z.string().nullable(),
  refusal: refusalSchema.nullable(),
  /** in the gateway's order */
  rateLimits: z.array(rateLimitSchema),
  calls: z.array(callSchema),
});
export type Explanation = z.infer<typeof explanationSchema>;
