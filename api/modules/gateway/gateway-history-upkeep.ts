/** The end of versions: one that another has followed for as long as the ledger is kept serves no log any more. */
import type { Database } from '../../tenancy/database.js';

/** Versions that one statement removes. */
const BATCH_ROWS = 5_000;
/** Statements of one run: what is left is the next one's. */
const BATCHES_MAX = 200;

/** Removes versions that were followed by another more than `retentionDays` ago; the present one always stays. */
export async function dropOldVersions(database: Database, retentionDays: number): Promise<number> {
  let dropped = 0;
  for (let batch = 0; batch < BATCHES_MAX; batch++) {
    const [row] = await database.inUpkeep(async (tx) => {
      // Where Postgres believes that none is old, it would look each version up in the list of those that are, joined
      // anew each time.
      await tx.query("SELECT set_config('enable_nestloop', 'off', true)", []);
      return tx.query<{ count: number }>(
        `WITH old AS (DELETE FROM gateway_version v WHERE (v.gateway_id, v.number) IN (
           SELECT o.gateway_id, o.number FROM gateway_version n
           JOIN gateway_version o ON o.gateway_id = n.gateway_id AND o.number = n.number - 1
           WHERE n.created_at < now() - make_interval(days => $1) LIMIT $2
         ) RETURNING v.number) SELECT count(*)::int AS count FROM old`,
        [retentionDays, BATCH_ROWS],
      );
    });
    const count = row?.count ?? 0;
    dropped += count;
    if (count < BATCH_ROWS) return dropped;
  }
  return dropped;
}
