/**
 * A gateway's settings: names, defaults and bounds, the one place where they stand. The api validates by it, the
 * database's CHECKs repeat it, the proxy trusts what it reads.
 */
import { z } from 'zod';

export const RATE_LIMIT_TECHNIQUES = ['FIXED', 'SLIDING'] as const;
export const RATE_LIMIT_KEYS = ['GATEWAY', 'IP', 'TOKEN', 'HEADER', 'METADATA'] as const;
export const RETRY_BACKOFFS = ['CONSTANT', 'LINEAR', 'EXPONENTIAL'] as const;
export const LOG_RETENTION_DAYS = [1, 7, 30, 90, 365] as const;
const RATE_LIMITS_MAX = 20;

export const rateLimitSchema = z
  .object({
    name: z.string().min(1, 'must not be empty').max(64, 'must be at most 64 characters'),
    limit: z.int().min(1).max(1_000_000_000),
    intervalSeconds: z.int().min(1).max(2_592_000),
    technique: z.enum(RATE_LIMIT_TECHNIQUES),
    key: z.enum(RATE_LIMIT_KEYS),
    keyName: z.string().min(1).max(128).nullable(),
  })
  .refine((rule) => (rule.key === 'HEADER' || rule.key === 'METADATA') === (rule.keyName !== null), {
    path: ['keyName'],
    message: 'must be given for the keys HEADER and METADATA, and for no other',
  });
export type RateLimitRule = z.infer<typeof rateLimitSchema>;

export const gatewaySettingsSchema = z.object({
  authentication: z.boolean(),
  collectLogs: z.boolean(),
  collectLogPayload: z.boolean(),
  cacheTtlSeconds: z
    .int()
    .max(2_592_000, 'must be at most 2592000')
    .refine((seconds) => seconds === 0 || seconds >= 60, 'must be 0 (off), or from 60 to 2592000'),
  cacheInvalidateOnUpdate: z.boolean(),
  coalesceIdentical: z.boolean(),
  rateLimits: z
    .array(rateLimitSchema)
    .max(RATE_LIMITS_MAX, `must be at most ${RATE_LIMITS_MAX} rules`)
    .refine((rules) => new Set(rules.map((rule) => rule.name)).size === rules.length, 'must have unique names'),
  retryMaxAttempts: z.int().min(1, 'must be at least 1').max(5, 'must be at most 5'),
  retryDelayMs: z.int().min(0, 'must be at least 0').max(60_000, 'must be at most 60000'),
  retryBackoff: z.enum(RETRY_BACKOFFS),
  retryWhenSent: z.boolean(),
  requestTimeoutMs: z.int().min(100, 'must be at least 100').max(600_000, 'must be at most 600000').nullable(),
  byokOnly: z.boolean(),
  injectStreamUsage: z.boolean(),
  logRetentionDays: z.literal(LOG_RETENTION_DAYS, 'must be one of 1, 7, 30, 90, 365'),
  egressProxyUrl: z.string().max(2_048).nullable(),
});
export type GatewaySettingsValues = z.infer<typeof gatewaySettingsSchema>;
export type GatewaySettingName = keyof GatewaySettingsValues;

export const DEFAULT_GATEWAY_SETTINGS: GatewaySettingsValues = Object.freeze({
  authentication: false,
  collectLogs: true,
  collectLogPayload: true,
  cacheTtlSeconds: 0,
  cacheInvalidateOnUpdate: false,
  coalesceIdentical: false,
  rateLimits: [],
  retryMaxAttempts: 1,
  retryDelayMs: 500,
  retryBackoff: 'EXPONENTIAL',
  retryWhenSent: false,
  requestTimeoutMs: null,
  byokOnly: false,
  injectStreamUsage: true,
  logRetentionDays: 30,
  egressProxyUrl: null,
});

/** Settings that act today; the api accepts any other one only at its default, so that nothing is silently ignored. */
export const ACTING_SETTINGS: readonly GatewaySettingName[] = [
  'authentication',
  'collectLogs',
  'collectLogPayload',
  'rateLimits',
  'cacheTtlSeconds',
  'cacheInvalidateOnUpdate',
  'coalesceIdentical',
  'requestTimeoutMs',
  'retryMaxAttempts',
  'retryDelayMs',
  'retryBackoff',
  'retryWhenSent',
  'byokOnly',
  'egressProxyUrl',
  'injectStreamUsage',
  'logRetentionDays',
];
