/** What both tiers demand of the database before they serve: without it, isolation would rest on one wall. */
import type pg from 'pg';
import { inTransaction, type DatabaseRole } from './postgres.js';

/** What waiting does not mend; its message says what is to be done. */
export class UnfitDatabase extends Error {}

/**
 * Throws UnfitDatabase, saying what is missing, unless the login may act as `role`, that role cannot bypass row-level
 * security, and every table with an account's rows has row-level security enabled and forced. Connection errors pass
 * through.
 */
export async function assertDatabaseReady(pool: pg.Pool, role: DatabaseRole): Promise<void> {
  const facts = await pool.query<{ exists: boolean; member: boolean; bypasses: boolean }>(
    `SELECT count(*) > 0 AS exists, coalesce(bool_or(pg_has_role(current_user, rolname, 'MEMBER')), false) AS member,
       coalesce(bool_or(rolsuper OR rolbypassrls), false) AS bypasses
     FROM pg_roles WHERE rolname = $1`,
    [role],
  );
  const found = facts.rows[0];
  if (found === undefined || !found.exists) {
    throw new UnfitDatabase(`The database role ${role} does not exist: run \`npm run migrate\` first.`);
  }
  if (!found.member) {
    throw new UnfitDatabase(
      `The database user is not a member of ${role}: run \`npm run migrate\` with MIGRATION_DATABASE_URL.`,
    );
  }
  if (found.bypasses) throw new UnfitDatabase(`The database role ${role} may bypass row-level security; it must not.`);
  const open = await inTransaction(pool, role, {}, (client) =>
    client.query<{ relname: string }>(
      `SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id'
       WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
         AND NOT a.attisdropped AND NOT (c.relrowsecurity AND c.relforcerowsecurity)`,
    ),
  );
  if (open.rows.length > 0) {
    const tables = open.rows.map((row) => row.relname).join(', ');
    throw new UnfitDatabase(`Row-level security is not enabled and forced on: ${tables}. Run \`npm run migrate\`.`);
  }
}
