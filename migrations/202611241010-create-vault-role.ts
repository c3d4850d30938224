import type { Migration } from './migration.js';

/**
 * The role of `npm run vault`: it sees every account's sealed values, which nobody else does, and can rewrite them and
 * announce that, and nothing more. Only the owner is a member of it, never the tiers' own login. (Roles belong to the
 * cluster: see the migration that creates the others.)
 */
export const createVaultRole: Migration = {
  name: '202611241010-create-vault-role',
  up: `
DO $$ BEGIN
  CREATE ROLE tollgate_vault NOLOGIN NOSUPERUSER NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT tollgate_vault TO CURRENT_USER;
GRANT USAGE ON SCHEMA public TO tollgate_vault;

CREATE POLICY provider_key_rewrite ON provider_key TO tollgate_vault USING (true) WITH CHECK (true);
CREATE POLICY custom_provider_rewrite ON custom_provider TO tollgate_vault USING (true) WITH CHECK (true);
CREATE POLICY gateway_settings_rewrite ON gateway_settings TO tollgate_vault USING (true) WITH CHECK (true);
CREATE POLICY gateway_renumber ON gateway TO tollgate_vault USING (true) WITH CHECK (true);
CREATE POLICY policy_outbox_rewritten ON policy_outbox FOR INSERT TO tollgate_vault WITH CHECK (account_id IS NOT NULL);

GRANT SELECT (id, account_id, gateway_id, provider, origin, target, version, sealed), UPDATE (sealed)
  ON provider_key TO tollgate_vault;
GRANT SELECT (id, account_id, slug, base_url, version, sealed_headers), UPDATE (sealed_headers)
  ON custom_provider TO tollgate_vault;
GRANT SELECT (gateway_id, account_id, egress_proxy_url, egress_proxy_sealed), UPDATE (egress_proxy_sealed)
  ON gateway_settings TO tollgate_vault;
GRANT SELECT (id, account_id, name, revision, deleted_at), UPDATE (revision) ON gateway TO tollgate_vault;
GRANT INSERT (account_id, change) ON policy_outbox TO tollgate_vault;
GRANT USAGE ON SEQUENCE policy_revision TO tollgate_vault;`,
  down: `
REVOKE USAGE ON SEQUENCE policy_revision FROM tollgate_vault;
REVOKE INSERT (account_id, change) ON policy_outbox FROM tollgate_vault;
REVOKE SELECT (id, account_id, name, revision, deleted_at), UPDATE (revision) ON gateway FROM tollgate_vault;
REVOKE SELECT (gateway_id, account_id, egress_proxy_url, egress_proxy_sealed), UPDATE (egress_proxy_sealed)
  ON gateway_settings FROM tollgate_vault;
REVOKE SELECT (id, account_id, slug, base_url, version, sealed_headers), UPDATE (sealed_headers)
  ON custom_provider FROM tollgate_vault;
REVOKE SELECT (id, account_id, gateway_id, provider, origin, target, version, sealed), UPDATE (sealed)
  ON provider_key FROM tollgate_vault;
DROP POLICY policy_outbox_rewritten ON policy_outbox;
DROP POLICY gateway_renumber ON gateway;
DROP POLICY gateway_settings_rewrite ON gateway_settings;
DROP POLICY custom_provider_rewrite ON custom_provider;
DROP POLICY provider_key_rewrite ON provider_key;`,
};
