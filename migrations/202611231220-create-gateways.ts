import type { Migration } from './migration.js';

/** Gateways, their settings, and the outbox that tells every proxy of a change. */
export const createGateways: Migration = {
  name: '202611231220-create-gateways',
  up: `
CREATE TABLE gateway (
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  name text NOT NULL,
  description text,
  config_version integer NOT NULL DEFAULT 1,
  revision bigint NOT NULL DEFAULT nextval('policy_revision'),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  CONSTRAINT gateway_pkey PRIMARY KEY (id),
  CONSTRAINT gateway_account_fkey FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT gateway_name_check CHECK (name ~ '^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$'),
  CONSTRAINT gateway_description_check CHECK (length(description) <= 1024)
);
-- A deleted gateway's name may be used again, by another gateway: unique among the living only.
CREATE UNIQUE INDEX gateway_account_name_key ON gateway (account_id, name) WHERE deleted_at IS NULL;
-- pages of an account's gateways, newest first
CREATE INDEX gateway_account_idx ON gateway (account_id, id DESC);

CREATE TABLE gateway_settings (
  gateway_id uuid NOT NULL,
  account_id uuid NOT NULL,
  authentication boolean NOT NULL DEFAULT false,
  collect_logs boolean NOT NULL DEFAULT true,
  collect_log_payload boolean NOT NULL DEFAULT true,
  cache_ttl_seconds integer NOT NULL DEFAULT 0,
  cache_invalidate_on_update boolean NOT NULL DEFAULT false,
  coalesce_identical boolean NOT NULL DEFAULT false,
  rate_limits jsonb NOT NULL DEFAULT '[]',
  retry_max_attempts smallint NOT NULL DEFAULT 1,
  retry_delay_ms integer NOT NULL DEFAULT 500,
  retry_backoff text NOT NULL DEFAULT 'EXPONENTIAL',
  retry_when_sent boolean NOT NULL DEFAULT false,
  request_timeout_ms integer,
  byok_only boolean NOT NULL DEFAULT false,
  inject_stream_usage boolean NOT NULL DEFAULT true,
  log_retention_days smallint NOT NULL DEFAULT 30,
  egress_proxy_url text,
  CONSTRAINT gateway_settings_pkey PRIMARY KEY (gateway_id),
  CONSTRAINT gateway_settings_gateway_fkey FOREIGN KEY (gateway_id) REFERENCES gateway (id),
  CONSTRAINT gateway_settings_account_fkey FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT gateway_settings_cache_ttl_check CHECK (cache_ttl_seconds = 0 OR cache_ttl_seconds BETWEEN 60 AND 2592000),
  CONSTRAINT gateway_settings_rate_limits_check CHECK (jsonb_typeof(rate_limits) = 'array' AND jsonb_array_length(rate_limits) <= 20),
  CONSTRAINT gateway_settings_retry_check CHECK (retry_max_attempts BETWEEN 1 AND 5 AND retry_delay_ms BETWEEN 0 AND 60000),
  CONSTRAINT gateway_settings_backoff_check CHECK (retry_backoff IN ('CONSTANT', 'LINEAR', 'EXPONENTIAL')),
  CONSTRAINT gateway_settings_timeout_check CHECK (request_timeout_ms BETWEEN 100 AND 600000),
  CONSTRAINT gateway_settings_retention_check CHECK (log_retention_days IN (1, 7, 30, 90, 365))
);

-- What changed, for the proxies' version poll. \`xid\` lets a reader continue without missing a transaction that was
-- still open when it last looked: everything below a snapshot's xmin is finished.
CREATE TABLE policy_outbox (
  id bigint GENERATED ALWAYS AS IDENTITY,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  account_id uuid,
  change jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT policy_outbox_pkey PRIMARY KEY (id)
);
-- the poll, once a second from every proxy
CREATE INDEX policy_outbox_xid_idx ON policy_outbox (xid);
-- upkeep drops old rows
CREATE INDEX policy_outbox_created_idx ON policy_outbox (created_at);

ALTER TABLE gateway ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE gateway_settings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE policy_outbox ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY gateway_scope ON gateway USING (account_id = app_account()) WITH CHECK (account_id = app_account());
-- Which of a user's own accounts holds a gateway that he names by its id: only in a transaction that has no account yet.
CREATE POLICY gateway_locate ON gateway FOR SELECT TO tollgate_api
  USING (app_account() IS NULL
    AND account_id IN (SELECT m.account_id FROM membership m WHERE m.user_id = app_user_id()));
CREATE POLICY gateway_settings_scope ON gateway_settings
  USING (account_id = app_account()) WITH CHECK (account_id = app_account());
-- Proxies follow all accounts; the api adds to the account it is changing (null: the instance, as for a price list).
CREATE POLICY policy_outbox_follow ON policy_outbox FOR SELECT TO tollgate_proxy USING (true);
CREATE POLICY policy_outbox_add ON policy_outbox FOR INSERT TO tollgate_api
  WITH CHECK (account_id IS NOT DISTINCT FROM app_account());
CREATE POLICY policy_outbox_old ON policy_outbox FOR SELECT TO tollgate_api USING (created_at < now() - interval '1 hour');
CREATE POLICY policy_outbox_upkeep ON policy_outbox FOR DELETE TO tollgate_api USING (created_at < now() - interval '1 hour');

GRANT SELECT, INSERT, UPDATE ON gateway, gateway_settings TO tollgate_api;
GRANT INSERT ON policy_outbox TO tollgate_api;
GRANT SELECT (created_at), DELETE ON policy_outbox TO tollgate_api;
GRANT SELECT ON gateway, gateway_settings, policy_outbox TO tollgate_proxy;`,
  down: `
DROP TABLE policy_outbox;
DROP TABLE gateway_settings;
DROP TABLE gateway;`,
};
