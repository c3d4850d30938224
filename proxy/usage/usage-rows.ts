/**
 * Usage records and log bodies as rows of `usage_record_row_3` and `log_body_row` (migrations). A record's row begins
 * with what is known when its request is opened, which is encoded then, once. The lists of columns and the values
 * written below them stand in the order of those types.
 */
import type {
  AttemptRecord,
  LogBodies,
  RecordedOutcome,
  RecordedRequest,
  UsageRecord,
} from '../../schema/contracts/usage-record.js';
import { USAGE_UNITS, type OtherUnits, type UsageUnits } from '../../schema/contracts/usage-units.js';
import type { CompositeRow } from './composite-row.js';
import { DURATION_MS_MAX } from './lasted.js';

const NAME_CHARACTERS_MAX = 256;
const PATH_CHARACTERS_MAX = 2_048;
const NOTE_CHARACTERS_MAX = 2_048;
const AGENT_CHARACTERS_MAX = 512;

export const RECORD_COLUMNS = [
  'day', 'id', 'account_id', 'gateway_id', 'api_token_id', 'event_id', 'config_version', 'created_at', 'method', 'path',
  'is_log', 'log_retention_days', 'cache_key_hash', 'metadata', 'client_ip', 'user_agent', 'request_content_type',
  'system_message_hash', // and how the request went:
  'provider', 'model', 'status_code', 'error_code', 'cached', 'streamed', 'client_aborted', 'interrupted', 'duration_ms',
  'time_to_first_token_ms', 'input_tokens', 'cached_input_tokens', 'cache_write_tokens', 'cache_write_1h_tokens',
  'output_tokens', 'reasoning_tokens', 'audio_input_tokens', 'audio_output_tokens', 'image_input_tokens',
  'image_output_tokens', 'requests', 'web_searches', 'other_units', 'usage_source', 'usage_note', 'cost_pico',
  'cost_status', 'saved_pico', 'price_version', 'price_rule', 'attempts', 'attempt_started_after_ms',
  'response_content_type', 'request_bytes', 'response_bytes', 'request_count',
] as const; // prettier-ignore

export const BODY_COLUMNS = [
  'log_retention_days', 'day', 'id', 'account_id', 'gateway_id', 'request_body', 'response_body', 'request_encoding',
  'response_encoding', 'truncated',
] as const; // prettier-ignore

/** Writes one row of `usage_record_row_3`. Throws RangeError for a number that its column cannot hold. */
export function writeRecord(row: CompositeRow, record: UsageRecord): void {
  writeRequest(row, record);
  writeOutcome(row, record, record.createdAtMs);
}

/** Writes the first columns: those of the request. Throws as `writeRecord`. */
export function writeRequest(row: CompositeRow, request: RecordedRequest): void {
  row.day(request.createdAtMs);
  row.uuid(request.id);
  row.uuid(request.accountId);
  row.uuid(request.gatewayId);
  row.uuid(request.apiTokenId);
  row.text(request.eventId, NAME_CHARACTERS_MAX);
  row.integer(request.configVersion);
  row.time(request.createdAtMs);
  row.text(request.method, NAME_CHARACTERS_MAX);
  row.text(request.path, PATH_CHARACTERS_MAX);
  row.boolean(request.isLog);
  row.smallint(request.logRetentionDays);
  row.hex(request.cacheKeyHash);
  row.jsonb(metadata(request.metadata));
  row.text(request.clientIp, NAME_CHARACTERS_MAX);
  row.text(request.userAgent, AGENT_CHARACTERS_MAX);
  row.text(request.requestContentType, NAME_CHARACTERS_MAX);
  row.hex(request.systemMessageHash);
}

/** Writes the columns behind those of the request that was made at `createdAtMs`. Throws as `writeRecord`. */
export function writeOutcome(row: CompositeRow, outcome: RecordedOutcome, createdAtMs: number): void {
  row.text(outcome.provider, NAME_CHARACTERS_MAX);
  row.text(outcome.model, NAME_CHARACTERS_MAX);
  row.smallint(outcome.statusCode);
  row.integer(outcome.errorCode);
  row.boolean(outcome.cached);
  row.boolean(outcome.streamed);
  row.boolean(outcome.clientAborted);
  row.boolean(outcome.interrupted);
  row.integer(outcome.durationMs);
  row.integer(outcome.timeToFirstTokenMs);
  writeUnits(row, outcome.units);
  writeMoney(row, outcome);
  writeAttempts(row, outcome, createdAtMs);
  row.text(outcome.responseContentType, NAME_CHARACTERS_MAX);
  row.bigint(outcome.requestBytes);
  row.bigint(outcome.responseBytes);
  row.integer(outcome.requestCount);
}

/** Writes one row of `log_body_row`. */
export function writeBodies(row: CompositeRow, bodies: LogBodies): void {
  row.smallint(bodies.logRetentionDays);
  row.day(bodies.createdAtMs);
  row.uuid(bodies.id);
  row.uuid(bodies.accountId);
  row.uuid(bodies.gatewayId);
  row.bytea(bodies.requestBody);
  row.bytea(bodies.responseBody);
  row.text(bodies.requestEncoding, NAME_CHARACTERS_MAX);
  row.text(bodies.responseEncoding, NAME_CHARACTERS_MAX);
  row.boolean(bodies.truncated);
}

function writeUnits(row: CompositeRow, units: UsageUnits): void {
  const at = row.zeros(USAGE_UNITS.length);
  row.bigintAt(at, 0, units.inputTokens);
  row.bigintAt(at, 1, units.cachedInputTokens);
  row.bigintAt(at, 2, units.cacheWriteTokens);
  row.bigintAt(at, 3, units.cacheWrite1hTokens);
  row.bigintAt(at, 4, units.outputTokens);
  row.bigintAt(at, 5, units.reasoningTokens);
  row.bigintAt(at, 6, units.audioInputTokens);
  row.bigintAt(at, 7, units.audioOutputTokens);
  row.bigintAt(at, 8, units.imageInputTokens);
  row.bigintAt(at, 9, units.imageOutputTokens);
  row.bigintAt(at, 10, units.requests);
  row.bigintAt(at, 11, units.webSearches);
  row.jsonb(units.other === null ? null : otherUnits(units.other));
}

function writeMoney(row: CompositeRow, record: RecordedOutcome): void {
  row.text(record.usageSource, NAME_CHARACTERS_MAX);
  row.text(record.usageNote, NOTE_CHARACTERS_MAX);
  row.pico(record.costPico);
  row.text(record.costStatus, NAME_CHARACTERS_MAX);
  row.pico(record.savedPico);
  row.integer(record.priceVersion);
  row.text(record.priceRule, NOTE_CHARACTERS_MAX);
}

/**
 * The two columns of the attempts: one number, when the row itself describes the only attempt; else all of them. Every
 * request is opened with an attempt that is unanswered so far: as JSON, that was a tenth of its record's cost.
 */
function writeAttempts(row: CompositeRow, record: RecordedOutcome, createdAtMs: number): void {
  const only = record.attempts.length === 1 ? record.attempts[0] : undefined;
  const isTold = only !== undefined && isToldByRow(only, record, createdAtMs);
  row.jsonb(isTold ? null : `[${record.attempts.map(attempt).join(',')}]`);
  row.integer(isTold && !isUnanswered(only, record) ? only.startedAtMs - createdAtMs : null);
}

/** It began with the request, and its process ended before an answer came: neither column says anything of it. */
function isUnanswered(only: AttemptRecord, record: RecordedOutcome): boolean {
  return record.interrupted && only.statusCode === null;
}

function isToldByRow(only: AttemptRecord, record: RecordedOutcome, createdAtMs: number): boolean {
  return (
    only.number === 1 &&
    only.step === 0 &&
    only.provider === record.provider &&
    only.model === record.model &&
    (only.statusCode === record.statusCode || (isUnanswered(only, record) && only.startedAtMs === createdAtMs)) &&
    only.errorCode === record.errorCode &&
    only.units === record.units &&
    only.usageSource === record.usageSource &&
    only.costPico === record.costPico &&
    only.costStatus === record.costStatus &&
    Math.abs(only.startedAtMs - createdAtMs) <= DURATION_MS_MAX &&
    only.startedAtMs + only.durationMs === createdAtMs + record.durationMs
  );
}

/** Names and counts are checked where they are read (proxy/dialects): nothing in them needs escaping. */
function otherUnits(other: OtherUnits): string {
  return JSON.stringify(other);
}

/** One element of column `attempts`; units that are zero are left out, and `otherUnits` where there are none. */
function attempt(made: AttemptRecord): string {
  let counted = '';
  for (const unit of USAGE_UNITS) {
    if (made.units[unit] !== 0) counted += `${counted === '' ? '' : ','}"${unit}":${made.units[unit]}`;
  }
  const { other } = made.units;
  return (
    `{"number":${made.number},"step":${made.step},"provider":"${made.provider}",` +
    `"model":${json(made.model, NAME_CHARACTERS_MAX)},"statusCode":${made.statusCode},"errorCode":${made.errorCode},` +
    `"startedAtMs":${made.startedAtMs},"durationMs":${made.durationMs},"units":{${counted}},` +
    (other === null ? '' : `"otherUnits":${otherUnits(other)},`) +
    `"usageSource":"${made.usageSource}","costPico":${made.costPico === null ? 'null' : `"${made.costPico}"`},` +
    `"costStatus":"${made.costStatus}","priceVersion":${made.priceVersion},` +
    `"priceRule":${json(made.priceRule, NOTE_CHARACTERS_MAX)}}`
  );
}

function metadata(entries: RecordedRequest['metadata']): string | null {
  if (entries === null) return null;
  const members = Object.entries(entries).map(([key, value]) => {
    const text = typeof value === 'string' ? json(value, NOTE_CHARACTERS_MAX) : String(value);
    return `${json(key, NAME_CHARACTERS_MAX)}:${text}`;
  });
  return `{${members.join(',')}}`;
}

/** Text from outside as a JSON string that Postgres can hold: bounded, well-formed UTF-16, no NUL. */
function json(value: string | null, charactersMax: number): string {
  if (value === null) return 'null';
  const bounded = value.length > charactersMax ? value.slice(0, charactersMax) : value;
  const clean = bounded.includes('\u0000') ? bounded.replaceAll('\u0000', '\ufffd') : bounded;
  return JSON.stringify(clean.toWellFormed());
}
