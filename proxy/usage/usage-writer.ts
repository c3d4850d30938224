/**
 * Writes batches of usage records and log bodies to Postgres: one statement each, its rows as one JSON parameter
 * (PostgreSQL unpacks it), bodies as binary arrays beside it. Writing a batch again changes nothing. A row that Postgres can never take is found by halving, so
 * that it cannot hold up the others.
 */
import type pg from 'pg';
import { errorCode } from '../../platform/error-code.js';
import { inTransaction } from '../../platform/postgres.js';
import type { RecordStore } from './memory-ledger.js';

const RECORD_COLUMNS = `day, id, account_id, gateway_id, api_token_id, event_id, config_version, created_at, provider,
  model, method, path, status_code, error_code, cached, streamed, client_aborted, interrupted, duration_ms,
  time_to_first_token_ms, input_tokens, cached_input_tokens, cache_write_tokens, cache_write_1h_tokens, output_tokens,
  reasoning_tokens, audio_input_tokens, audio_output_tokens, image_input_tokens, image_output_tokens, requests,
  web_searches, usage_source, usage_note, cost_pico, cost_status, saved_pico, price_version, price_rule, is_log,
  log_retention_days, cache_key_hash, metadata, attempts, client_ip, user_agent, request_content_type,
  response_content_type, system_message_hash, request_bytes, response_bytes`;
const INSERT_RECORDS = `INSERT INTO usage_record (kind, request_count, ${RECORD_COLUMNS})
  SELECT 'USAGE', 1, ${RECORD_COLUMNS} FROM json_populate_recordset(NULL::usage_record, $1::json)
  ON CONFLICT (day, id) DO NOTHING`;

const BODY_COLUMNS = `log_retention_days, day, id, account_id, gateway_id, request_encoding, response_encoding, truncated`;
const BODY_TYPES = `log_retention_days smallint, day date, id uuid, account_id uuid, gateway_id uuid,
  request_encoding text, response_encoding text, truncated boolean`;
const INSERT_BODIES = `INSERT INTO log_body (${BODY_COLUMNS}, request_body, response_body)
  SELECT ${BODY_COLUMNS}, request, response
  FROM ROWS FROM (json_to_recordset($1::json) AS (${BODY_TYPES}), unnest($2::bytea[]), unnest($3::bytea[]))
    AS body (${BODY_COLUMNS}, request, response)
  ON CONFLICT (log_retention_days, day, id) DO NOTHING`;

/** What was refused for good: a usage record whole, so that it is never lost in silence; of bodies, only whose they are. */
export type OnPoison = (row: string, error: unknown) => void;

export function createUsageWriter(pool: pg.Pool, onPoison: OnPoison): RecordStore {
  /** Inserts the rows `from` … `to`; `parameters` gives the statement's values for any such run. */
  const insert = async (sql: string, parameters: (from: number, to: number) => Buffer[], run: Run): Promise<void> => {
    if (run.from === run.to) return;
    try {
      const values = parameters(run.from, run.to);
      await inTransaction(pool, 'tollgate_shipper', {}, (client) => client.query(sql, values));
    } catch (error) {
      if (!isPoison(error)) throw error;
      if (run.to - run.from === 1) return onPoison(parameters(run.from, run.to)[0]?.toString() ?? '', error);
      const middle = Math.ceil((run.from + run.to) / 2);
      await insert(sql, parameters, { from: run.from, to: middle });
      await insert(sql, parameters, { from: middle, to: run.to });
    }
    return undefined;
  };
  return {
    async write({ records, bodies }) {
      await insert(INSERT_RECORDS, (from, to) => [records.slice(from, to)], { from: 0, to: records.count });
      await insert(
        INSERT_BODIES,
        (from, to) => [bodies.rows.slice(from, to), bodies.requests.slice(from, to), bodies.responses.slice(from, to)],
        { from: 0, to: bodies.rows.count },
      );
    },
  };
}

interface Run {
  readonly from: number;
  readonly to: number;
}

/** SQLSTATE classes that speak of the data, not of the server: 22 (data), 23 (integrity), 54 (limits). */
function isPoison(error: unknown): boolean {
  return /^(?:22|23|54)/.test(errorCode(error) ?? '');
}
