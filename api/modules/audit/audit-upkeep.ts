/** The end of audit events: they are kept as long as usage records, and no change of theirs is possible before. */
import type { Database } from '../../tenancy/database.js';

/** Events that one statement removes. */
const BATCH_ROWS = 5_000;
/** Statements of one run: what is left is the next one's. */
const BATCHES_MAX = 200;

/**
 * Removes events older than `retentionDays`; answers how many. Row-level security lets none younger than 14 days go.
 */
export async function dropOldEvents(database: Database, retentionDays: number): Promise<number> {
  let dropped = 0;
  for (let batch = 0; batch < BATCHES_MAX; batch++) {
    const [row] = await database.inUpkeep((tx) =>
      tx.query<{ count: number }>(
        `WITH old AS (DELETE FROM audit_event e WHERE e.id IN (
           SELECT o.id FROM audit_event o WHERE o.created_at < now() - make_interval(days => $1) ORDER BY o.created_at LIMIT $2
         ) RETURNING e.id) SELECT count(*)::int AS count FROM old`,
        [retentionDays, BATCH_ROWS],
      ),
    );
    const count = row?.count ?? 0;
    dropped += count;
    if (count < BATCH_ROWS) return dropped;
  }
  return dropped;
}
