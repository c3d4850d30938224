import type { Migration } from './migration.js';

/**
 * The role of the gap check: it sees the numbers of every account's records, and nothing else of them. (Roles belong to
 * the cluster: see the migration that creates the others.)
 */
export const createLedgerProver: Migration = {
  name: '202611281220-create-ledger-prover',
  up: `
DO $$ BEGIN
  CREATE ROLE tollgate_prover NOLOGIN NOSUPERUSER NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT tollgate_prover TO CURRENT_USER;
GRANT USAGE ON SCHEMA public TO tollgate_prover;

CREATE POLICY usage_record_prove ON usage_record FOR SELECT TO tollgate_prover USING (true);

GRANT SELECT (day, spool, spool_seq) ON usage_record TO tollgate_prover;
GRANT SELECT (spool, spool_seq) ON ledger_quarantine TO tollgate_prover;
GRANT SELECT ON ledger_spool, ledger_shipment TO tollgate_prover;`,
  down: `
REVOKE SELECT ON ledger_spool, ledger_shipment FROM tollgate_prover;
REVOKE SELECT (spool, spool_seq) ON ledger_quarantine FROM tollgate_prover;
REVOKE SELECT (day, spool, spool_seq) ON usage_record FROM tollgate_prover;
DROP POLICY usage_record_prove ON usage_record;`,
};
