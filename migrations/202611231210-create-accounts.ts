import type { Migration } from './migration.js';

/** Accounts, users and what ties them: memberships, sessions, API tokens, the audit log. */
export const createAccounts: Migration = {
  name: '202611231210-create-accounts',
  up: `
CREATE TABLE account (
  id uuid NOT NULL,
  tag text NOT NULL,
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  CONSTRAINT account_pkey PRIMARY KEY (id),
  CONSTRAINT account_tag_key UNIQUE (tag),
  CONSTRAINT account_name_key UNIQUE (name),
  CONSTRAINT account_tag_check CHECK (tag ~ '^[0-9a-f]{32}$'),
  CONSTRAINT account_name_check CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$' AND name !~ '^[0-9a-f]{32}$')
);

-- Every tag and every name an account ever had: what a URL's account segment is looked up in. Rows are never removed,
-- so no key is ever given to another account.
CREATE TABLE account_key (
  key text NOT NULL,
  account_id uuid NOT NULL,
  CONSTRAINT account_key_pkey PRIMARY KEY (key),
  CONSTRAINT account_key_account_fkey FOREIGN KEY (account_id) REFERENCES account (id)
);
-- lists an account's former names
CREATE INDEX account_key_account_idx ON account_key (account_id);

CREATE TABLE app_user (
  id uuid NOT NULL,
  email text NOT NULL,
  password_hash text,
  is_operator boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT app_user_pkey PRIMARY KEY (id),
  CONSTRAINT app_user_email_key UNIQUE (email),
  CONSTRAINT app_user_email_check CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 320)
);

CREATE TABLE membership (
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  user_id uuid NOT NULL,
  role text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT membership_pkey PRIMARY KEY (id),
  CONSTRAINT membership_account_user_key UNIQUE (account_id, user_id),
  CONSTRAINT membership_account_fkey FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT membership_user_fkey FOREIGN KEY (user_id) REFERENCES app_user (id),
  CONSTRAINT membership_role_check CHECK (role IN ('OWNER', 'ADMIN', 'EDITOR', 'VIEWER'))
);
-- a user's accounts, asked on every request that a session makes
CREATE INDEX membership_user_idx ON membership (user_id);

CREATE TABLE session (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  token_hash text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  ip inet,
  user_agent text,
  CONSTRAINT session_pkey PRIMARY KEY (id),
  CONSTRAINT session_token_hash_key UNIQUE (token_hash),
  CONSTRAINT session_user_fkey FOREIGN KEY (user_id) REFERENCES app_user (id),
  CONSTRAINT session_token_hash_check CHECK (token_hash ~ '^[0-9a-f]{64}$')
);
-- a user's sessions, to list and to end them all
CREATE INDEX session_user_idx ON session (user_id);

-- Numbers policy documents: gateways and tokens draw from it at every change, so "greater" means "newer" everywhere.
CREATE SEQUENCE policy_revision AS bigint;

CREATE TABLE api_token (
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  name text NOT NULL,
  token_hash text NOT NULL,
  prefix text NOT NULL,
  permissions text[] NOT NULL,
  gateway_ids uuid[],
  cidrs text[],
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  revision bigint NOT NULL DEFAULT nextval('policy_revision'),
  CONSTRAINT api_token_pkey PRIMARY KEY (id),
  CONSTRAINT api_token_token_hash_key UNIQUE (token_hash),
  CONSTRAINT api_token_account_fkey FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT api_token_name_check CHECK (length(name) BETWEEN 1 AND 128),
  CONSTRAINT api_token_token_hash_check CHECK (token_hash ~ '^[0-9a-f]{64}$'),
  CONSTRAINT api_token_permissions_check CHECK (
    permissions <@ ARRAY['AI_GATEWAY_READ', 'AI_GATEWAY_LOG_BODIES', 'AI_GATEWAY_EDIT', 'AI_GATEWAY_RUN', 'ACCOUNT_EDIT']
    AND cardinality(permissions) > 0)
);
-- an account's tokens, newest first
CREATE INDEX api_token_account_idx ON api_token (account_id, id DESC);

CREATE TABLE audit_event (
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  actor text NOT NULL,
  action text NOT NULL,
  before jsonb,
  after jsonb,
  ip inet,
  CONSTRAINT audit_event_pkey PRIMARY KEY (id),
  CONSTRAINT audit_event_account_fkey FOREIGN KEY (account_id) REFERENCES account (id)
);
-- an account's events, newest first
CREATE INDEX audit_event_account_idx ON audit_event (account_id, id DESC);

-- One row once the first user and account exist. Nobody may count users (row-level security), so this says it.
CREATE TABLE instance (
  singleton boolean NOT NULL DEFAULT true,
  bootstrapped_at timestamptz NOT NULL DEFAULT now(),
  first_account_id uuid NOT NULL,
  CONSTRAINT instance_pkey PRIMARY KEY (singleton),
  CONSTRAINT instance_singleton_check CHECK (singleton),
  CONSTRAINT instance_first_account_fkey FOREIGN KEY (first_account_id) REFERENCES account (id)
);

ALTER TABLE account ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE account_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE app_user ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE membership ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE session ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE api_token ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_event ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- Who finds a row before an account is known must present the row's own key (tag, name, hash, email): it shows that
-- one row and nothing beside it.
CREATE POLICY account_key_scope ON account_key
  USING (account_id = app_account() OR key = app_account_key()) WITH CHECK (account_id = app_account());
CREATE POLICY membership_scope ON membership
  USING (account_id = app_account() OR user_id = app_user_id()) WITH CHECK (account_id = app_account());
CREATE POLICY account_scope ON account
  USING (id = app_account() OR id IN (SELECT m.account_id FROM membership m WHERE m.user_id = app_user_id()))
  WITH CHECK (id = app_account());
CREATE POLICY app_user_scope ON app_user
  USING (id = app_user_id() OR email = app_email()
    OR id IN (SELECT m.user_id FROM membership m WHERE m.account_id = app_account()))
  WITH CHECK (id = app_user_id());
CREATE POLICY session_scope ON session
  USING (user_id = app_user_id() OR token_hash = app_session_hash()) WITH CHECK (user_id = app_user_id());
CREATE POLICY api_token_scope ON api_token
  USING (account_id = app_account() OR token_hash = app_token_hash()) WITH CHECK (account_id = app_account());
-- Which of a user's own accounts holds a token that he names by its id: only in a transaction that has no account yet.
CREATE POLICY api_token_locate ON api_token FOR SELECT TO tollgate_api
  USING (app_account() IS NULL
    AND account_id IN (SELECT m.account_id FROM membership m WHERE m.user_id = app_user_id()));
CREATE POLICY audit_event_scope ON audit_event
  USING (account_id = app_account()) WITH CHECK (account_id = app_account());

GRANT USAGE ON SEQUENCE policy_revision TO tollgate_api;
GRANT SELECT, INSERT, UPDATE ON account, app_user, membership, session, api_token TO tollgate_api;
GRANT DELETE ON membership, session TO tollgate_api;
GRANT SELECT, INSERT ON account_key, audit_event, instance TO tollgate_api;
GRANT SELECT ON account, account_key, api_token TO tollgate_proxy;
-- The account policy reads membership in the caller's name.
GRANT SELECT (account_id, user_id) ON membership TO tollgate_proxy;`,
  down: `
DROP TABLE instance;
DROP TABLE audit_event;
DROP TABLE api_token;
DROP SEQUENCE policy_revision;
DROP TABLE session;
DROP POLICY account_scope ON account;
DROP POLICY app_user_scope ON app_user;
DROP TABLE membership;
DROP TABLE app_user;
DROP TABLE account_key;
DROP TABLE account;`,
};
