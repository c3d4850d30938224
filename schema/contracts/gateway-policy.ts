/**
 * The policy: everything that the proxy needs to know about one gateway, as one versioned document. Built from one
 * row by one query, which the api (publishing after a change) and the proxy (loading after a miss) share.
 */
import { z } from 'zod';
import { cachePurgeSchema } from './cache-purges.js';
import { gatewaySettingsSchema } from './gateway-settings.js';
import type { AccountId, GatewayId } from './ids.js';
import { activeOverrideSchema, activeOverridesSql } from './pricing/price-overrides.js';

/** A stored credential, still sealed; opened by the proxy when a request needs it. */
const policyProviderKeySchema = z.object({
  id: z.string(),
  provider: z.string(),
  alias: z.string(),
  origin: z.string(),
  target: z.record(z.string(), z.string()),
  version: z.number(),
  /** base64 */
  sealed: z.string(),
});
export type PolicyProviderKey = z.infer<typeof policyProviderKeySchema>;

/** A provider of the account's own. */
const policyCustomProviderSchema = z.object({
  id: z.string(),
  /** without its `custom-` */
  slug: z.string(),
  baseUrl: z.string(),
  version: z.number(),
  /** base64; null: it has no headers of its own */
  sealedHeaders: z.string().nullable(),
});
export type PolicyCustomProvider = z.infer<typeof policyCustomProviderSchema>;

export const gatewayPolicySchema = z.object({
  accountId: z.string().transform((id) => id as AccountId), // our own document: the id was parsed when it was made
  accountTag: z.string(),
  gatewayId: z.string().transform((id) => id as GatewayId), // likewise
  gatewayName: z.string(),
  /** grows with every change that the policy shows; of two documents, the one with the greater revision is newer */
  revision: z.number(),
  /** the gateway's `configVersion`, which records name */
  configVersion: z.number(),
  /** the operator has suspended the account: nobody is served */
  isSuspended: z.boolean(),
  /** how many requests all gateways of the account may have in a calendar month (UTC); null: as many as they like */
  requestsPerMonthMax: z.number().nullable(),
  settings: gatewaySettingsSchema,
  providerKeys: z.array(policyProviderKeySchema),
  customProviders: z.array(policyCustomProviderSchema),
  /** the account's own prices */
  priceOverrides: z.array(activeOverrideSchema),
  /** base64 of the sealed egress proxy URL, bound to the gateway's id; null: the instance's */
  egressProxySealed: z.string().nullable(),
  /** the revision with which its whole cache began anew; 0: never */
  cacheEpoch: z.number(),
  cachePurges: z.array(cachePurgeSchema),
});
export type GatewayPolicy = z.infer<typeof gatewayPolicySchema>;

/** PostgreSQL breaks base64 into lines of 76 characters. */
const BASE64 = (column: string): string => `replace(encode(${column}, 'base64'), E'\\n', '')`;

/** Selects one live gateway's policy document; parameters: account id, gateway name. No row: no such gateway. */
export const GATEWAY_POLICY_SQL = `
  SELECT jsonb_build_object(
    'accountId', a.id, 'accountTag', a.tag, 'gatewayId', g.id, 'gatewayName', g.name,
    'revision', g.revision, 'configVersion', g.config_version,
    'isSuspended', a.suspended_at IS NOT NULL, 'requestsPerMonthMax', a.requests_per_month_max,
    'settings', jsonb_build_object(
      'authentication', s.authentication, 'collectLogs', s.collect_logs, 'collectLogPayload', s.collect_log_payload,
      'cacheTtlSeconds', s.cache_ttl_seconds, 'cacheInvalidateOnUpdate', s.cache_invalidate_on_update,
      'coalesceIdentical', s.coalesce_identical, 'rateLimits', s.rate_limits,
      'retryMaxAttempts', s.retry_max_attempts, 'retryDelayMs', s.retry_delay_ms, 'retryBackoff', s.retry_backoff,
      'retryWhenSent', s.retry_when_sent, 'requestTimeoutMs', s.request_timeout_ms, 'byokOnly', s.byok_only,
      'injectStreamUsage', s.inject_stream_usage, 'logRetentionDays', s.log_retention_days,
      'egressProxyUrl', s.egress_proxy_url),
    'providerKeys', coalesce((
      SELECT jsonb_agg(jsonb_build_object('id', k.id, 'provider', k.provider, 'alias', k.alias, 'origin', k.origin,
        'target', k.target, 'version', k.version, 'sealed', ${BASE64('k.sealed')}) ORDER BY k.provider, k.alias)
      FROM provider_key k WHERE k.gateway_id = g.id AND k.account_id = a.id), '[]'),
    'customProviders', coalesce((
      SELECT jsonb_agg(jsonb_build_object('id', c.id, 'slug', c.slug, 'baseUrl', c.base_url, 'version', c.version,
        'sealedHeaders', ${BASE64('c.sealed_headers')}) ORDER BY c.slug)
      FROM custom_provider c WHERE c.account_id = a.id), '[]'),
    'priceOverrides', ${activeOverridesSql('a.id')},
    'egressProxySealed', ${BASE64('s.egress_proxy_sealed')},
    'cacheEpoch', g.cache_epoch, 'cachePurges', g.cache_purges) AS document
  FROM gateway g JOIN account a ON a.id = g.account_id JOIN gateway_settings s ON s.gateway_id = g.id
  WHERE g.account_id = $1 AND g.name = $2 AND g.deleted_at IS NULL AND a.deleted_at IS NULL`;
