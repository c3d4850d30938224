/** Usage records as they stand in the ledger's table, read as the owner. */
import type pg from 'pg';
import { waitFor } from './wait-for.js';

/** One row, in the columns of the table; bigints arrive as strings, as pg gives them. */
export type UsageRow = Readonly<Record<string, unknown>>;

/** An account's rows, oldest first, once at least `count` of them have been written. */
export async function usageRecords(owner: pg.Pool, accountId: string, count: number): Promise<readonly UsageRow[]> {
  return waitFor(async () => {
    const result = await owner.query<UsageRow>('SELECT * FROM usage_record WHERE account_id = $1 ORDER BY id', [
      accountId,
    ]);
    return result.rows.length >= count ? result.rows : null;
  }, `${count} usage records of the account`);
}

/** How many rows an account has now; for claims that something made none. */
export async function usageRecordCount(owner: pg.Pool, accountId: string): Promise<number> {
  const result = await owner.query<{ count: string }>('SELECT count(*) FROM usage_record WHERE account_id = $1', [
    accountId,
  ]);
  return Number(result.rows[0]?.count);
}
