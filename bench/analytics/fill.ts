/**
 * The distribution of P10 (docs/performance.md), made inside the database: 30 days of one gateway's records by Zipf and by
 * the hour of the day, shipped day by day through the trigger that ships them all, and rolled up.
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

/** `rows` in all; `say` hears of each day. */
export async function fill(
  pool: pg.Pool,
  rollup: UsageRollup,
  { accountId, gatewayId }: FilledLedger,
  { rows, say }: { readonly rows: number; readonly say: (line: string) => void },
): Promise<{ readonly insertMs: number; readonly rollUpMs: number }> {
  const today = Math.floor(Date.now() / DAY_MS);
  let [insertMs, rollUpMs] = [0, 0];
  for (let ago = DAYS - 1; ago >= 0; ago--) {
    const day = new Date((today - ago) * DAY_MS).toISOString().slice(0, 10);
    await pool.query(`CREATE TABLE IF NOT EXISTS usage_record_${day.replaceAll('-', '')}
      PARTITION OF usage_record FOR VALUES FROM ('${day}') TO (DATE '${day}' + 1)`);
    for (let left = Math.ceil(rows / DAYS); left > 0; left -= BATCH_ROWS) {
      const beganMs = performance.now();
      await pool.query(FILL_SQL, [accountId, gatewayId, day, Math.min(left, BATCH_ROWS)]);
      insertMs += performance.now() - beganMs;
    }
    const beganMs = performance.now();
    await rollup.run();
    rollUpMs += performance.now() - beganMs;
    say(`${day}: filled and rolled up`);
  }
  await pool.query('VACUUM ANALYZE');
  return { insertMs, rollUpMs };
}

/** One of `count` names, the first the most often. */
const zipf = (count: number): string => `floor(power(${count}, random()))::int`;

const FILL_SQL = `
INSERT INTO usage_record (day, id, account_id, gateway_id, api_token_id, event_id, config_version, created_at, provider,
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
    -- most of a day's requests come in its afternoon; whole milliseconds, as ids have them
    SELECT date_trunc('milliseconds', $3::date::timestamp AT TIME ZONE 'UTC'
      + interval '1 day' * (0.999 * (u + 0.12 * sin(2 * pi() * u)) + 0.0005)) AS at
    FROM (SELECT random() AS u FROM generate_series(1, $4::int)) g) d) r`;
