import type { Migration } from './migration.js';

/**
 * What the ledger is proved by. Each proxy process writes its records into a spool of its own, where they are numbered
 * 1, 2, 3, …; the transaction that ships a run of them moves the spool's cursor, so that no run is shipped twice, and
 * every number is either a row of `usage_record` or one of `ledger_quarantine`.
 */
export const createLedgerSpools: Migration = {
  name: '202611281200-create-ledger-spools',
  up: `
CREATE TABLE ledger_spool (
  id uuid NOT NULL,
  -- what rows name it by
  number integer GENERATED ALWAYS AS IDENTITY,
  host text NOT NULL,
  -- the last record that was shipped
  shipped_seq bigint NOT NULL DEFAULT 0,
  -- the last record that the owner, when it was last heard of, had settled
  settled_seq bigint NOT NULL DEFAULT 0,
  opened_at timestamptz NOT NULL DEFAULT now(),
  heard_at timestamptz NOT NULL DEFAULT now(),
  -- read to its end, and gone
  closed_at timestamptz,
  CONSTRAINT ledger_spool_pkey PRIMARY KEY (id),
  CONSTRAINT ledger_spool_number_key UNIQUE (number),
  CONSTRAINT ledger_spool_cursor_check CHECK (0 <= shipped_seq AND shipped_seq <= settled_seq)
);

-- the run of records that one spool shipped on one day (UTC): what is looked for when that day is proved
CREATE TABLE ledger_shipment (
  spool integer NOT NULL,
  shipped_on date NOT NULL,
  -- both ends are in it
  from_seq bigint NOT NULL,
  to_seq bigint NOT NULL,
  CONSTRAINT ledger_shipment_pkey PRIMARY KEY (shipped_on, spool),
  CONSTRAINT ledger_shipment_spool_fkey FOREIGN KEY (spool) REFERENCES ledger_spool (number),
  CONSTRAINT ledger_shipment_run_check CHECK (0 < from_seq AND from_seq <= to_seq)
);

-- records that Postgres would not take as rows: they keep their number, so that they never look like a loss
CREATE TABLE ledger_quarantine (
  spool integer NOT NULL,
  spool_seq bigint NOT NULL,
  -- a row of usage_record_row_3 in binary (record_send)
  record bytea NOT NULL,
  -- the same to be read; null: it cannot be
  readable jsonb,
  sqlstate text NOT NULL,
  error text NOT NULL,
  quarantined_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT ledger_quarantine_pkey PRIMARY KEY (spool, spool_seq),
  CONSTRAINT ledger_quarantine_spool_fkey FOREIGN KEY (spool) REFERENCES ledger_spool (number)
);

-- null: written before there were spools, or an adjustment
ALTER TABLE usage_record ADD COLUMN spool integer, ADD COLUMN spool_seq bigint,
  ADD CONSTRAINT usage_record_spool_check CHECK ((spool IS NULL) = (spool_seq IS NULL));
-- the proof of a run is one range scan; no number has two rows in a day
CREATE UNIQUE INDEX usage_record_spool_key ON usage_record (spool, spool_seq, day) WHERE spool IS NOT NULL;

-- What is known when a request is opened stands in front: a spool's rows say it twice, and it is encoded once. Under a
-- name of its own, for proxies of an older release write \`usage_record_row_2\`.
CREATE TYPE usage_record_row_3 AS (
  day date, id uuid, account_id uuid, gateway_id uuid, api_token_id uuid, event_id text, config_version integer,
  created_at timestamptz, method text, path text, is_log boolean, log_retention_days smallint, cache_key_hash bytea,
  metadata jsonb, client_ip text, user_agent text, request_content_type text, system_message_hash bytea,
  provider text, model text, status_code smallint, error_code integer, cached boolean, streamed boolean,
  client_aborted boolean, interrupted boolean, duration_ms integer, time_to_first_token_ms integer, input_tokens bigint,
  cached_input_tokens bigint, cache_write_tokens bigint, cache_write_1h_tokens bigint, output_tokens bigint,
  reasoning_tokens bigint, audio_input_tokens bigint, audio_output_tokens bigint, image_input_tokens bigint,
  image_output_tokens bigint, requests bigint, web_searches bigint, other_units jsonb, usage_source text,
  usage_note text, cost_pico bigint, cost_status text, saved_pico bigint, price_version integer, price_rule text,
  attempts jsonb, attempt_started_after_ms integer, response_content_type text, request_bytes bigint,
  response_bytes bigint, request_count integer
);

-- both null: the row describes the only attempt, which began with the request, and whose process ended unanswered
ALTER TABLE usage_record DROP CONSTRAINT usage_record_attempts_check, ADD CONSTRAINT usage_record_attempts_check
  CHECK (CASE WHEN attempts IS NULL THEN attempt_started_after_ms IS NOT NULL OR interrupted
    ELSE attempt_started_after_ms IS NULL END);

GRANT SELECT, INSERT, UPDATE ON ledger_spool, ledger_shipment TO tollgate_shipper;
GRANT SELECT, INSERT ON ledger_quarantine TO tollgate_shipper;`,
  down: `
-- Forced row-level security would hide every row from an owner that is no superuser.
ALTER TABLE usage_record NO FORCE ROW LEVEL SECURITY;
UPDATE usage_record SET attempt_started_after_ms = 0 WHERE attempts IS NULL AND attempt_started_after_ms IS NULL;
ALTER TABLE usage_record FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_record DROP CONSTRAINT usage_record_attempts_check, ADD CONSTRAINT usage_record_attempts_check
  CHECK ((attempts IS NULL) = (attempt_started_after_ms IS NOT NULL));
DROP TYPE usage_record_row_3;
DROP INDEX usage_record_spool_key;
ALTER TABLE usage_record DROP CONSTRAINT usage_record_spool_check, DROP COLUMN spool_seq, DROP COLUMN spool;
DROP TABLE ledger_quarantine;
DROP TABLE ledger_shipment;
DROP TABLE ledger_spool;`,
};
