/**
 * The outbox: every change of a policy is a row in the transaction that makes it, so a proxy that missed the message
 * finds it by polling. Rows are written under the account they concern; null: the whole instance.
 */
import type { PolicyChange } from '../../schema/contracts/redis-keys.js';
import type { Database, LookupTransaction } from '../tenancy/database.js';
import type { TenantTransaction } from '../tenancy/tenant-transaction.js';

interface Revision {
  readonly revision: string;
}

const INSERT = 'INSERT INTO policy_outbox (account_id, change) VALUES ($1, $2)';

/** A number greater than every revision drawn before. Draw it only once the row is locked, or it may go backwards. */
export async function nextRevision(tx: TenantTransaction | LookupTransaction): Promise<number> {
  const rows =
    tx.kind === 'tenant'
      ? await tx.query<Revision>("SELECT nextval('policy_revision') AS revision WHERE $1::uuid IS NOT NULL")
      : await tx.query<Revision>("SELECT nextval('policy_revision') AS revision", []);
  return Number(rows[0]?.revision);
}

/** Adds a change of the transaction's account. */
export async function recordChange(tx: TenantTransaction, change: PolicyChange): Promise<void> {
  await tx.query(INSERT, [JSON.stringify(change)]);
}

/** Adds a change before an account has a scope: a new account, or (null) a change of the instance. */
export async function recordFirstChange(
  tx: LookupTransaction,
  accountId: string | null,
  change: PolicyChange,
): Promise<void> {
  await tx.query(INSERT, [accountId, JSON.stringify(change)]);
}

/** Drops rows that every proxy has long seen (row-level security lets the api touch none younger than an hour). */
export async function dropOldChanges(database: Database): Promise<void> {
  await database.inLookup({}, (tx) =>
    tx.query("DELETE FROM policy_outbox WHERE created_at < now() - interval '1 hour'", []),
  );
}
