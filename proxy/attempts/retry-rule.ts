/**
 * When an attempt is made once more, and after how long (product §7). Decided from what the attempt came to, and
 * nothing else.
 */
import { errorCode } from '../../platform/error-code.js';
import type { GatewaySettingsValues } from '../../schema/contracts/gateway-settings.js';
import type { Forwarded } from '../exchange.js';
import type { GatewayError } from '../gateway-error.js';
import { headerOf } from '../header-list.js';
import type { RequestOptions } from '../request-options.js';

export interface RetryRule {
  /** all tries, the first one included; at least 2 */
  readonly attemptsMax: number;
  readonly delayMs: number;
  readonly backoff: GatewaySettingsValues['retryBackoff'];
  /** also what the provider may have taken in without answering, which it may then do, and bill, twice */
  readonly whenSent: boolean;
}

const DELAY_MS_MAX = 60_000;
/** So that those who failed together do not come back together. */
const JITTER_SHARE = 0.25;
/** A provider that answers so has not done the work; 408 and the 5xx may come from whatever stands before it. */
const RETRIED_STATUSES = new Set([408, 429, 500, 502, 503, 504, 529]);

type Asked = Pick<RequestOptions, 'maxAttempts' | 'retryDelayMs' | 'retryBackoff'>;

/**
 * Of a request: its own wishes first, then the gateway's settings. Null: it is tried once, as on nearly every gateway.
 */
export function retryRule(asked: Asked, settings: GatewaySettingsValues): RetryRule | null {
  const attemptsMax = asked.maxAttempts ?? settings.retryMaxAttempts;
  if (attemptsMax <= 1) return null;
  return {
    attemptsMax,
    delayMs: asked.retryDelayMs ?? settings.retryDelayMs,
    backoff: asked.retryBackoff ?? settings.retryBackoff,
    whenSent: settings.retryWhenSent,
  };
}

/**
 * How long to wait before the attempt after the `tries`th, in ms; null: what it came to stands. What the provider asks
 * for wins over a shorter delay of our own.
 * @param random 0 … 1
 */
export function waitBeforeNext(rule: RetryRule, tries: number, forwarded: Forwarded, random: number): number | null {
  if (tries >= rule.attemptsMax || !isRetried(rule, forwarded)) return null;
  const own = backoffMs(rule, tries) * (1 + JITTER_SHARE * random);
  if (forwarded.kind !== 'answered') return own;
  return Math.max(own, askedWaitMs(forwarded.answer.headers, Date.now()) ?? 0);
}

function isRetried(rule: RetryRule, forwarded: Forwarded): boolean {
  switch (forwarded.kind) {
    case 'answered': {
      const { statusCode, headers } = forwarded.answer;
      return RETRIED_STATUSES.has(statusCode) && headerOf(headers, 'x-should-retry')?.trim() !== 'false';
    }
    case 'failed':
      return isUpstreams(forwarded.error) && (rule.whenSent || !forwarded.wasSent);
    case 'client-left':
      return false;
  }
}

/**
 * Whether an error is the provider's, or the way's to it; not one of our own, nor of a request that nobody could send.
 */
export function isUpstreams({ errorName, cause }: GatewayError): boolean {
  if (errorName !== 'upstreamFailed' && errorName !== 'upstreamTimedOut') return false;
  return errorCode(cause) !== 'UND_ERR_INVALID_ARG';
}

/** The delay before the `n`th retry, without its random part. */
export function backoffMs({ delayMs, backoff }: RetryRule, n: number): number {
  switch (backoff) {
    case 'CONSTANT':
      return Math.min(delayMs, DELAY_MS_MAX);
    case 'LINEAR':
      return Math.min(delayMs * n, DELAY_MS_MAX);
    case 'EXPONENTIAL':
      return Math.min(delayMs * 2 ** (n - 1), DELAY_MS_MAX);
  }
}

/**
 * How long all attempts of a rule may take together: each its time limit, and the longest delays between them. A
 * provider that asks for a wait beyond that has its answer passed on.
 */
export function retriesMsMax(rule: RetryRule, timeoutMs: number): number {
  let sum = timeoutMs * rule.attemptsMax;
  for (let n = 1; n < rule.attemptsMax; n++) sum += backoffMs(rule, n) * (1 + JITTER_SHARE);
  return sum;
}

/**
 * What an answer asks for, by `retry-after-ms` or `Retry-After` (seconds, or a date; RFC 9110 §10.2.3), in ms. Null:
 * nothing that can be read. A date that has passed asks for no wait.
 */
export function askedWaitMs(headers: readonly string[], nowMs: number): number | null {
  const ms = plainNumber(headerOf(headers, 'retry-after-ms'));
  if (ms !== null) return ms;
  const value = headerOf(headers, 'retry-after');
  const seconds = plainNumber(value);
  if (seconds !== null) return seconds * 1_000;
  // Date.parse reads much that is no date of HTTP's, `-1` among it.
  const atMs = value === null || !/^[A-Z][a-z]+,? /.test(value) ? Number.NaN : Date.parse(value);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}

const plainNumber = (text: string | null): number | null =>
  text !== null && /^\s*\d{1,15}(?:\.\d{1,9})?\s*$/.test(text) ? Number(text) : null;
