/** A row of the ledger, with what the log has beside it, to the log that a tenant sees. */
import { usdFromPico } from '../../../schema/contracts/decimal.js';
import type { AccountId, ApiTokenId, GatewayId } from '../../../schema/contracts/ids.js';
import type { CostStatus } from '../../../schema/contracts/usage-record.js';
import { totalTokensIn, totalTokensOut, type UsageSource } from '../../../schema/contracts/usage-units.js';
import { CURRENT_COST_SQL, CURRENT_STATUS_SQL } from './adjustments-sql.js';
import { CURRENT_METADATA_SQL } from './record-form.js';
import { adjustedAttemptsSchema, attemptsSchema } from './stored-attempts.js';
import type { Attempt, Log } from './log.types.js';

/** SQL of all input and all output tokens of a row `u`. */
export const TOKENS_IN_SQL = `(u.input_tokens + u.cached_input_tokens + u.cache_write_tokens + u.cache_write_1h_tokens
  + u.audio_input_tokens + u.image_input_tokens)`;
export const TOKENS_OUT_SQL = '(u.output_tokens + u.reasoning_tokens + u.audio_output_tokens + u.image_output_tokens)';

/** SQL of whether a record `u` is of a request that went well. */
export const SUCCESS_SQL = '(u.status_code < 400 AND NOT u.interrupted)';

/** What the path asks a model for, in the words that the wire has for it. */
export const MODEL_TYPE_SQL = `CASE WHEN u.path ~* 'embed' THEN 'Text Embeddings'
  WHEN u.path ~* 'images?/|imagen' THEN 'Text-to-Image'
  WHEN u.path ~* 'audio/speech|text-to-speech' THEN 'Text-to-Speech'
  WHEN u.path ~* 'audio/trans|speech-to-text' THEN 'Automatic Speech Recognition' ELSE 'Text Generation' END`;

/** Of a record `u` with its bodies `b` and its adjustments `adj`; the cost is the current one. */
export const LOG_COLUMNS_SQL = `u.id, u.account_id, u.gateway_id, u.api_token_id, u.created_at, u.event_id,
  u.config_version, u.provider, u.model, u.path, u.status_code, u.error_code, u.cached, u.streamed, u.client_aborted,
  u.interrupted, u.duration_ms, u.time_to_first_token_ms, ${TOKENS_IN_SQL} AS tokens_in, ${TOKENS_OUT_SQL} AS tokens_out,
  u.cached_input_tokens, u.cache_write_tokens + u.cache_write_1h_tokens AS cache_write_tokens, u.reasoning_tokens,
  u.usage_source, u.usage_note, ${CURRENT_COST_SQL} AS cost_pico, ${CURRENT_STATUS_SQL} AS cost_status, u.saved_pico,
  u.attempts, adj.attempts AS adjusted_attempts,
  u.attempt_started_after_ms, u.request_content_type, u.response_content_type, u.user_agent, u.request_bytes, u.response_bytes,
  ${MODEL_TYPE_SQL} AS model_type,
  ${CURRENT_METADATA_SQL} AS metadata,
  b.feedback, b.score, coalesce(b.truncated, false) AS truncated,
  (b.request_body IS NOT NULL OR b.response_body IS NOT NULL) AS has_bodies, b.expired_at IS NOT NULL AS has_expired`;

export interface LogRow {
  readonly id: string;
  readonly account_id: AccountId;
  readonly gateway_id: GatewayId;
  readonly api_token_id: ApiTokenId | null;
  readonly created_at: Date;
  readonly event_id: string;
  readonly config_version: number;
  readonly provider: string;
  readonly model: string | null;
  readonly path: string;
  readonly status_code: number;
  readonly error_code: number | null;
  readonly cached: boolean;
  readonly streamed: boolean;
  readonly client_aborted: boolean;
  readonly interrupted: boolean;
  readonly duration_ms: number;
  readonly time_to_first_token_ms: number | null;
  readonly tokens_in: string;
  readonly tokens_out: string;
  readonly cached_input_tokens: string;
  readonly cache_write_tokens: string;
  readonly reasoning_tokens: string;
  readonly usage_source: UsageSource;
  readonly usage_note: string | null;
  readonly cost_pico: string | null;
  readonly cost_status: CostStatus;
  readonly saved_pico: string | null;
  /** null: the only attempt is what the row itself describes */
  readonly attempts: unknown;
  readonly attempt_started_after_ms: number | null;
  readonly request_content_type: string | null;
  readonly response_content_type: string | null;
  readonly user_agent: string | null;
  readonly request_bytes: string | number;
  readonly response_bytes: string | number;
  readonly model_type: string;
  /** what the newest adjustment says of them; null: there is none */
  readonly adjusted_attempts: unknown;
  readonly metadata: unknown;
  readonly feedback: number | null;
  readonly score: number | null;
  readonly truncated: boolean;
  readonly has_bodies: boolean;
  /** a quota dropped its bodies */
  readonly has_expired: boolean;
}

export function logOf(row: LogRow): Log {
  // A hit in our cache used nothing and knows it; otherwise no source means that nobody knows.
  const isCounted = row.usage_source !== 'NONE' || row.cached;
  const tokens = (text: string): bigint | null => (isCounted ? BigInt(text) : null);
  return {
    id: row.id,
    accountId: row.account_id,
    gatewayId: row.gateway_id,
    apiTokenId: row.api_token_id,
    storedBodies: storedBodies(row),
    exchange: {
      modelType: row.model_type,
      userAgent: row.user_agent,
      requestContentType: row.request_content_type,
      responseContentType: row.response_content_type,
      requestBytes: Number(row.request_bytes),
      responseBytes: Number(row.response_bytes),
    },
    createdAt: row.created_at,
    eventId: row.event_id,
    configVersion: row.config_version,
    provider: row.provider,
    model: row.model,
    path: row.path,
    statusCode: row.status_code,
    success: row.status_code < 400 && !row.interrupted,
    cached: row.cached,
    streamed: row.streamed,
    durationMs: row.duration_ms,
    timeToFirstTokenMs: row.time_to_first_token_ms,
    tokensIn: tokens(row.tokens_in),
    tokensOut: tokens(row.tokens_out),
    tokensCachedIn: tokens(row.cached_input_tokens),
    tokensCacheWrite: tokens(row.cache_write_tokens),
    tokensReasoning: tokens(row.reasoning_tokens),
    usageSource: row.usage_source,
    usageNote: row.usage_note,
    clientAborted: row.client_aborted,
    costUsd: row.cost_pico === null ? null : usdFromPico(row.cost_pico),
    costStatus: row.cost_status,
    savedUsd: row.saved_pico === null ? null : usdFromPico(row.saved_pico),
    metadata: row.metadata,
    feedback: row.feedback,
    score: row.score,
    attempts: row.attempts === null ? [onlyAttempt(row)] : listedAttempts(row),
    errorCode: row.error_code,
  };
}

function storedBodies(row: LogRow): Log['storedBodies'] {
  if (!row.has_bodies) return row.has_expired ? 'EXPIRED' : 'NOT_COLLECTED';
  return row.truncated ? 'TRUNCATED' : 'STORED';
}

/**
 * The attempt of a request that made one, which its row describes; the proxy ended unanswered when no start is told.
 */
function onlyAttempt(row: LogRow): Attempt {
  const startedAfterMs = row.attempt_started_after_ms ?? 0;
  const isCounted = row.usage_source !== 'NONE';
  return {
    number: 1,
    step: 0,
    provider: row.provider,
    model: row.model,
    statusCode: row.attempt_started_after_ms === null ? null : row.status_code,
    errorCode: row.error_code,
    startedAt: new Date(row.created_at.getTime() + startedAfterMs),
    durationMs: row.duration_ms - startedAfterMs,
    tokensIn: isCounted ? BigInt(row.tokens_in) : null,
    tokensOut: isCounted ? BigInt(row.tokens_out) : null,
    costUsd: row.cost_pico === null ? null : usdFromPico(row.cost_pico),
    costStatus: row.cost_status,
  };
}

/** The attempts that a row lists, each with the cost that the newest adjustment gives it. */
function listedAttempts(row: LogRow): Attempt[] {
  const adjusted = row.adjusted_attempts === null ? [] : adjustedAttemptsSchema.parse(row.adjusted_attempts);
  return attemptsSchema.parse(row.attempts).map((attempt) => {
    const { costPico, costStatus } = adjusted.find(({ number }) => number === attempt.number) ?? attempt;
    const isCounted = attempt.usageSource !== 'NONE';
    return {
      number: attempt.number,
      step: attempt.step,
      provider: attempt.provider,
      model: attempt.model,
      statusCode: attempt.statusCode,
      errorCode: attempt.errorCode,
      startedAt: new Date(attempt.startedAtMs),
      durationMs: Math.round(attempt.durationMs),
      tokensIn: isCounted ? BigInt(totalTokensIn(attempt.units)) : null,
      tokensOut: isCounted ? BigInt(totalTokensOut(attempt.units)) : null,
      costUsd: costPico === null ? null : usdFromPico(costPico),
      costStatus,
    };
  });
}
