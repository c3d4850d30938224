import type { Migration } from './migration.js';

/**
 * What a gateway was at each of its versions. A row is written with the change that makes the version, and never altered.
 * It ends a thousand versions later, or when the version has long been another one's predecessor (the upkeep).
 */
export const createGatewayVersions: Migration = {
  name: '202611291410-create-gateway-versions',
  up: `
CREATE TABLE gateway_version (
  gateway_id uuid NOT NULL,
  number integer NOT NULL,
  account_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  actor text NOT NULL,
  action text NOT NULL,
  description text,
  settings jsonb NOT NULL,
  provider_keys jsonb NOT NULL DEFAULT '[]',
  custom_providers jsonb NOT NULL DEFAULT '[]',
  CONSTRAINT gateway_version_pkey PRIMARY KEY (gateway_id, number),
  CONSTRAINT gateway_version_gateway_fkey FOREIGN KEY (gateway_id) REFERENCES gateway (id),
  CONSTRAINT gateway_version_account_fkey FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT gateway_version_form_check CHECK (number > 0 AND jsonb_typeof(settings) = 'object'
    AND jsonb_typeof(provider_keys) = 'array' AND jsonb_typeof(custom_providers) = 'array')
);
-- upkeep looks for what was followed by another version long ago
CREATE INDEX gateway_version_created_idx ON gateway_version (created_at);

ALTER TABLE gateway_version ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY gateway_version_scope ON gateway_version FOR SELECT USING (account_id = app_account());
CREATE POLICY gateway_version_add ON gateway_version FOR INSERT WITH CHECK (account_id = app_account());
-- The last thousand of a gateway stay, whoever asks.
CREATE POLICY gateway_version_trim ON gateway_version FOR DELETE TO tollgate_api
  USING (account_id = app_account()
    AND number <= (SELECT g.config_version FROM gateway g WHERE g.id = gateway_id) - 1000);
CREATE POLICY gateway_version_upkeep ON gateway_version TO tollgate_upkeep USING (created_at < now() - interval '14 days');

GRANT SELECT, INSERT, DELETE ON gateway_version TO tollgate_api;
GRANT SELECT (gateway_id, number, created_at), DELETE ON gateway_version TO tollgate_upkeep;`,
  down: `DROP TABLE gateway_version;`,
};
