/**
 * Day partitions of the ledger and of the log bodies: made ahead of time, seven days back and fourteen ahead. While an api
 * runs it makes them itself (202611281210-create-ledger-upkeep); this is for the first start.
 */
import type pg from 'pg';

const DAYS_BACK = 7;
const DAYS_AHEAD = 14;
const DAY_MS = 86_400_000;
/** Bodies that are kept for a day have no partitions further back: the upkeep would drop them. */
const PARENTS = [
  { parent: 'usage_record', daysBack: DAYS_BACK },
  ...[1, 7, 30, 90, 365].map((days) => ({ parent: `log_body_${days}`, daysBack: Math.min(days, DAYS_BACK) })),
];

const isoDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/**
 * Creates the day partitions around `nowMs` that are missing. A day whose rows already stand in the DEFAULT partition
 * cannot get its own without moving them; it is left to the DEFAULT, and named in the answer; the upkeep moves them.
 */
export async function ensurePartitions(client: pg.ClientBase, nowMs: number): Promise<{ readonly left: string[] }> {
  const existing = await client.query<{ relname: string }>(
    `SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
     WHERE p.relname = ANY($1)`,
    [PARENTS.map(({ parent }) => parent)],
  );
  const have = new Set(existing.rows.map((row) => row.relname));
  const left: string[] = [];
  for (let offset = -DAYS_BACK; offset <= DAYS_AHEAD; offset++) {
    const from = isoDay(nowMs + offset * DAY_MS);
    const to = isoDay(nowMs + (offset + 1) * DAY_MS);
    for (const { parent, daysBack } of PARENTS) {
      if (offset < -daysBack) continue;
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

/** The same of the rollups' partitions. Throws (55P03) when another transaction holds their tables: the api tries again. */
export async function keepUpRollups(client: pg.ClientBase): Promise<void> {
  await client.query("SELECT usage_rollup_upkeep((now() AT TIME ZONE 'UTC')::date)");
}
