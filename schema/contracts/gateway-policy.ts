/**
 * The policy: everything that the proxy needs to know about one gateway, as one versioned document. Built from one
 * row by one query, which the api (publishing after a change) and the proxy (loading after a miss) share.
 */
import { z } from 'zod';
import { gatewaySettingsSchema } from './gateway-settings.js';
import type { AccountId, GatewayId } from './ids.js';

export const gatewayPolicySchema = z.object({
  accountId: z.string().transform((id) => id as AccountId), // our own document: the id was parsed when it was made
  accountTag: z.string(),
  gatewayId: z.string().transform((id) => id as GatewayId), // likewise
  gatewayName: z.string(),
  /** grows with every change that the policy shows; of two documents, the one with the greater revision is newer */
  revision: z.number(),
  /** the gateway's `configVersion`, which records name */
  configVersion: z.number(),
  settings: gatewaySettingsSchema,
});
export type GatewayPolicy = z.infer<typeof gatewayPolicySchema>;

/** Selects one live gateway's policy document; parameters: account id, gateway name. No row: no such gateway. */
export const GATEWAY_POLICY_SQL = `
  SELECT jsonb_build_object(
    'accountId', a.id, 'accountTag', a.tag, 'gatewayId', g.id, 'gatewayName', g.name,
    'revision', g.revision, 'configVersion', g.config_version,
    'settings', jsonb_build_object(
      'authentication', s.authentication, 'collectLogs', s.collect_logs, 'collectLogPayload', s.collect_log_payload,
      'cacheTtlSeconds', s.cache_ttl_seconds, 'cacheInvalidateOnUpdate', s.cache_invalidate_on_update,
      'coalesceIdentical', s.coalesce_identical, 'rateLimits', s.rate_limits,
      'retryMaxAttempts', s.retry_max_attempts, 'retryDelayMs', s.retry_delay_ms, 'retryBackoff', s.retry_backoff,
      'retryWhenSent', s.retry_when_sent, 'requestTimeoutMs', s.request_timeout_ms, 'byokOnly', s.byok_only,
      'injectStreamUsage', s.inject_stream_usage, 'logRetentionDays', s.log_retention_days,
      'egressProxyUrl', s.egress_proxy_url)) AS document
  FROM gateway g JOIN account a ON a.id = g.account_id JOIN gateway_settings s ON s.gateway_id = g.id
  WHERE g.account_id = $1 AND g.name = $2 AND g.deleted_at IS NULL AND a.deleted_at IS NULL`;
