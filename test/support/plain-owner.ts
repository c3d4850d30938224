/** A database whose owner is no superuser, as in production: forced row-level security holds for it too. */
import pg from 'pg';

/** Gives the database and everything in it to a new login; answers the URL to connect by as that one. */
export async function giveToPlainOwner(admin: pg.Pool, databaseUrl: string, owner: string): Promise<string> {
  await admin.query(`CREATE ROLE ${owner} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD 'owner'`);
  await admin.query(`DO $$ DECLARE name text; BEGIN
    EXECUTE format('ALTER DATABASE %I OWNER TO ${owner}', current_database());
    FOR name IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')
      LOOP EXECUTE format('ALTER TABLE %s OWNER TO ${owner}', name); END LOOP;
    FOR name IN SELECT oid::regtype FROM pg_type WHERE typname IN ('usage_record_row', 'usage_record_row_2', 'usage_record_row_3', 'log_body_row')
      LOOP EXECUTE format('ALTER TYPE %s OWNER TO ${owner}', name); END LOOP;
    FOR name IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'public'::regnamespace
      LOOP EXECUTE format('ALTER FUNCTION %s OWNER TO ${owner}', name); END LOOP;
    END $$; ALTER SCHEMA public OWNER TO ${owner}`);
  const url = new URL(databaseUrl);
  [url.username, url.password] = [owner, 'owner'];
  return url.href;
}

/** Once its database is gone, and what it owned with it. */
export async function forgetOwner(databaseUrl: string, owner: string): Promise<void> {
  const url = new URL(databaseUrl);
  url.pathname = '/postgres';
  const client = new pg.Client(url.href);
  await client.connect();
  await client.query(`DROP ROLE IF EXISTS ${owner}`);
  await client.end();
}
