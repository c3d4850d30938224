import type { Migration } from './migration.js';

/**
 * The ledger's rows and the logs' bodies: two lifetimes, two tables. Both are partitioned by the day inside the
 * request's id, so that a replayed write meets its own key and an old day is dropped whole. Partitions are made by
 * `partitions.ts`; the DEFAULT ones catch what a wrong clock brings. Rights stand on the parents only: a partition read
 * directly would not ask the parent's policies.
 */
export const createUsageRecords: Migration = {
  name: '202611231240-create-usage-records',
  up: `
CREATE TABLE usage_record (
  day date NOT NULL,
  id uuid NOT NULL,
  kind text NOT NULL DEFAULT 'USAGE',
  account_id uuid NOT NULL,
  gateway_id uuid NOT NULL,
  api_token_id uuid,
  event_id text NOT NULL,
  config_version integer NOT NULL,
  created_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  -- how many requests the row stands for: 1, or the count of refusals that one row carries
  request_count integer NOT NULL DEFAULT 1,
  provider text NOT NULL,
  model text,
  method text NOT NULL,
  path text NOT NULL,
  status_code smallint NOT NULL,
  error_code integer,
  cached boolean NOT NULL,
  streamed boolean NOT NULL,
  client_aborted boolean NOT NULL,
  interrupted boolean NOT NULL,
  duration_ms integer NOT NULL,
  time_to_first_token_ms integer,
  input_tokens bigint NOT NULL,
  cached_input_tokens bigint NOT NULL,
  cache_write_tokens bigint NOT NULL,
  cache_write_1h_tokens bigint NOT NULL,
  output_tokens bigint NOT NULL,
  reasoning_tokens bigint NOT NULL,
  audio_input_tokens bigint NOT NULL,
  audio_output_tokens bigint NOT NULL,
  image_input_tokens bigint NOT NULL,
  image_output_tokens bigint NOT NULL,
  requests bigint NOT NULL,
  web_searches bigint NOT NULL,
  -- anything else that a provider bills: unit name -> integer
  other_units jsonb,
  usage_source text NOT NULL,
  usage_note text,
  -- integer pico-USD (10^-12 USD)
  cost_pico bigint,
  cost_status text NOT NULL,
  saved_pico bigint,
  price_version integer,
  price_rule text,
  is_log boolean NOT NULL,
  log_retention_days smallint NOT NULL,
  cache_key_hash bytea,
  metadata jsonb,
  attempts jsonb NOT NULL,
  client_ip inet,
  user_agent text,
  request_content_type text,
  response_content_type text,
  system_message_hash bytea,
  request_bytes bigint NOT NULL,
  response_bytes bigint NOT NULL,
  CONSTRAINT usage_record_pkey PRIMARY KEY (day, id),
  CONSTRAINT usage_record_day_check CHECK (day = (created_at AT TIME ZONE 'UTC')::date),
  CONSTRAINT usage_record_kind_check CHECK (kind IN ('USAGE', 'ADJUSTMENT')),
  CONSTRAINT usage_record_source_check CHECK (usage_source IN ('PROVIDER', 'ESTIMATED', 'NONE')),
  CONSTRAINT usage_record_cost_status_check CHECK (
    cost_status IN ('PRICED', 'ESTIMATED', 'UNPRICED', 'CUSTOM', 'CACHED', 'NOT_BILLABLE')),
  -- no price is not a price of zero
  CONSTRAINT usage_record_unpriced_check CHECK ((cost_pico IS NULL) = (cost_status = 'UNPRICED')),
  -- only corrections may be negative
  CONSTRAINT usage_record_signs_check CHECK (kind = 'ADJUSTMENT' OR (
    COALESCE(cost_pico, 0) >= 0 AND COALESCE(saved_pico, 0) >= 0 AND LEAST(
      input_tokens, cached_input_tokens, cache_write_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens,
      audio_input_tokens, audio_output_tokens, image_input_tokens, image_output_tokens, requests, web_searches) >= 0))
) PARTITION BY RANGE (day);

CREATE TABLE usage_record_default PARTITION OF usage_record DEFAULT;

-- Each index ends in the id, whose order is the order of time: a page of logs, newest first, is one range scan.
-- unfiltered pages, and analytics over one gateway or (its prefix) one account
CREATE INDEX usage_record_gateway_idx ON usage_record (account_id, gateway_id, id DESC);
-- logs of one model
CREATE INDEX usage_record_model_idx ON usage_record (gateway_id, model, id DESC);
-- logs by status: only failures are rare enough to need it
CREATE INDEX usage_record_failure_idx ON usage_record (gateway_id, status_code, id DESC) WHERE status_code >= 400;
-- logs of one API token
CREATE INDEX usage_record_token_idx ON usage_record (gateway_id, api_token_id, id DESC) WHERE api_token_id IS NOT NULL;
-- logs of one error code
CREATE INDEX usage_record_error_idx ON usage_record (gateway_id, error_code, id DESC) WHERE error_code IS NOT NULL;
-- the logs of one client event; an event id that is merely the request's own needs no entry
CREATE INDEX usage_record_event_idx ON usage_record (gateway_id, event_id) WHERE event_id <> id::text;

CREATE TABLE log_body (
  log_retention_days smallint NOT NULL,
  day date NOT NULL,
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  gateway_id uuid NOT NULL,
  request_body bytea,
  response_body bytea,
  -- content encodings of the stored bytes; null: identity
  request_encoding text,
  response_encoding text,
  truncated boolean NOT NULL DEFAULT false,
  feedback smallint,
  score double precision,
  later_metadata jsonb,
  -- the log was deleted: it leaves the lists, the usage record stays
  deleted_at timestamptz,
  CONSTRAINT log_body_pkey PRIMARY KEY (log_retention_days, day, id),
  CONSTRAINT log_body_retention_check CHECK (log_retention_days IN (1, 7, 30, 90, 365)),
  CONSTRAINT log_body_feedback_check CHECK (feedback IN (-1, 1))
) PARTITION BY LIST (log_retention_days);

${[1, 7, 30, 90, 365]
  .map(
    (days) => `CREATE TABLE log_body_${days} PARTITION OF log_body FOR VALUES IN (${days}) PARTITION BY RANGE (day);
CREATE TABLE log_body_${days}_default PARTITION OF log_body_${days} DEFAULT;`,
  )
  .join('\n')}

ALTER TABLE usage_record ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE log_body ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY usage_record_scope ON usage_record FOR SELECT TO tollgate_api USING (account_id = app_account());
CREATE POLICY log_body_scope ON log_body TO tollgate_api
  USING (account_id = app_account()) WITH CHECK (account_id = app_account());
-- The shipper writes for all accounts; ON CONFLICT needs to see what it meets.
CREATE POLICY usage_record_ship ON usage_record TO tollgate_shipper USING (true) WITH CHECK (true);
CREATE POLICY log_body_ship ON log_body TO tollgate_shipper USING (true) WITH CHECK (true);

-- Append-only: nobody may update or delete a usage record.
GRANT SELECT, INSERT ON usage_record, log_body TO tollgate_shipper;
GRANT SELECT ON usage_record TO tollgate_api;
GRANT SELECT, INSERT, UPDATE ON log_body TO tollgate_api;`,
  down: `
DROP TABLE log_body;
DROP TABLE usage_record;`,
};
