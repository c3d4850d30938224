/** Day partitions of the ledger and of the log bodies: made ahead of time, seven days back and fourteen ahead. */
import type pg from 'pg';

const DAYS_BACK = 7;
const DAYS_AHEAD = 14;
const DAY_MS = 86_400_000;
const PARENTS = ['usage_record', 'log_body_1', 'log_body_7', 'log_body_30', 'log_body_90', 'log_body_365'];

const isoDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/**
 * Creates the day partitions around `nowMs` that are missing. A day whose rows already stand in the DEFAULT partition
 * cannot get its own without moving them; it is left to the DEFAULT and named in the answer.
 */
export async function ensurePartitions(client: pg.ClientBase, nowMs: number): Promise<{ readonly left: string[] }> {
  const existing = await client.query<{ relname: string }>(
    `SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
     WHERE p.relname = ANY($1)`,
    [PARENTS],
  );
  const have = new Set(existing.rows.map((row) => row.relname));
  const left: string[] = [];
  for (let offset = -DAYS_BACK; offset <= DAYS_AHEAD; offset++) {
    const from = isoDay(nowMs + offset * DAY_MS);
    const to = isoDay(nowMs + (offset + 1) * DAY_MS);
    for (const parent of PARENTS) {
      const name = `${parent}_${from.replaceAll('-', '')}`;
      if (have.has(name)) continue;
      const inDefault = await client.query(`SELECT 1 FROM ${parent}_default WHERE day >= $1 AND day < $2 LIMIT 1`, [
        from,
        to,
      ]);
      if (inDefault.rowCount === 0) {
        await client.query(`CREATE TABLE ${name} PARTITION OF ${parent} FOR VALUES FROM ('${from}') TO ('${to}')`);
      } else left.push(name);
    }
  }
  return { left };
}
