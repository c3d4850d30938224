/**
 * One attempt: an upstream call up to the head of its answer, until the client leaves, or until the time is up. All three
 * are outcomes, not exceptions: each of them is recorded.
 */
import { addedSecrets, holdsOwnSecret, withoutEchoes } from '../credentials/sent-secrets.js';
import type { Asking, AttemptNotes, Forwarded, OpenAttempt, UpstreamCall } from '../exchange.js';
import { GatewayError } from '../gateway-error.js';
import { ATTEMPTS_MS_MAX } from '../request-bounds.js';
import { ClientLeft } from '../request-body.js';
import type { Dispatchers } from '../upstream/dispatchers.js';
import { upstreamError } from '../upstream/upstream-errors.js';
import { UpstreamExchange } from '../upstream/upstream-exchange.js';
import type { CircuitBreakers } from './circuit-breakers.js';

export interface AttemptDeps {
  readonly dispatchers: Dispatchers;
  readonly breakers: Pick<CircuitBreakers, 'hear' | 'isOpen'>;
}

/** @param begun what is known of it: all but what it comes to */
export function attempt(
  deps: AttemptDeps,
  arrival: Asking,
  call: UpstreamCall,
  begun: OpenAttempt,
): Promise<Forwarded> {
  const timeoutMs = timeLimit(arrival, call, begun);
  return new Promise((resolve) => {
    const settle = (forwarded: Forwarded): void => {
      clearTimeout(timer);
      arrival.response.off('close', onClientLeft);
      deps.breakers.hear(call, forwarded);
      resolve(forwarded);
    };
    const fail = (cause: unknown): void => {
      if (cause instanceof ClientLeft) return onClientLeft();
      const error = upstreamError(cause);
      const { wasSent } = exchange;
      return settle({ kind: 'failed', error, wasSent, attempt: endedAttempt(begun, null, error.definition.code) });
    };
    const exchange = new UpstreamExchange((answer) => {
      if (holdsOwnSecret(call)) exchange.headers = withoutEchoes(answer.headers, addedSecrets(call, arrival));
      settle({ kind: 'answered', answer, attempt: endedAttempt(begun, answer.statusCode, null) });
    }, fail);
    const onClientLeft = (): void => {
      const { wasSent } = exchange;
      exchange.cancel();
      settle({ kind: 'client-left', wasSent, attempt: begun });
    };
    let uploadedBytes = 0;
    const onTime = (): void => {
      // As long as a large upload moves, it is the client's time that passes, not the provider's.
      if (call.streamed !== null && call.streamed.bytes > uploadedBytes) {
        uploadedBytes = call.streamed.bytes;
        timer = setTimeout(onTime, timeoutMs);
        return;
      }
      fail(new GatewayError('upstreamTimedOut', `the provider sent no answer within ${timeoutMs} ms`));
      exchange.cancel();
    };
    let timer = setTimeout(onTime, timeoutMs);
    if (arrival.response.destroyed) return onClientLeft();
    arrival.response.once('close', onClientLeft);
    dispatch(deps, call, exchange);
    return undefined;
  });
}

/** An attempt that is not the first has what the ones before it left over. */
function timeLimit(arrival: Asking, call: UpstreamCall, { number, startedAtMs }: OpenAttempt): number {
  if (number === 1) return call.timeoutMs;
  return Math.max(1, Math.min(call.timeoutMs, arrival.arrivedAtMs + ATTEMPTS_MS_MAX - startedAtMs));
}

function dispatch(deps: AttemptDeps, call: UpstreamCall, exchange: UpstreamExchange): void {
  try {
    deps.dispatchers.send(call.destination, call, exchange);
  } catch (error) {
    exchange.onError(error instanceof Error ? error : new Error('dispatch failed', { cause: error }));
  }
}

/** The one that comes next, of which nothing is known yet. */
export function newAttempt(
  { step }: Pick<Asking, 'step'>,
  { nextNumber: number }: Pick<AttemptNotes, 'nextNumber'>,
  startedAtMs: number,
): OpenAttempt {
  return { number, step: step ?? 0, startedAtMs, statusCode: null, errorCode: null };
}

/** What came of it: an answer, or an error of ours. */
export function endedAttempt(begun: OpenAttempt, statusCode: number | null, errorCode: number | null): OpenAttempt {
  return { number: begun.number, step: begun.step, startedAtMs: begun.startedAtMs, statusCode, errorCode };
}
