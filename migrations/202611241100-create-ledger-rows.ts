import type { Migration } from './migration.js';

/**
 * How the proxy hands rows over: as one binary array of these types per batch, which PostgreSQL takes in with 25 µs of
 * CPU a row where JSON took 34. And most requests make one attempt that the row itself describes: to store it again as
 * JSON took eleven of the 25.
 */
export const createLedgerRows: Migration = {
  name: '202611241100-create-ledger-rows',
  up: `
ALTER TABLE usage_record
  ALTER COLUMN attempts DROP NOT NULL,
  -- of the only attempt, after created_at; it ended with the request. null: \`attempts\` tells
  ADD COLUMN attempt_started_after_ms integer,
  ADD CONSTRAINT usage_record_attempts_check CHECK ((attempts IS NULL) = (attempt_started_after_ms IS NOT NULL));

CREATE TYPE usage_record_row AS (
  day date, id uuid, account_id uuid, gateway_id uuid, api_token_id uuid, event_id text, config_version integer,
  created_at timestamptz, provider text, model text, method text, path text, status_code smallint, error_code integer,
  cached boolean, streamed boolean, client_aborted boolean, interrupted boolean, duration_ms integer,
  time_to_first_token_ms integer, input_tokens bigint, cached_input_tokens bigint, cache_write_tokens bigint,
  cache_write_1h_tokens bigint, output_tokens bigint, reasoning_tokens bigint, audio_input_tokens bigint,
  audio_output_tokens bigint, image_input_tokens bigint, image_output_tokens bigint, requests bigint,
  web_searches bigint, usage_source text, usage_note text, cost_pico bigint, cost_status text, saved_pico bigint,
  price_version integer, price_rule text, is_log boolean, log_retention_days smallint, cache_key_hash bytea,
  metadata jsonb, attempts jsonb, attempt_started_after_ms integer, client_ip text, user_agent text,
  request_content_type text, response_content_type text, system_message_hash bytea, request_bytes bigint,
  response_bytes bigint
);
CREATE TYPE log_body_row AS (
  log_retention_days smallint, day date, id uuid, account_id uuid, gateway_id uuid, request_body bytea,
  response_body bytea, request_encoding text, response_encoding text, truncated boolean
);`,
  down: `
DROP TYPE log_body_row;
DROP TYPE usage_record_row;
ALTER TABLE usage_record DROP CONSTRAINT usage_record_attempts_check;
-- Forced row-level security would hide every row from an owner that is no superuser.
ALTER TABLE usage_record NO FORCE ROW LEVEL SECURITY;
UPDATE usage_record SET attempts = jsonb_build_array(jsonb_build_object(
  'number', 1, 'step', 0, 'provider', provider, 'model', model, 'statusCode', status_code, 'errorCode', error_code,
  'startedAtMs', floor(extract(epoch FROM created_at) * 1000) + attempt_started_after_ms,
  'durationMs', duration_ms - attempt_started_after_ms,
  'units', jsonb_build_object('inputTokens', input_tokens, 'cachedInputTokens', cached_input_tokens,
    'cacheWriteTokens', cache_write_tokens, 'cacheWrite1hTokens', cache_write_1h_tokens, 'outputTokens', output_tokens,
    'reasoningTokens', reasoning_tokens, 'audioInputTokens', audio_input_tokens,
    'audioOutputTokens', audio_output_tokens, 'imageInputTokens', image_input_tokens,
    'imageOutputTokens', image_output_tokens, 'requests', requests, 'webSearches', web_searches),
  'usageSource', usage_source, 'costPico', cost_pico::text, 'costStatus', cost_status,
  'priceVersion', price_version, 'priceRule', price_rule))
WHERE attempts IS NULL;
ALTER TABLE usage_record FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_record DROP COLUMN attempt_started_after_ms, ALTER COLUMN attempts SET NOT NULL;`,
};
