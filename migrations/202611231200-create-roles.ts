import type { Migration } from './migration.js';

/**
 * Roles belong to the cluster, not to this database: another database (or a test beside this one) may be making them
 * at the same moment, and `down` leaves them, since others may still use them.
 */
const createRole = (role: string): string => `
DO $$ BEGIN
  CREATE ROLE ${role} NOLOGIN NOSUPERUSER NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT ${role} TO CURRENT_USER;
GRANT USAGE ON SCHEMA public TO ${role};`;

export const createRoles: Migration = {
  name: '202611231200-create-roles',
  up: `
${['tollgate_api', 'tollgate_proxy', 'tollgate_shipper'].map(createRole).join('\n')}

-- What a transaction said about itself by SET LOCAL; NULL when it said nothing, and then no policy lets a row through.
-- (A setting that was set once in a connection reads as '' afterwards, hence NULLIF.)
CREATE FUNCTION app_account() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT NULLIF(current_setting('app.account', true), '')::uuid $$;
CREATE FUNCTION app_user_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT NULLIF(current_setting('app.user', true), '')::uuid $$;
CREATE FUNCTION app_account_key() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT NULLIF(current_setting('app.account_key', true), '') $$;
CREATE FUNCTION app_token_hash() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT NULLIF(current_setting('app.token_hash', true), '') $$;
CREATE FUNCTION app_session_hash() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT NULLIF(current_setting('app.session_hash', true), '') $$;
CREATE FUNCTION app_email() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT NULLIF(current_setting('app.email', true), '') $$;`,
  down: `
DROP FUNCTION app_email();
DROP FUNCTION app_session_hash();
DROP FUNCTION app_token_hash();
DROP FUNCTION app_account_key();
DROP FUNCTION app_user_id();
DROP FUNCTION app_account();`,
};
