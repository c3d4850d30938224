import type { Migration } from './migration.js';

/**
 * What the filters of logs are looked up by, and a role that may look up by metadata. Every index costs every insert: one
 * of costs and one of metadata would halve what a proxy can ship (docs/decisions/0023-logs-in-windows.md has the figures),
 * so that there is none. Those of `log_body` hold only what somebody rated, changed or deleted.
 */
export const createLogIndexes: Migration = {
  name: '202611281500-create-log-indexes',
  up: `
-- whether a record's log was deleted, or has other metadata by now
CREATE INDEX log_body_changed_idx ON log_body (id) WHERE deleted_at IS NOT NULL OR later_metadata IS NOT NULL;
-- logs with feedback
CREATE INDEX log_body_feedback_idx ON log_body (gateway_id, id) WHERE feedback IS NOT NULL;
-- logs whose metadata was changed after the request
CREATE INDEX log_body_later_idx ON log_body (gateway_id, id) WHERE later_metadata IS NOT NULL;

-- Postgres lets no condition of a query use an index beneath row-level security when its operator might tell of rows
-- that are not to be seen; containment of JSON is one. Conditions of the policy itself may. So a look-up by metadata says
-- what it looks for as it says whose rows: by settings, which this role's policy reads. Two texts: a value that reads as a
-- number is looked for as one too.
CREATE FUNCTION app_log_metadata() RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT NULLIF(current_setting('app.log_metadata', true), '')::jsonb $$;
CREATE FUNCTION app_log_metadata_other() RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT NULLIF(current_setting('app.log_metadata_other', true), '')::jsonb $$;
DO $$ BEGIN
  CREATE ROLE tollgate_log_finder NOLOGIN NOSUPERUSER NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT tollgate_log_finder TO CURRENT_USER;
GRANT USAGE ON SCHEMA public TO tollgate_log_finder;
CREATE POLICY usage_record_find ON usage_record FOR SELECT TO tollgate_log_finder USING (
  account_id = app_account() AND metadata IS NOT NULL AND (
    jsonb_set('{}'::jsonb, ARRAY[gateway_id::text], metadata) @> app_log_metadata()
    OR jsonb_set('{}'::jsonb, ARRAY[gateway_id::text], metadata) @> app_log_metadata_other()));
CREATE POLICY log_body_find ON log_body FOR SELECT TO tollgate_log_finder USING (account_id = app_account());
GRANT SELECT ON usage_record TO tollgate_log_finder;
GRANT SELECT (log_retention_days, day, id, account_id, gateway_id, feedback, later_metadata, deleted_at) ON log_body
  TO tollgate_log_finder;

-- A log may be rated before its bodies come: they are put into the row that is there.
GRANT UPDATE (request_body, response_body, request_encoding, response_encoding, truncated) ON log_body
  TO tollgate_shipper;`,
  down: `
REVOKE UPDATE (request_body, response_body, request_encoding, response_encoding, truncated) ON log_body
  FROM tollgate_shipper;
REVOKE SELECT (log_retention_days, day, id, account_id, gateway_id, feedback, later_metadata, deleted_at) ON log_body
  FROM tollgate_log_finder;
REVOKE SELECT ON usage_record FROM tollgate_log_finder;
DROP POLICY log_body_find ON log_body;
DROP POLICY usage_record_find ON usage_record;
REVOKE USAGE ON SCHEMA public FROM tollgate_log_finder;
DROP FUNCTION app_log_metadata_other();
DROP FUNCTION app_log_metadata();
DROP INDEX log_body_later_idx;
DROP INDEX log_body_feedback_idx;
DROP INDEX log_body_changed_idx;`,
};
