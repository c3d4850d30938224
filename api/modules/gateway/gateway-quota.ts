/** How many gateways the operator allows an account. */
import { conflict } from '../../errors.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';

/**
 * Throws CONFLICT when the account has as many gateways as its quota allows. Where there is a quota, gateways of one
 * account are made one after the other, so that two at once do not both find room for the last one.
 */
export async function assertWithinQuota(tx: TenantTransaction): Promise<void> {
  const [account] = await tx.query<{ gateways_max: number | null }>(
    'SELECT a.gateways_max FROM account a WHERE a.id = $1',
  );
  const max = account?.gateways_max ?? null;
  if (max === null) return;
  await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('gateway-quota/' || $1::text, 0))");
  const [living] = await tx.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM gateway g WHERE ${tx.owned('g')} AND g.deleted_at IS NULL`,
  );
  if ((living?.count ?? 0) >= max) throw conflict(`The account may have ${max} gateways, and has as many.`);
}
