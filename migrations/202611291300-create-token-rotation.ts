import type { Migration } from './migration.js';

/** A token's secret before the last rotation goes on for a while; and proxies remember when tokens were used. */
export const createTokenRotation: Migration = {
  name: '202611291300-create-token-rotation',
  up: `
-- At most two secrets of a token work at a time: rotating again ends the one before the last.
ALTER TABLE api_token ADD COLUMN retired_hash text, ADD COLUMN retired_until timestamptz,
  ADD CONSTRAINT api_token_retired_hash_key UNIQUE (retired_hash),
  ADD CONSTRAINT api_token_retired_check CHECK ((retired_hash IS NULL) = (retired_until IS NULL)
    AND retired_hash ~ '^[0-9a-f]{64}$' AND retired_hash <> token_hash);
ALTER POLICY api_token_scope ON api_token
  USING (account_id = app_account() OR token_hash = app_token_hash() OR retired_hash = app_token_hash())
  WITH CHECK (account_id = app_account());

-- The shipper writes for all accounts: of tokens, when they were used last, and it sees nothing else of them.
CREATE POLICY api_token_use ON api_token TO tollgate_shipper USING (true) WITH CHECK (true);
GRANT SELECT (id, last_used_at), UPDATE (last_used_at) ON api_token TO tollgate_shipper;`,
  down: `
REVOKE SELECT (id, last_used_at), UPDATE (last_used_at) ON api_token FROM tollgate_shipper;
DROP POLICY api_token_use ON api_token;
ALTER POLICY api_token_scope ON api_token
  USING (account_id = app_account() OR token_hash = app_token_hash()) WITH CHECK (account_id = app_account());
ALTER TABLE api_token DROP CONSTRAINT api_token_retired_check, DROP CONSTRAINT api_token_retired_hash_key,
  DROP COLUMN retired_until, DROP COLUMN retired_hash;`,
};
