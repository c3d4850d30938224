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
  -- a row of usage_record_row_2 in binary (record_send)
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

GRANT SELECT, INSERT, UPDATE ON ledger_spool, ledger_shipment TO tollgate_shipper;
GRANT SELECT, INSERT ON ledger_quarantine TO tollgate_shipper;`,
  down: `
DROP INDEX usage_record_spool_key;
ALTER TABLE usage_record DROP CONSTRAINT usage_record_spool_check, DROP COLUMN spool_seq, DROP COLUMN spool;
DROP TABLE ledger_quarantine;
DROP TABLE ledger_shipment;
DROP TABLE ledger_spool;`,
};
