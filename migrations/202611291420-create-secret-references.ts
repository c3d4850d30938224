import type { Migration } from './migration.js';

/**
 * Where a configuration file says that a secret comes from (`env:NAME`, `file:PATH`): so that what was applied is what is
 * exported, and a secret is asked for only where its reference is another one. Null: nobody said.
 */
export const createSecretReferences: Migration = {
  name: '202611291420-create-secret-references',
  up: `
ALTER TABLE provider_key ADD COLUMN secret_from text,
  ADD CONSTRAINT provider_key_secret_from_check CHECK (length(secret_from) <= 512);
ALTER TABLE custom_provider ADD COLUMN header_sources jsonb NOT NULL DEFAULT '{}',
  ADD CONSTRAINT custom_provider_header_sources_check CHECK (jsonb_typeof(header_sources) = 'object');
ALTER TABLE gateway_settings ADD COLUMN egress_proxy_from text,
  ADD CONSTRAINT gateway_settings_egress_from_check CHECK (length(egress_proxy_from) <= 512);`,
  down: `
ALTER TABLE gateway_settings DROP COLUMN egress_proxy_from;
ALTER TABLE custom_provider DROP COLUMN header_sources;
ALTER TABLE provider_key DROP COLUMN secret_from;`,
};
