import type { Migration } from './migration.js';

/**
 * How far each spool was shipped: what appears behind that has appeared since. The live tail of logs follows it; it tells
 * how many records all accounts together have, and is for the api alone.
 */
export const letTheApiFollowSpools: Migration = {
  name: '202611281510-let-the-api-follow-spools',
  up: 'GRANT SELECT (number, shipped_seq, opened_at, closed_at) ON ledger_spool TO tollgate_api;',
  down: 'REVOKE SELECT (number, shipped_seq, opened_at, closed_at) ON ledger_spool FROM tollgate_api;',
};
