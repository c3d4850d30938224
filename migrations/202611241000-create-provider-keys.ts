import type { Migration } from './migration.js';

/**
 * Stored credentials, sealed: what stands here can be opened by the proxy's private key alone. Each sealed value is
 * bound to its own row (account, provider, id, origin, target, version), so that a row's value is of no use in another.
 */
export const createProviderKeys: Migration = {
  name: '202611241000-create-provider-keys',
  up: `
CREATE TABLE provider_key (
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  gateway_id uuid NOT NULL,
  provider text NOT NULL,
  alias text NOT NULL,
  -- the only origin that it is ever sent to
  origin text NOT NULL,
  -- the Azure resource, Vertex project and region, … that it is bound to: name -> text; part of what seals it
  target jsonb NOT NULL DEFAULT '{}',
  sealed bytea NOT NULL,
  last_four text NOT NULL,
  -- grows with each new secret; part of what seals it
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT provider_key_pkey PRIMARY KEY (id),
  CONSTRAINT provider_key_account_fkey FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT provider_key_gateway_fkey FOREIGN KEY (gateway_id) REFERENCES gateway (id),
  CONSTRAINT provider_key_alias_check CHECK (alias ~ '^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$'),
  CONSTRAINT provider_key_target_check CHECK (jsonb_typeof(target) = 'object'),
  CONSTRAINT provider_key_last_four_check CHECK (length(last_four) <= 4)
);
-- the look-up by alias, and what keeps one name from meaning two keys
CREATE UNIQUE INDEX provider_key_alias_key ON provider_key (gateway_id, provider, alias);
-- pages of a gateway's keys, newest first
CREATE INDEX provider_key_gateway_idx ON provider_key (gateway_id, id DESC);

CREATE TABLE custom_provider (
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  slug text NOT NULL,
  name text NOT NULL,
  base_url text NOT NULL,
  header_names text[] NOT NULL DEFAULT '{}',
  -- JSON object of header name -> value, always sent upstream; null: none
  sealed_headers bytea,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT custom_provider_pkey PRIMARY KEY (id),
  CONSTRAINT custom_provider_account_fkey FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT custom_provider_slug_check CHECK (slug ~ '^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$'),
  CONSTRAINT custom_provider_name_check CHECK (length(name) BETWEEN 1 AND 128),
  CONSTRAINT custom_provider_headers_check CHECK ((sealed_headers IS NULL) = (header_names = '{}'))
);
CREATE UNIQUE INDEX custom_provider_slug_key ON custom_provider (account_id, slug);
-- pages of an account's custom providers, newest first
CREATE INDEX custom_provider_account_idx ON custom_provider (account_id, id DESC);

-- The URL that settings show has its password masked; the whole one is sealed like a provider key.
ALTER TABLE gateway_settings
  ADD COLUMN egress_proxy_sealed bytea,
  ADD CONSTRAINT gateway_settings_egress_check CHECK ((egress_proxy_url IS NULL) = (egress_proxy_sealed IS NULL));

ALTER TABLE provider_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE custom_provider ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY provider_key_scope ON provider_key
  USING (account_id = app_account()) WITH CHECK (account_id = app_account());
CREATE POLICY custom_provider_scope ON custom_provider
  USING (account_id = app_account()) WITH CHECK (account_id = app_account());
-- Which of a user's own accounts holds a row that he names by its id: only in a transaction that has no account yet.
CREATE POLICY provider_key_locate ON provider_key FOR SELECT TO tollgate_api
  USING (app_account() IS NULL
    AND account_id IN (SELECT m.account_id FROM membership m WHERE m.user_id = app_user_id()));
CREATE POLICY custom_provider_locate ON custom_provider FOR SELECT TO tollgate_api
  USING (app_account() IS NULL
    AND account_id IN (SELECT m.account_id FROM membership m WHERE m.user_id = app_user_id()));

GRANT SELECT, INSERT, UPDATE, DELETE ON provider_key, custom_provider TO tollgate_api;
GRANT SELECT ON provider_key, custom_provider TO tollgate_proxy;`,
  down: `
ALTER TABLE gateway_settings DROP CONSTRAINT gateway_settings_egress_check, DROP COLUMN egress_proxy_sealed;
DROP TABLE custom_provider;
DROP TABLE provider_key;`,
};
