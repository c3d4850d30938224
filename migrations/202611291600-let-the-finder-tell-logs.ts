import type { Migration } from './migration.js';

/**
 * Which of the records with a pair of metadata are logs, is told where they are looked up, and not by a second statement, which
 * Postgres would plan for the same days again. Of what stands beside a record, the role sees that it was deleted or changed.
 */
export const letTheFinderTellLogs: Migration = {
  name: '202611291600-let-the-finder-tell-logs',
  up: `
GRANT SELECT (is_log, kind, created_at, log_retention_days) ON usage_record TO tollgate_log_finder;
CREATE POLICY log_body_find ON log_body FOR SELECT TO tollgate_log_finder
  USING (account_id = app_account() AND (deleted_at IS NOT NULL OR later_metadata IS NOT NULL));
GRANT SELECT (day, id, account_id) ON log_body TO tollgate_log_finder;`,
  down: `
REVOKE SELECT (day, id, account_id) ON log_body FROM tollgate_log_finder;
DROP POLICY log_body_find ON log_body;
REVOKE SELECT (is_log, kind, created_at, log_retention_days) ON usage_record FROM tollgate_log_finder;`,
};
