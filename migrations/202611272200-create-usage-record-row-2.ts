import type { Migration } from './migration.js';

/**
 * The binary row with the other units in it. Under a name of its own: proxies that still run an older release write
 * `usage_record_row`, whose columns must stay as they are.
 */
export const createUsageRecordRow2: Migration = {
  name: '202611272200-create-usage-record-row-2',
  up: `
CREATE TYPE usage_record_row_2 AS (
  day date, id uuid, account_id uuid, gateway_id uuid, api_token_id uuid, event_id text, config_version integer,
  created_at timestamptz, provider text, model text, method text, path text, status_code smallint, error_code integer,
  cached boolean, streamed boolean, client_aborted boolean, interrupted boolean, duration_ms integer,
  time_to_first_token_ms integer, input_tokens bigint, cached_input_tokens bigint, cache_write_tokens bigint,
  cache_write_1h_tokens bigint, output_tokens bigint, reasoning_tokens bigint, audio_input_tokens bigint,
  audio_output_tokens bigint, image_input_tokens bigint, image_output_tokens bigint, requests bigint,
  web_searches bigint, other_units jsonb, usage_source text, usage_note text, cost_pico bigint, cost_status text,
  saved_pico bigint, price_version integer, price_rule text, is_log boolean, log_retention_days smallint,
  cache_key_hash bytea, metadata jsonb, attempts jsonb, attempt_started_after_ms integer, client_ip text,
  user_agent text, request_content_type text, response_content_type text, system_message_hash bytea,
  request_bytes bigint, response_bytes bigint
);`,
  down: 'DROP TYPE usage_record_row_2;',
};
