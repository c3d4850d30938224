import type { Migration } from './migration.js';

/**
 * An account's own prices, and adjusting entries: rows of the ledger that correct the cost of an earlier one, which
 * itself never changes. The api may add such rows, to the account it acts in, and no others.
 */
export const createPriceOverrides: Migration = {
  name: '202611281000-create-price-overrides',
  up: `
CREATE TABLE price_override (
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  provider text NOT NULL,
  -- a model id, or what it begins with
  model text NOT NULL,
  match text NOT NULL,
  -- null: calls that are charged at list price
  service_tier text,
  -- null: always
  effective_from timestamptz,
  -- unit -> integer pico-USD, as digits
  rates jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- replaced or removed; the row stays, for the records that it priced
  ended_at timestamptz,
  CONSTRAINT price_override_pkey PRIMARY KEY (id),
  CONSTRAINT price_override_account_fkey FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT price_override_model_check CHECK (length(model) BETWEEN 1 AND 256),
  CONSTRAINT price_override_match_check CHECK (match IN ('EXACT', 'PREFIX')),
  CONSTRAINT price_override_tier_check CHECK (service_tier ~ '^[a-z0-9][a-z0-9 ._-]{0,63}$'),
  CONSTRAINT price_override_rates_check CHECK (jsonb_typeof(rates) = 'object' AND rates <> '{}')
);
-- one price in force for one thing; and what policies read
CREATE UNIQUE INDEX price_override_active_key ON price_override
  (account_id, provider, model, match, COALESCE(service_tier, ''), COALESCE(effective_from, '-infinity'))
  WHERE ended_at IS NULL;
-- pages of an account's own prices, newest first
CREATE INDEX price_override_account_idx ON price_override (account_id, id DESC);

ALTER TABLE price_override ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY price_override_scope ON price_override
  USING (account_id = app_account()) WITH CHECK (account_id = app_account());
-- Which of a user's own accounts holds a row that he names by its id: only in a transaction that has no account yet.
CREATE POLICY price_override_locate ON price_override FOR SELECT TO tollgate_api
  USING (app_account() IS NULL
    AND account_id IN (SELECT m.account_id FROM membership m WHERE m.user_id = app_user_id()));
-- A price that was in force is never altered: it can only end.
GRANT SELECT, INSERT, UPDATE (ended_at) ON price_override TO tollgate_api;
GRANT SELECT ON price_override TO tollgate_proxy;

-- Whether a build brought the list or an operator: what an operator imported is not put aside by the next start.
ALTER TABLE price_list
  ADD COLUMN origin text NOT NULL DEFAULT 'BUILT_IN',
  ADD COLUMN imported_by text,
  ADD CONSTRAINT price_list_origin_check CHECK (origin IN ('BUILT_IN', 'IMPORT'));

ALTER TABLE usage_record
  -- the record, of the same day, whose cost this one corrects
  ADD COLUMN adjusts uuid,
  -- whether it is what gave an UNPRICED record its price
  ADD COLUMN prices_unpriced boolean NOT NULL DEFAULT false,
  ADD CONSTRAINT usage_record_adjusts_check CHECK (
    (kind = 'ADJUSTMENT') = (adjusts IS NOT NULL) AND (kind = 'ADJUSTMENT' OR NOT prices_unpriced));
-- the adjustments of a record; requests have no entry in it. Every column that they are looked up by, so that no plan
-- prefers another index, whatever it knows of the table: 20 000 look-ups by the key's day took 75 s.
CREATE INDEX usage_record_adjusts_idx ON usage_record (adjusts, day, account_id) WHERE adjusts IS NOT NULL;
CREATE POLICY usage_record_adjust ON usage_record FOR INSERT TO tollgate_api
  WITH CHECK (account_id = app_account() AND kind = 'ADJUSTMENT');
GRANT INSERT ON usage_record TO tollgate_api;`,
  down: `
REVOKE INSERT ON usage_record FROM tollgate_api;
DROP POLICY usage_record_adjust ON usage_record;
DROP INDEX usage_record_adjusts_idx;
ALTER TABLE usage_record DROP CONSTRAINT usage_record_adjusts_check, DROP COLUMN prices_unpriced, DROP COLUMN adjusts;
ALTER TABLE price_list DROP CONSTRAINT price_list_origin_check, DROP COLUMN imported_by, DROP COLUMN origin;
DROP TABLE price_override;`,
};
