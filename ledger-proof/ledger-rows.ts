/** The third witness: what the ledger itself holds of the proof's account, and what its spools' numbers say. */
import type pg from 'pg';
import { z } from 'zod';

const count = z.coerce.number().int();

const ledgerRowSchema = z.object({
  id: z.string(),
  eventId: z.string(),
  status: z.int(),
  interrupted: z.boolean(),
  attempts: count,
  inputTokens: z.coerce.bigint(),
  cachedInputTokens: z.coerce.bigint(),
  outputTokens: z.coerce.bigint(),
  usageSource: z.string(),
  usageNote: z.string().nullable(),
  /** null: unpriced */
  costPico: z.coerce.bigint().nullable(),
  costStatus: z.string(),
});
export type LedgerRow = z.infer<typeof ledgerRowSchema>;

const ROWS_SQL = `SELECT id, event_id AS "eventId", status_code AS status, interrupted,
    coalesce(jsonb_array_length(attempts), 1) AS attempts, input_tokens AS "inputTokens",
    cached_input_tokens AS "cachedInputTokens", output_tokens AS "outputTokens", usage_source AS "usageSource",
    usage_note AS "usageNote", cost_pico AS "costPico", cost_status AS "costStatus"
  FROM usage_record WHERE kind = 'USAGE' AND account_id = $1`;

export async function readRows(client: pg.ClientBase, accountId: string): Promise<LedgerRow[]> {
  const { rows } = await client.query(ROWS_SQL, [accountId]);
  return z.array(ledgerRowSchema).parse(rows);
}

/** The event ids of what Postgres would not take; null: a record that cannot be read. */
export async function readQuarantine(client: pg.ClientBase): Promise<(string | null)[]> {
  const { rows } = await client.query(`SELECT readable->>'event_id' AS "eventId" FROM ledger_quarantine`);
  return z
    .array(z.object({ eventId: z.string().nullable() }))
    .parse(rows)
    .map(({ eventId }) => eventId);
}

const spoolsSchema = z.object({
  spools: count,
  /** not read to their end */
  open: count,
  /** settled, when their owner was last heard of, and not shipped */
  unshipped: count,
  /** numbers that were shipped and have neither a row nor a place in quarantine */
  missing: count,
  /** entries beyond the first that bear one number */
  doubled: count,
  /** numbers that the shipments' runs and the cursor do not agree on */
  untold: count,
});
export type SpoolCounts = z.infer<typeof spoolsSchema>;

const SPOOLS_SQL = `WITH entry AS (
    SELECT spool, spool_seq FROM usage_record WHERE spool IS NOT NULL
    UNION ALL SELECT spool, spool_seq FROM ledger_quarantine
  ), stored AS (
    SELECT spool, count(*) AS entries, count(DISTINCT spool_seq) AS numbers FROM entry GROUP BY spool
  ), shipped AS (
    SELECT spool, sum(to_seq - from_seq + 1) AS numbers FROM ledger_shipment GROUP BY spool
  )
  SELECT count(*) AS spools, count(*) FILTER (WHERE closed_at IS NULL) AS open,
    coalesce(sum(settled_seq - shipped_seq), 0) AS unshipped,
    coalesce(sum(greatest(0, shipped_seq - coalesce(stored.numbers, 0))), 0) AS missing,
    coalesce(sum(coalesce(stored.entries - stored.numbers, 0)), 0) AS doubled,
    coalesce(sum(abs(shipped_seq - coalesce(shipped.numbers, 0))), 0) AS untold
  FROM ledger_spool LEFT JOIN stored ON stored.spool = number LEFT JOIN shipped ON shipped.spool = number`;

export async function readSpools(client: pg.ClientBase): Promise<SpoolCounts> {
  const { rows } = await client.query(SPOOLS_SQL);
  return spoolsSchema.parse(rows[0]);
}
