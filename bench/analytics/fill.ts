/**
 * The distribution of P10 (docs/performance.md), made inside the database: 30 days of one gateway's records by Zipf and
 * by the hour of the day. Either each day is shipped through the trigger that ships them all, and rolled up; or its
 * partition is filled before it is attached, and its rollups are made at once or not at all, which is how 20 million
 * come to be there within the hour.
 */
import type pg from 'pg';
import type { UsageRollup } from '../../api/modules/analytics/index.js';

export const DAYS = 30;
const BATCH_ROWS = 20_000;
const DAY_MS = 86_400_000;

export interface FilledLedger {
  readonly accountId: string;
  readonly gatewayId: string;
}

export interface FillOptions {
  /** in all */
  readonly rows: number;
  /** null: past the trigger, without rollups */
  readonly rollup: UsageRollup | null;
  /** so many of the oldest days are filled past the trigger whatever `rollup` is */
  readonly daysAttached?: number;
  /** hears of each day */
  readonly say: (line: string) => void;
}

export interface FillTimes {
  readonly insertMs: number;
  readonly rollUpMs: number;
}

/** Fills day by day, the oldest first. */
export async function fill(
  pool: pg.Pool,
  ledger: FilledLedger,
  { rows, rollup, daysAttached = rollup === null ? DAYS : 0, say }: FillOptions,
): Promise<FillTimes> {
  let [insertMs, rollUpMs] = [0, 0];
  for (const [index, day] of filledDays().entries()) {
    const isAttached = index < daysAttached;
    const beganMs = performance.now();
    const count = Math.ceil(rows / DAYS);
    await (isAttached ? attachDay(pool, ledger, day, count) : shipDay(pool, ledger, day, count));
    const filledMs = performance.now();
    if (!isAttached) await rollup?.run();
    insertMs += filledMs - beganMs;
    rollUpMs += performance.now() - filledMs;
    say(`${day}: filled${isAttached ? '' : ' and rolled up'}`);
  }
  return { insertMs, rollUpMs };
}

/** The oldest first; the last one is today. */
export function filledDays(): readonly string[] {
  const today = Math.floor(Date.now() / DAY_MS);
  return Array.from({ length: DAYS }, (_, index) =>
    new Date((today - DAYS + 1 + index) * DAY_MS).toISOString().slice(0, 10),
  );
}

export const partitionOf = (day: string): string => `usage_record_${day.replaceAll('-', '')}`;
const daySql = (day: string): string => `FOR VALUES FROM ('${day}') TO (DATE '${day}' + 1)`;

/** Through the trigger, in batches. */
export async function shipDay(
  pool: pg.Pool,
  { accountId, gatewayId }: FilledLedger,
  day: string,
  rows: number,
): Promise<void> {
  await pool.query(`CREATE TABLE IF NOT EXISTS ${partitionOf(day)} PARTITION OF usage_record ${daySql(day)}`);
  for (let left = rows; left > 0; left -= BATCH_ROWS) {
    await pool.query(fillSql('usage_record'), [accountId, gatewayId, day, Math.min(left, BATCH_ROWS)]);
  }
}

/**
 * One transaction: what it writes into a table of its own needs no log (`wal_level=minimal`), and each index is built
 * once.
 */
async function attachDay(
  pool: pg.Pool,
  { accountId, gatewayId }: FilledLedger,
  day: string,
  rows: number,
): Promise<void> {
  const name = partitionOf(day);
  const client = await pool.connect();
  try {
    await client.query(`BEGIN; DROP TABLE IF EXISTS ${name}; CREATE TABLE ${name} (LIKE usage_record INCLUDING DEFAULTS
      INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION)`);
    await client.query(fillSql(name), [accountId, gatewayId, day, rows]);
    await client.query(`ALTER TABLE usage_record ATTACH PARTITION ${name} ${daySql(day)}; COMMIT`);
  } finally {
    client.release();
  }
}

/** One of `count` names, the first the most often. */
const zipf = (count: number): string => `floor(power(${count}, random()))::int`;

const fillSql = (table: string): string => `
INSERT INTO ${table} (day, id, account_id, gateway_id, api_token_id, event_id, config_version, created_at, provider,
  model, method, path, status_code, error_code, cached, streamed, client_aborted, interrupted, duration_ms,
  time_to_first_token_ms, input_tokens, cached_input_tokens, cache_write_tokens, cache_write_1h_tokens, output_tokens,
  reasoning_tokens, audio_input_tokens, audio_output_tokens, image_input_tokens, image_output_tokens, requests,
  web_searches, usage_source, cost_pico, cost_status, is_log, log_retention_days, metadata, attempt_started_after_ms,
  request_bytes, response_bytes)
SELECT $3::date, r.id, $1, $2, md5('token' || r.token)::uuid, r.id::text, 1, r.at, 'provider-' || r.model % 5,
  'model-' || r.model, 'POST', 'chat/completions', r.status, CASE WHEN r.status = 429 THEN 2003 WHEN r.status >= 500 THEN 2005 END,
  r.status = 200 AND random() < 0.05, r.streams, false, false, r.ms, CASE WHEN r.streams THEN r.ms / 3 END,
  ${zipf(5_000)}, 0, 0, 0, ${zipf(1_000)}, 0, 0, 0, 0, 0, 0, 0, 'PROVIDER', floor(random() * 1e10), 'PRICED', true, 30,
  jsonb_build_object('team', 't' || r.team, 'user', 'u' || r.person, 'session', 's' || r.session), 0, 300, 900
FROM (
  SELECT d.at, overlay(overlay(gen_random_uuid()::text PLACING
      lpad(to_hex(floor(extract(epoch FROM d.at) * 1000)::bigint >> 16), 8, '0') FROM 1)
      PLACING lpad(to_hex(floor(extract(epoch FROM d.at) * 1000)::bigint & 65535), 4, '0') || '-7' FROM 10)::uuid AS id,
    ${zipf(20)} AS model, ${zipf(50)} AS token, ${zipf(10)} AS team, ${zipf(1_000)} AS person, ${zipf(100_000)} AS session,
    20 + ${zipf(20_000)} AS ms, random() < 0.5 AS streams,
    (ARRAY[200, 400, 429, 500, 502, 504])[floor(power(6, random() * random()))::int] AS status
  FROM (
    -- Most of a day's requests come in its afternoon; whole milliseconds, as ids have them. In the order of time, as proxies ship them.
    SELECT date_trunc('milliseconds', $3::date::timestamp AT TIME ZONE 'UTC'
      + interval '1 day' * (0.999 * (u + 0.12 * sin(2 * pi() * u)) + 0.0005)) AS at
    FROM (SELECT random() AS u FROM generate_series(1, $4::int) ORDER BY u) g) d) r`;
