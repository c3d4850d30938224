/** A log in the wire's words. */
import { picoFromUsd } from '../scalars/numeric-scalars.js';
import type { Log, LogBodies, LogExtremes } from '../modules/log/index.js';

/** How much of a body a single log shows; all of it is at `/request` and `/response`. */
const HEAD_CHARACTERS = 2_048;

const count = (tokens: bigint | null): number | null => (tokens === null ? null : Number(tokens));

/** Floating-point as the wire has it; GraphQL has the exact amount. */
const usd = (amount: string | null): number | null => (amount === null ? null : Number(amount));

/** A log as lists have it. */
export function logObject(log: Log): Readonly<Record<string, unknown>> {
  const [tokensIn, tokensOut] = [count(log.tokensIn), count(log.tokensOut)];
  return {
    id: log.id,
    created_at: log.createdAt.toISOString(),
    event_id: log.eventId,
    provider: log.provider,
    model: log.model ?? '',
    model_type: log.exchange.modelType,
    path: log.path,
    request_type: 'HTTP',
    request_content_type: log.exchange.requestContentType ?? '',
    response_content_type: log.exchange.responseContentType ?? '',
    user_agent: log.exchange.userAgent ?? '',
    status_code: log.statusCode,
    success: log.success,
    cached: log.cached,
    step: log.attempts.at(-1)?.step ?? 0,
    duration: log.durationMs,
    timings: { total: log.durationMs, latency: log.timeToFirstTokenMs },
    tokens_in: tokensIn,
    tokens_out: tokensOut,
    usage_metadata: {
      input_tokens: tokensIn,
      output_tokens: tokensOut,
      total_tokens: tokensIn === null || tokensOut === null ? null : tokensIn + tokensOut,
      input_cached_tokens: count(log.tokensCachedIn),
      output_reasoning_tokens: count(log.tokensReasoning),
    },
    cost: usd(log.costUsd),
    custom_cost: log.costStatus === 'CUSTOM',
    metadata: log.metadata ?? null,
    feedback: log.feedback,
    score: log.score,
    authentication: log.apiTokenId !== null,
    wholesale: false,
    compatibilityMode: false,
    dlp_action: '',
  };
}

/** A single log; `bodies` null: there are none, or the caller may not read them. */
export function logDetail(log: Log, bodies: LogBodies | null): Readonly<Record<string, unknown>> {
  const isWhole = log.storedBodies === 'STORED';
  const [request, response] = [bodies?.requestBody ?? null, bodies?.responseBody ?? null];
  return {
    ...logObject(log),
    request_size: log.exchange.requestBytes,
    response_size: log.exchange.responseBytes,
    request_head: request?.slice(0, HEAD_CHARACTERS) ?? null,
    request_head_complete: isWhole && request !== null && request.length <= HEAD_CHARACTERS,
    response_head: response?.slice(0, HEAD_CHARACTERS) ?? null,
    response_head_complete: isWhole && response !== null && response.length <= HEAD_CHARACTERS,
  };
}

const PICO_PER_USD = Number(picoFromUsd('1'));
const EXTREMES = {
  cost: ['cost', PICO_PER_USD],
  duration: ['durationMs', 1],
  tokens_in: ['tokensIn', 1],
  tokens_out: ['tokensOut', 1],
  total_tokens: ['totalTokens', 1],
} as const;

/** What `meta_info` adds to the numbers of a page: the least and the greatest of each measure; null: not known. */
export function extremesInfo(extremes: LogExtremes | null): Readonly<Record<string, number | null>> {
  const pairs = Object.entries(EXTREMES).flatMap(([name, [measure, unit]]) => {
    const found = extremes?.[measure] ?? null;
    return [
      [`min_${name}`, found === null ? null : Number(found.min) / unit],
      [`max_${name}`, found === null ? null : Number(found.max) / unit],
    ];
  });
  return Object.fromEntries(pairs) as Record<string, number | null>; // the pairs above
}
