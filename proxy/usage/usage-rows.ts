/**
 * Usage records and log bodies as JSON rows in the columns of their tables, encoded the moment a request is settled.
 * Written out by hand: `JSON.stringify` of a row took 5.5 µs of a request (docs/performance.md), and only text from
 * outside needs escaping.
 */
import type { AttemptRecord, LogBodies, UsageRecord } from '../../schema/contracts/usage-record.js';
import { USAGE_UNITS, type UsageUnits } from '../../schema/contracts/usage-units.js';

const MODEL_CHARACTERS_MAX = 256;
const PATH_CHARACTERS_MAX = 2_048;
const NOTE_CHARACTERS_MAX = 2_048;
const AGENT_CHARACTERS_MAX = 512;

/** JSON text of one row of `usage_record`. */
export function recordRow(record: UsageRecord): string {
  const createdAt = new Date(record.createdAtMs).toISOString();
  const eventId = record.eventId === record.id ? `"${record.id}"` : text(record.eventId, MODEL_CHARACTERS_MAX);
  return (
    `{"day":"${createdAt.slice(0, 10)}","id":"${record.id}","account_id":"${record.accountId}",` +
    `"gateway_id":"${record.gatewayId}","api_token_id":${plain(record.apiTokenId)},"event_id":${eventId},` +
    `"config_version":${record.configVersion},"created_at":"${createdAt}","provider":"${record.provider}",` +
    `"model":${text(record.model, MODEL_CHARACTERS_MAX)},"method":"${record.method}",` +
    `"path":${text(record.path, PATH_CHARACTERS_MAX)},${outcome(record)},${units(record.units)},${money(record)},` +
    `"is_log":${record.isLog},"log_retention_days":${record.logRetentionDays},` +
    `"cache_key_hash":${hexBytes(record.cacheKeyHash)},"metadata":${metadata(record.metadata)},` +
    `"attempts":[${record.attempts.map(attempt).join(',')}],${ends(record)}}`
  );
}

/** JSON text of one row of `log_body`, without the bodies. */
export function bodyRow(bodies: LogBodies): string {
  return (
    `{"log_retention_days":${bodies.logRetentionDays},"day":"${new Date(bodies.createdAtMs).toISOString().slice(0, 10)}",` +
    `"id":"${bodies.id}","account_id":"${bodies.accountId}","gateway_id":"${bodies.gatewayId}",` +
    `"request_encoding":${text(bodies.requestEncoding, MODEL_CHARACTERS_MAX)},` +
    `"response_encoding":${text(bodies.responseEncoding, MODEL_CHARACTERS_MAX)},"truncated":${bodies.truncated}}`
  );
}

function outcome(record: UsageRecord): string {
  return (
    `"status_code":${record.statusCode},"error_code":${record.errorCode},"cached":${record.cached},` +
    `"streamed":${record.streamed},"client_aborted":${record.clientAborted},"interrupted":${record.interrupted},` +
    `"duration_ms":${record.durationMs},"time_to_first_token_ms":${record.timeToFirstTokenMs}`
  );
}

function units(counted: UsageUnits): string {
  return (
    `"input_tokens":${counted.inputTokens},"cached_input_tokens":${counted.cachedInputTokens},` +
    `"cache_write_tokens":${counted.cacheWriteTokens},"cache_write_1h_tokens":${counted.cacheWrite1hTokens},` +
    `"output_tokens":${counted.outputTokens},"reasoning_tokens":${counted.reasoningTokens},` +
    `"audio_input_tokens":${counted.audioInputTokens},"audio_output_tokens":${counted.audioOutputTokens},` +
    `"image_input_tokens":${counted.imageInputTokens},"image_output_tokens":${counted.imageOutputTokens},` +
    `"requests":${counted.requests},"web_searches":${counted.webSearches}`
  );
}

function money(record: UsageRecord): string {
  return (
    `"usage_source":"${record.usageSource}","usage_note":${text(record.usageNote, NOTE_CHARACTERS_MAX)},` +
    `"cost_pico":${record.costPico},"cost_status":"${record.costStatus}","saved_pico":${record.savedPico},` +
    `"price_version":${record.priceVersion},"price_rule":${text(record.priceRule, NOTE_CHARACTERS_MAX)}`
  );
}

function ends(record: UsageRecord): string {
  return (
    `"client_ip":${plain(record.clientIp)},"user_agent":${text(record.userAgent, AGENT_CHARACTERS_MAX)},` +
    `"request_content_type":${text(record.requestContentType, MODEL_CHARACTERS_MAX)},` +
    `"response_content_type":${text(record.responseContentType, MODEL_CHARACTERS_MAX)},` +
    `"system_message_hash":${hexBytes(record.systemMessageHash)},` +
    `"request_bytes":${record.requestBytes},"response_bytes":${record.responseBytes}`
  );
}

/** One element of column `attempts`; units that are zero are left out. */
function attempt(made: AttemptRecord): string {
  let counted = '';
  for (const unit of USAGE_UNITS) {
    if (made.units[unit] !== 0) counted += `${counted === '' ? '' : ','}"${unit}":${made.units[unit]}`;
  }
  return (
    `{"number":${made.number},"step":${made.step},"provider":"${made.provider}",` +
    `"model":${text(made.model, MODEL_CHARACTERS_MAX)},"statusCode":${made.statusCode},"errorCode":${made.errorCode},` +
    `"startedAtMs":${made.startedAtMs},"durationMs":${made.durationMs},"units":{${counted}},` +
    `"usageSource":"${made.usageSource}","costPico":${made.costPico === null ? 'null' : `"${made.costPico}"`},` +
    `"costStatus":"${made.costStatus}","priceVersion":${made.priceVersion},` +
    `"priceRule":${text(made.priceRule, NOTE_CHARACTERS_MAX)}}`
  );
}

function metadata(entries: UsageRecord['metadata']): string {
  if (entries === null) return 'null';
  const members = Object.entries(entries).map(([key, value]) => {
    const json = typeof value === 'string' ? text(value, NOTE_CHARACTERS_MAX) : String(value);
    return `${text(key, MODEL_CHARACTERS_MAX)}:${json}`;
  });
  return `{${members.join(',')}}`;
}

/** Text from outside as Postgres can hold it: bounded, well-formed UTF-16, no NUL. */
function text(value: string | null, charactersMax: number): string {
  if (value === null) return 'null';
  const bounded = value.length > charactersMax ? value.slice(0, charactersMax) : value;
  const clean = bounded.includes('\u0000') ? bounded.replaceAll('\u0000', '\ufffd') : bounded;
  return JSON.stringify(clean.toWellFormed());
}

/** Text of ours that needs no escaping: ids and addresses. */
const plain = (value: string | null): string => (value === null ? 'null' : `"${value}"`);

/** Bytes in hexadecimal as Postgres reads them into a bytea. */
const hexBytes = (hex: string | null): string => (hex === null ? 'null' : `"\\\\x${hex}"`);
