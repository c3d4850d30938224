import type { Migration } from './migration.js';

/**
 * The audit log is append-only for everybody but the upkeep, whose role sees of events when they were and removes those
 * that are older than any ledger may be kept shorter. (Roles belong to the cluster: see the migration that creates the
 * others.)
 */
export const keepUpAuditEvents: Migration = {
  name: '202611291400-keep-up-audit-events',
  up: `
DO $$ BEGIN
  CREATE ROLE tollgate_upkeep NOLOGIN NOSUPERUSER NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT tollgate_upkeep TO CURRENT_USER;
GRANT USAGE ON SCHEMA public TO tollgate_upkeep;

-- upkeep removes the oldest, of all accounts
CREATE INDEX audit_event_created_idx ON audit_event (created_at);

CREATE POLICY audit_event_upkeep ON audit_event TO tollgate_upkeep USING (true);
-- Whatever account such a transaction may name: nothing younger can be removed.
CREATE POLICY audit_event_old ON audit_event AS RESTRICTIVE TO tollgate_upkeep
  USING (created_at < now() - interval '14 days');
GRANT SELECT (id, created_at), DELETE ON audit_event TO tollgate_upkeep;`,
  down: `
REVOKE SELECT (id, created_at), DELETE ON audit_event FROM tollgate_upkeep;
DROP POLICY audit_event_old ON audit_event;
DROP POLICY audit_event_upkeep ON audit_event;
DROP INDEX audit_event_created_idx;`,
};
