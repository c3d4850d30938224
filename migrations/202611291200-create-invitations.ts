import type { Migration } from './migration.js';

/**
 * How people come and go: invitations, links that set a password anew, identities at the OpenID provider, when a session
 * was last used, and when a deleted account's bodies were erased. Invitations and links are credentials: only keyed hashes
 * are stored, and a row goes with its use, so that none is used twice.
 */
export const createInvitations: Migration = {
  name: '202611291200-create-invitations',
  up: `
CREATE FUNCTION app_invitation_hash() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT NULLIF(current_setting('app.invitation_hash', true), '') $$;
CREATE FUNCTION app_reset_hash() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT NULLIF(current_setting('app.reset_hash', true), '') $$;
CREATE FUNCTION app_identity() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT NULLIF(current_setting('app.identity', true), '') $$;

CREATE TABLE invitation (
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  email text NOT NULL,
  role text NOT NULL,
  token_hash text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- who must still be able to give the role when it is accepted: a user, or an API token
  created_by uuid,
  created_by_token uuid,
  expires_at timestamptz NOT NULL,
  CONSTRAINT invitation_pkey PRIMARY KEY (id),
  CONSTRAINT invitation_token_hash_key UNIQUE (token_hash),
  CONSTRAINT invitation_account_email_key UNIQUE (account_id, email),
  CONSTRAINT invitation_account_fkey FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT invitation_email_check CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 320),
  CONSTRAINT invitation_role_check CHECK (role IN ('OWNER', 'ADMIN', 'EDITOR', 'VIEWER')),
  CONSTRAINT invitation_token_hash_check CHECK (token_hash ~ '^[0-9a-f]{64}$'),
  CONSTRAINT invitation_maker_check CHECK (num_nonnulls(created_by, created_by_token) = 1)
);
-- pages of an account's invitations, newest first
CREATE INDEX invitation_account_idx ON invitation (account_id, id DESC);
-- whether somebody whom the OpenID provider knows is invited anywhere
CREATE INDEX invitation_email_idx ON invitation (email);

CREATE TABLE password_reset (
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  token_hash text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  CONSTRAINT password_reset_pkey PRIMARY KEY (id),
  CONSTRAINT password_reset_token_hash_key UNIQUE (token_hash),
  -- a new link replaces the one before
  CONSTRAINT password_reset_user_key UNIQUE (user_id),
  CONSTRAINT password_reset_user_fkey FOREIGN KEY (user_id) REFERENCES app_user (id),
  CONSTRAINT password_reset_token_hash_check CHECK (token_hash ~ '^[0-9a-f]{64}$')
);

CREATE TABLE user_identity (
  -- SHA-256 of the provider's issuer and its subject, which never changes, whatever becomes of the email
  key text NOT NULL,
  user_id uuid NOT NULL,
  issuer text NOT NULL,
  subject text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT user_identity_pkey PRIMARY KEY (key),
  CONSTRAINT user_identity_user_issuer_key UNIQUE (user_id, issuer),
  CONSTRAINT user_identity_user_fkey FOREIGN KEY (user_id) REFERENCES app_user (id),
  CONSTRAINT user_identity_key_check CHECK (key ~ '^[0-9a-f]{64}$')
);

ALTER TABLE session ADD COLUMN last_used_at timestamptz NOT NULL DEFAULT now();
-- null while bodies may be left
ALTER TABLE account ADD COLUMN erased_at timestamptz;
-- what is left to erase
CREATE INDEX account_deleted_idx ON account (deleted_at) WHERE deleted_at IS NOT NULL;

ALTER TABLE invitation ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE password_reset ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE user_identity ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY invitation_scope ON invitation
  USING (account_id = app_account() OR token_hash = app_invitation_hash()) WITH CHECK (account_id = app_account());
CREATE POLICY invitation_of_email ON invitation FOR SELECT TO tollgate_api USING (email = app_email());
-- Which of a user's own accounts holds one that he names by its id: only in a transaction that has no account yet.
CREATE POLICY invitation_locate ON invitation FOR SELECT TO tollgate_api
  USING (app_account() IS NULL
    AND account_id IN (SELECT m.account_id FROM membership m WHERE m.user_id = app_user_id()));
CREATE POLICY password_reset_scope ON password_reset
  USING (user_id = app_user_id() OR token_hash = app_reset_hash()) WITH CHECK (user_id = app_user_id());
CREATE POLICY user_identity_scope ON user_identity
  USING (user_id = app_user_id() OR key = app_identity()) WITH CHECK (user_id = app_user_id());
-- What a user did with his own password stands in the audit log of each of his accounts.
CREATE POLICY audit_event_of_user ON audit_event FOR INSERT TO tollgate_api
  WITH CHECK (app_account() IS NULL
    AND account_id IN (SELECT m.account_id FROM membership m WHERE m.user_id = app_user_id()));
-- Deleted accounts have nobody who could present them: the erasure finds them by themselves.
CREATE POLICY account_erasure ON account FOR SELECT TO tollgate_api
  USING (deleted_at IS NOT NULL AND app_account() IS NULL AND app_user_id() IS NULL);

GRANT SELECT, INSERT, DELETE ON invitation, password_reset TO tollgate_api;
GRANT UPDATE ON password_reset TO tollgate_api;
GRANT SELECT, INSERT ON user_identity TO tollgate_api;`,
  down: `
DROP POLICY account_erasure ON account;
DROP POLICY audit_event_of_user ON audit_event;
DROP INDEX account_deleted_idx;
ALTER TABLE account DROP COLUMN erased_at;
ALTER TABLE session DROP COLUMN last_used_at;
DROP TABLE user_identity;
DROP TABLE password_reset;
DROP TABLE invitation;
DROP FUNCTION app_identity();
DROP FUNCTION app_reset_hash();
DROP FUNCTION app_invitation_hash();`,
};
