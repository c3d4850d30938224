/**
 * Storage quotas: where an account's logs hold more bytes of bodies than its quota allows, the oldest bodies are
 * dropped before their logs, which say so from then on. One part of a day a transaction; several apis do nothing twice.
 */
import type pg from 'pg';
import { errorMessage } from '../../../platform/error-code.js';
import { inTransaction } from '../../../platform/postgres.js';

/** Bodies that one transaction drops. */
const BODIES_MAX = 2_000;
/** Parts of one run, of all accounts: what is left, the next one does. */
const PARTS_MAX = 1_000;
/** Parts of one account before it is the next one's turn. */
const PARTS_OF_TURN = 10;

const OVER_SQL = `
  SELECT a.id FROM account a JOIN (SELECT s.account_id, sum(s.bytes) AS bytes FROM log_storage s GROUP BY s.account_id) held
    ON held.account_id = a.id
  WHERE a.log_bytes_max IS NOT NULL AND held.bytes > a.log_bytes_max ORDER BY a.id`;

/** Whoever holds the lock of an account drops its bodies: two would drop twice what is too much. */
const LOCK_SQL = `SELECT pg_try_advisory_xact_lock(hashtextextended('log-storage/' || $1::text, 0)) AS is_locked`;

const EXCESS_SQL = `
  SELECT (sum(s.bytes) - min(a.log_bytes_max))::text AS excess, (min(s.day) FILTER (WHERE s.bytes > 0))::text AS day
  FROM log_storage s JOIN account a ON a.id = s.account_id WHERE s.account_id = $1`;

/**
 * The oldest bodies of a day, as many as it takes. Their logs stay, with the ratings and metadata that a deletion would
 * erase too.
 */
const DROP_SQL = `
  UPDATE log_body b SET request_body = NULL, response_body = NULL, request_encoding = NULL, response_encoding = NULL,
    truncated = false, expired_at = now()
  FROM (
    SELECT o.log_retention_days, o.id, sum(o.bytes) OVER (ORDER BY o.id) - o.bytes AS bytes_before FROM (
      SELECT c.log_retention_days, c.id,
        coalesce(octet_length(c.request_body), 0) + coalesce(octet_length(c.response_body), 0) AS bytes
      FROM log_body c WHERE c.account_id = $1 AND c.day = $2::date
        AND (c.request_body IS NOT NULL OR c.response_body IS NOT NULL)
      ORDER BY c.id LIMIT ${BODIES_MAX}) o) d
  WHERE b.account_id = $1 AND b.day = $2::date AND b.log_retention_days = d.log_retention_days AND b.id = d.id
    AND d.bytes_before < $3::numeric`;

/** What is counted of a day, read before its bodies are looked for: what comes meanwhile is not in it. */
const COUNTED_SQL = `
  SELECT s.log_retention_days, s.bytes::text FROM log_storage s WHERE s.account_id = $1 AND s.day = $2::date`;

/** Its partition is gone: nothing of what was counted is stored any more. */
const FORGET_SQL = `
  UPDATE log_storage s SET bytes = GREATEST(0, s.bytes - c.bytes) FROM unnest($3::smallint[], $4::bigint[]) c (retention, bytes)
  WHERE s.account_id = $1 AND s.day = $2::date AND s.log_retention_days = c.retention`;

/** A day counts until its partition is gone, which may be later than it is due. */
const PRUNE_SQL = `
  DELETE FROM log_storage s WHERE s.day < (now() AT TIME ZONE 'UTC')::date - least(s.log_retention_days, $1::integer)
    AND to_regclass('public.log_body_' || s.log_retention_days || '_' || to_char(s.day, 'YYYYMMDD')) IS NULL`;

/** What one run did. */
export interface ExpiryReport {
  /** bodies that were dropped */
  readonly dropped: number;
  /** accounts of which the next run drops the rest, and why */
  readonly failed: ReadonlyMap<string, string>;
}

/**
 * Accounts take turns, and one that fails is passed over: none waits for another. `retentionDays`: of usage records,
 * which no body outlives; `goesOn`: asked before each part.
 */
export async function expireBodies(pool: pg.Pool, retentionDays: number, goesOn: () => boolean): Promise<ExpiryReport> {
  await inTransaction(pool, 'tollgate_api', {}, (client) => client.query(PRUNE_SQL, [retentionDays]));
  const over = await inTransaction(pool, 'tollgate_operator', {}, (client) => client.query<{ id: string }>(OVER_SQL));
  let parts = 0;
  let dropped = 0;
  const failed = new Map<string, string>();
  const turn = async (id: string): Promise<boolean> => {
    for (let part = 0; part < PARTS_OF_TURN; part++, parts++) {
      if (parts >= PARTS_MAX || !goesOn()) return false;
      const count = await dropOldest(pool, id);
      if (count === null) return false;
      dropped += count;
    }
    return true;
  };
  let waiting = over.rows.map(({ id }) => id);
  while (waiting.length > 0) {
    const left: string[] = [];
    for (const id of waiting) {
      const isLeft = await turn(id).catch((error: unknown) => void failed.set(id, errorMessage(error)));
      if (isLeft === true) left.push(id);
    }
    waiting = left;
  }
  return { dropped, failed };
}

/** Answers how many bodies were dropped; null: the account is within its quota, or somebody else is at it. */
function dropOldest(pool: pg.Pool, accountId: string): Promise<number | null> {
  return inTransaction(pool, 'tollgate_api', { 'app.account': accountId }, async (client) => {
    const lock = await client.query<{ is_locked: boolean }>(LOCK_SQL, [accountId]);
    if (lock.rows[0]?.is_locked !== true) return null;
    const { rows } = await client.query<{ excess: string | null; day: string | null }>(EXCESS_SQL, [accountId]);
    const { excess = null, day = null } = rows[0] ?? {};
    if (excess === null || day === null || Number(excess) <= 0) return null;
    const counted = await client.query<{ log_retention_days: number; bytes: string }>(COUNTED_SQL, [accountId, day]);
    const { rowCount } = await client.query(DROP_SQL, [accountId, day, excess]);
    if (rowCount === 0) {
      const retentions = counted.rows.map((row) => row.log_retention_days);
      await client.query(FORGET_SQL, [accountId, day, retentions, counted.rows.map((row) => row.bytes)]);
    }
    return rowCount ?? 0;
  });
}
