import type { Migration } from './migration.js';

/** What counts of a body: its bytes as they stand in the table, before Postgres compresses them. */
const BYTES = 'coalesce(octet_length(request_body), 0) + coalesce(octet_length(response_body), 0)';

/** Adds a sum of bytes to what is stored of each account, class and day, in one order for all who add. */
const addSql = (rows: string): string => `INSERT INTO log_storage AS kept (account_id, log_retention_days, day, bytes)
  SELECT account_id, log_retention_days, day, sum(bytes)::bigint FROM (${rows}) changed
  GROUP BY account_id, log_retention_days, day HAVING sum(bytes) <> 0 ORDER BY account_id, log_retention_days, day
  ON CONFLICT ON CONSTRAINT log_storage_pkey DO UPDATE SET bytes = kept.bytes + excluded.bytes;`;
const rowsOf = (table: string, sign = ''): string =>
  `SELECT account_id, log_retention_days, day, ${sign}(${BYTES}) AS bytes FROM ${table}`;

/** Suspension, quotas, what accounts store, and what the operator sees of all of them. */
export const createOperator: Migration = {
  name: '202611291310-create-operator',
  up: `
ALTER TABLE account
  ADD COLUMN suspended_at timestamptz,
  -- what its members are told
  ADD COLUMN suspension_reason text,
  -- quotas; null: none
  ADD COLUMN gateways_max integer,
  ADD COLUMN requests_per_month_max bigint,
  ADD COLUMN log_bytes_max bigint,
  ADD CONSTRAINT account_suspension_check CHECK (
    suspension_reason IS NULL OR (suspended_at IS NOT NULL AND length(suspension_reason) BETWEEN 1 AND 1024)),
  ADD CONSTRAINT account_quotas_check CHECK (gateways_max >= 0 AND requests_per_month_max > 0 AND log_bytes_max >= 0);

-- the log's bodies were dropped before it, by a quota
ALTER TABLE log_body ADD COLUMN expired_at timestamptz;

-- How many bytes of bodies an account has, by what is dropped together. Kept up by whoever writes bodies, in the same
-- statement: counting them would mean to read them.
CREATE TABLE log_storage (
  account_id uuid NOT NULL,
  log_retention_days smallint NOT NULL,
  day date NOT NULL,
  bytes bigint NOT NULL,
  CONSTRAINT log_storage_pkey PRIMARY KEY (account_id, log_retention_days, day)
) WITH (fillfactor = 70);
CREATE FUNCTION log_storage_added() RETURNS trigger LANGUAGE plpgsql AS $add$
BEGIN
  ${addSql(rowsOf('added'))}
  RETURN NULL;
END $add$;
CREATE FUNCTION log_storage_changed() RETURNS trigger LANGUAGE plpgsql AS $change$
BEGIN
  ${addSql(`${rowsOf('added')} UNION ALL ${rowsOf('removed', '-')}`)}
  RETURN NULL;
END $change$;
CREATE TRIGGER log_body_added AFTER INSERT ON log_body REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION log_storage_added();
CREATE TRIGGER log_body_changed AFTER UPDATE ON log_body REFERENCING OLD TABLE AS removed NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION log_storage_changed();

ALTER TABLE log_storage ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY log_storage_scope ON log_storage TO tollgate_api
  USING (account_id = app_account()) WITH CHECK (account_id = app_account());
CREATE POLICY log_storage_ship ON log_storage TO tollgate_shipper USING (true) WITH CHECK (true);
-- days whose bodies are gone by their retention
CREATE POLICY log_storage_old ON log_storage FOR SELECT TO tollgate_api
  USING (day < (now() AT TIME ZONE 'UTC')::date - log_retention_days);
CREATE POLICY log_storage_upkeep ON log_storage FOR DELETE TO tollgate_api
  USING (day < (now() AT TIME ZONE 'UTC')::date - log_retention_days);
GRANT SELECT, INSERT, UPDATE ON log_storage TO tollgate_api, tollgate_shipper;
GRANT DELETE ON log_storage TO tollgate_api;

-- What is stored already. Forced row-level security would hide every row from an owner that is no superuser.
ALTER TABLE log_body NO FORCE ROW LEVEL SECURITY;
ALTER TABLE log_storage NO FORCE ROW LEVEL SECURITY;
${addSql(rowsOf('log_body'))}
ALTER TABLE log_body FORCE ROW LEVEL SECURITY;
ALTER TABLE log_storage FORCE ROW LEVEL SECURITY;

-- The operator's eyes: accounts and numbers of all of them, and nothing that is in one.
DO $$ BEGIN
  CREATE ROLE tollgate_operator NOLOGIN NOSUPERUSER NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT tollgate_operator TO CURRENT_USER;
GRANT USAGE ON SCHEMA public TO tollgate_operator;
CREATE POLICY account_overview ON account FOR SELECT TO tollgate_operator USING (true);
CREATE POLICY gateway_overview ON gateway FOR SELECT TO tollgate_operator USING (true);
CREATE POLICY usage_day_overview ON usage_day FOR SELECT TO tollgate_operator USING (true);
CREATE POLICY usage_delta_overview ON usage_delta FOR SELECT TO tollgate_operator USING (true);
CREATE POLICY log_storage_overview ON log_storage FOR SELECT TO tollgate_operator USING (true);
GRANT SELECT (id, tag, name, created_at, deleted_at, suspended_at, suspension_reason, gateways_max,
  requests_per_month_max, log_bytes_max) ON account TO tollgate_operator;
-- The account policy reads membership in the caller's name.
GRANT SELECT (account_id, user_id) ON membership TO tollgate_operator;
GRANT SELECT (account_id, deleted_at) ON gateway TO tollgate_operator;
GRANT SELECT (account_id, view, at, requests, rate_limited) ON usage_day TO tollgate_operator;
GRANT SELECT (account_id, at, requests, rate_limited) ON usage_delta TO tollgate_operator;
GRANT SELECT ON log_storage, ledger_spool TO tollgate_operator;
GRANT SELECT (spool, spool_seq) ON ledger_quarantine TO tollgate_operator;

-- What a proxy says of itself when it says that it lives; null: it is of an older release, or has not said it yet.
ALTER TABLE ledger_spool
  ADD COLUMN version text,
  -- age of the oldest settled record that was not shipped
  ADD COLUMN lag_ms bigint,
  -- until its disk is full if Postgres stays away; null: nothing was written
  ADD COLUMN cover_hours double precision,
  ADD COLUMN is_gated boolean;

-- When jobs of the instance last ended, by whichever api. \`problem\`: null if all was well.
CREATE TABLE job_run (
  job text NOT NULL,
  finished_at timestamptz NOT NULL,
  problem text,
  CONSTRAINT job_run_pkey PRIMARY KEY (job)
);
GRANT SELECT, INSERT, UPDATE ON job_run TO tollgate_api;
GRANT SELECT ON job_run TO tollgate_operator;`,
  down: `
DROP TABLE job_run;
REVOKE SELECT (spool, spool_seq) ON ledger_quarantine FROM tollgate_operator;
REVOKE SELECT ON ledger_spool FROM tollgate_operator;
ALTER TABLE ledger_spool DROP COLUMN is_gated, DROP COLUMN cover_hours, DROP COLUMN lag_ms, DROP COLUMN version;
REVOKE SELECT (account_id, at, requests, rate_limited) ON usage_delta FROM tollgate_operator;
REVOKE SELECT (account_id, view, at, requests, rate_limited) ON usage_day FROM tollgate_operator;
REVOKE SELECT (account_id, deleted_at) ON gateway FROM tollgate_operator;
REVOKE SELECT (account_id, user_id) ON membership FROM tollgate_operator;
REVOKE SELECT (id, tag, name, created_at, deleted_at, suspended_at, suspension_reason, gateways_max,
  requests_per_month_max, log_bytes_max) ON account FROM tollgate_operator;
DROP POLICY usage_delta_overview ON usage_delta;
DROP POLICY usage_day_overview ON usage_day;
DROP POLICY gateway_overview ON gateway;
DROP POLICY account_overview ON account;
DROP TRIGGER log_body_changed ON log_body;
DROP TRIGGER log_body_added ON log_body;
DROP FUNCTION log_storage_changed();
DROP FUNCTION log_storage_added();
DROP TABLE log_storage;
ALTER TABLE log_body DROP COLUMN expired_at;
ALTER TABLE account DROP CONSTRAINT account_quotas_check, DROP CONSTRAINT account_suspension_check,
  DROP COLUMN log_bytes_max, DROP COLUMN requests_per_month_max, DROP COLUMN gateways_max,
  DROP COLUMN suspension_reason, DROP COLUMN suspended_at;`,
};
