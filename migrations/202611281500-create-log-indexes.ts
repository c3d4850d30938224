import type { Migration } from './migration.js';

/**
 * What the filters of logs are looked up by. Every index costs every insert: one
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

-- A log may be rated before its bodies come: they are put into the row that is there.
GRANT UPDATE (request_body, response_body, request_encoding, response_encoding, truncated) ON log_body
  TO tollgate_shipper;`,
  down: `
REVOKE UPDATE (request_body, response_body, request_encoding, response_encoding, truncated) ON log_body
  FROM tollgate_shipper;
DROP INDEX log_body_later_idx;
DROP INDEX log_body_feedback_idx;
DROP INDEX log_body_changed_idx;`,
};
