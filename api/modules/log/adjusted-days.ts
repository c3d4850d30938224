/**
 * Days of which a record may have been adjusted, of any account. The index of adjustments tells by its size, in a fraction of the time that
 * Postgres takes to plan a look into the records of as many days.
 */
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';

/**
 * Those of the days, in their order; one that has no partition of its own is in DEFAULT's. A B-tree without an entry is one block, its
 * metapage, and has more before the transaction of its first entry can be seen.
 */
export async function adjustedDays(tx: TenantTransaction, days: readonly string[]): Promise<string[]> {
  if (days.length === 0) return [];
  const rows = await tx.query<{ day: string }>(
    `SELECT f.day::text FROM (
       SELECT d.day, d.number, i.inhrelid AS index FROM unnest($2::date[]) WITH ORDINALITY d (day, number)
       JOIN pg_index x ON x.indrelid = coalesce(to_regclass('usage_record_' || to_char(d.day, 'YYYYMMDD')), 'usage_record_default'::regclass)
       JOIN pg_inherits i ON i.inhrelid = x.indexrelid AND i.inhparent = 'usage_record_adjusts_idx'::regclass
       WHERE $1::uuid IS NOT NULL OFFSET 0) f -- no other index is looked at
     WHERE pg_relation_size(f.index) > current_setting('block_size')::int ORDER BY f.number`,
    [days],
  );
  return rows.map(({ day }) => day);
}
