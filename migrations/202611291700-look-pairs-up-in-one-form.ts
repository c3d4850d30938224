import type { Migration } from './migration.js';

/**
 * Whoever looks for a pair of metadata whose value may be a text or a number looks twice: a policy that lets both be seen has
 * Postgres plan two walks of the index for every day, also where the value is none but a text, which most are.
 */
export const lookPairsUpInOneForm: Migration = {
  name: '202611291700-look-pairs-up-in-one-form',
  up: `
ALTER POLICY usage_record_find ON usage_record
  USING (account_id = app_account() AND metadata IS NOT NULL AND metadata @> app_metadata());
DROP FUNCTION app_metadata_literal();`,
  down: `
CREATE FUNCTION app_metadata_literal() RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT NULLIF(current_setting('app.metadata_literal', true), '')::jsonb $$;
ALTER POLICY usage_record_find ON usage_record
  USING (account_id = app_account() AND metadata IS NOT NULL
    AND (metadata @> app_metadata() OR metadata @> app_metadata_literal()));`,
};
