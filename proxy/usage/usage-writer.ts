/**
 * Writes batches of usage records and log bodies to Postgres: one statement a batch, its rows as one JSON parameter
 * (PostgreSQL unpacks it; encoding fifty arrays for unnest costs the proxy several times the CPU). Writing a batch
 * again changes nothing. A row that Postgres can never take is found by halving, so that it cannot hold up the others.
 */
import type pg from 'pg';
import { uuidDay } from '../../schema/contracts/ids.js';
import type { LogBodies, UsageRecord } from '../../schema/contracts/usage-record.js';
import type { UsageUnits } from '../../schema/contracts/usage-units.js';
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

const BODY_COLUMNS = `log_retention_days, day, id, account_id, gateway_id, request_body, response_body,
  request_encoding, response_encoding, truncated`;
const INSERT_BODIES = `INSERT INTO log_body (${BODY_COLUMNS})
  SELECT ${BODY_COLUMNS} FROM json_populate_recordset(NULL::log_body, $1::json)
  ON CONFLICT (log_retention_days, day, id) DO NOTHING`;

/** What was refused for good; the caller logs it whole, so that it is never lost in silence. */
export type OnPoison = (row: string, error: unknown) => void;

export function createUsageWriter(pool: pg.Pool, onPoison: OnPoison): RecordStore {
  const insert = async (sql: string, rows: readonly string[]): Promise<void> => {
    if (rows.length === 0) return;
    try {
      await inTransaction(pool, 'tollgate_shipper', {}, (client) => client.query(sql, [`[${rows.join(',')}]`]));
    } catch (error) {
      if (!isPoison(error)) throw error;
      if (rows.length === 1) return onPoison(rows[0] ?? '', error);
      const middle = Math.ceil(rows.length / 2);
      await insert(sql, rows.slice(0, middle));
      await insert(sql, rows.slice(middle));
    }
    return undefined;
  };
  return {
    writeRecords: (records) => insert(INSERT_RECORDS, records.map(recordRow)),
    writeBodies: (bodies) => insert(INSERT_BODIES, bodies.map(bodyRow)),
  };
}

/** SQLSTATE classes that speak of the data, not of the server: 22 (data), 23 (integrity), 54 (limits). */
function isPoison(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  return /^(?:22|23|54)/.test(code);
}

const MODEL_CHARACTERS_MAX = 256;
const PATH_CHARACTERS_MAX = 2_048;
const NOTE_CHARACTERS_MAX = 2_048;
const AGENT_CHARACTERS_MAX = 512;

/** Text as Postgres can hold it: well-formed UTF-16, no NUL, bounded. */
function clean(text: string | null, charactersMax: number): string | null {
  if (text === null) return null;
  const bounded = text.length > charactersMax ? text.slice(0, charactersMax) : text;
  return bounded.toWellFormed().replaceAll('\u0000', '\ufffd');
}

function recordRow(record: UsageRecord): string {
  return JSON.stringify({
    day: uuidDay(record.id),
    id: record.id,
    account_id: record.accountId,
    gateway_id: record.gatewayId,
    api_token_id: record.apiTokenId,
    event_id: clean(record.eventId, MODEL_CHARACTERS_MAX),
    config_version: record.configVersion,
    created_at: createdAt(record),
    provider: record.provider,
    model: clean(record.model, MODEL_CHARACTERS_MAX),
    method: record.method,
    path: clean(record.path, PATH_CHARACTERS_MAX),
    status_code: record.statusCode,
    error_code: record.errorCode,
    cached: record.cached,
    streamed: record.streamed,
    client_aborted: record.clientAborted,
    interrupted: record.interrupted,
    duration_ms: record.durationMs,
    time_to_first_token_ms: record.timeToFirstTokenMs,
    ...unitColumns(record.units),
    usage_source: record.usageSource,
    usage_note: clean(record.usageNote, NOTE_CHARACTERS_MAX),
    cost_pico: record.costPico?.toString() ?? null,
    cost_status: record.costStatus,
    saved_pico: record.savedPico?.toString() ?? null,
    price_version: record.priceVersion,
    price_rule: clean(record.priceRule, NOTE_CHARACTERS_MAX),
    is_log: record.isLog,
    log_retention_days: record.logRetentionDays,
    cache_key_hash: hexBytes(record.cacheKeyHash),
    metadata: record.metadata === null ? null : cleanMetadata(record.metadata),
    attempts: record.attempts.map(attemptRow),
    client_ip: record.clientIp,
    user_agent: clean(record.userAgent, AGENT_CHARACTERS_MAX),
    request_content_type: clean(record.requestContentType, MODEL_CHARACTERS_MAX),
    response_content_type: clean(record.responseContentType, MODEL_CHARACTERS_MAX),
    system_message_hash: hexBytes(record.systemMessageHash),
    request_bytes: record.requestBytes,
    response_bytes: record.responseBytes,
  });
}

function unitColumns(units: UsageUnits): object {
  return {
    input_tokens: units.inputTokens,
    cached_input_tokens: units.cachedInputTokens,
    cache_write_tokens: units.cacheWriteTokens,
    cache_write_1h_tokens: units.cacheWrite1hTokens,
    output_tokens: units.outputTokens,
    reasoning_tokens: units.reasoningTokens,
    audio_input_tokens: units.audioInputTokens,
    audio_output_tokens: units.audioOutputTokens,
    image_input_tokens: units.imageInputTokens,
    image_output_tokens: units.imageOutputTokens,
    requests: units.requests,
    web_searches: units.webSearches,
  };
}

type Attempt = UsageRecord['attempts'][number];

function attemptRow(attempt: Attempt): object {
  return {
    ...attempt,
    model: clean(attempt.model, MODEL_CHARACTERS_MAX),
    priceRule: clean(attempt.priceRule, NOTE_CHARACTERS_MAX),
    costPico: attempt.costPico?.toString() ?? null,
  };
}

function cleanMetadata(metadata: NonNullable<UsageRecord['metadata']>): object {
  const entries = Object.entries(metadata);
  return Object.fromEntries(
    entries.map(([key, value]): [string, unknown] => [
      clean(key, MODEL_CHARACTERS_MAX) ?? '',
      typeof value === 'string' ? clean(value, NOTE_CHARACTERS_MAX) : value,
    ]),
  );
}

function bodyRow(bodies: LogBodies): string {
  return JSON.stringify({
    log_retention_days: bodies.logRetentionDays,
    day: uuidDay(bodies.id),
    id: bodies.id,
    account_id: bodies.accountId,
    gateway_id: bodies.gatewayId,
    request_body: bytea(bodies.requestBody),
    response_body: bytea(bodies.responseBody),
    request_encoding: clean(bodies.requestEncoding, MODEL_CHARACTERS_MAX),
    response_encoding: clean(bodies.responseEncoding, MODEL_CHARACTERS_MAX),
    truncated: bodies.truncated,
  });
}

function createdAt(record: UsageRecord): string {
  return new Date(record.createdAtMs).toISOString();
}

const hexBytes = (hex: string | null): string | null => (hex === null ? null : `\\x${hex}`);

function bytea(bytes: Uint8Array | null): string | null {
  if (bytes === null) return null;
  return `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`;
}
