/**
 * Forward: makes the upstream call and waits for the head of its answer, for the client to leave, or for the time to
 * run out. All three are outcomes, not exceptions: each of them is recorded.
 */
import type { Arrival, Forwarded, OpenAttempt, UpstreamCall } from '../exchange.js';
import { GatewayError } from '../gateway-error.js';
import { ClientLeft } from '../request-body.js';
import type { Dispatchers } from '../upstream/dispatchers.js';
import { addedSecrets, holdsOwnSecret } from '../credentials/sent-secrets.js';
import { withoutEchoes } from '../upstream/headers.js';
import { upstreamError } from '../upstream/upstream-errors.js';
import { UpstreamExchange } from '../upstream/upstream-exchange.js';

export interface ForwardDeps {
  readonly dispatchers: Dispatchers;
}

export function forward(deps: ForwardDeps, arrival: Arrival, call: UpstreamCall): Promise<Forwarded> {
  const startedAtMs = Date.now();
  return new Promise((resolve) => {
    const settle = (forwarded: Forwarded): void => {
      clearTimeout(timer);
      arrival.response.off('close', onClientLeft);
      resolve(forwarded);
    };
    const fail = (cause: unknown): void => {
      if (cause instanceof ClientLeft) return onClientLeft();
      const error = upstreamError(cause);
      settle({ kind: 'failed', error, attempt: openAttempt(startedAtMs, null, error.definition.code) });
    };
    const exchange = new UpstreamExchange((answer) => {
      if (holdsOwnSecret(call)) exchange.headers = withoutEchoes(answer.headers, addedSecrets(call, arrival));
      settle({ kind: 'answered', answer, attempt: openAttempt(startedAtMs, answer.statusCode, null) });
    }, fail);
    const onClientLeft = (): void => {
      exchange.cancel();
      settle({ kind: 'client-left', attempt: openAttempt(startedAtMs, null, null) });
    };
    let uploadedBytes = 0;
    const onTime = (): void => {
      // As long as a large upload moves, it is the client's time that passes, not the provider's.
      if (call.streamed !== null && call.streamed.bytes > uploadedBytes) {
        uploadedBytes = call.streamed.bytes;
        timer = setTimeout(onTime, call.timeoutMs);
        return;
      }
      exchange.cancel();
      fail(new GatewayError('upstreamTimedOut', `the provider sent no answer within ${call.timeoutMs} ms`));
    };
    let timer = setTimeout(onTime, call.timeoutMs);
    if (arrival.response.destroyed) return onClientLeft();
    arrival.response.once('close', onClientLeft);
    dispatch(deps, call, exchange);
    return undefined;
  });
}

function dispatch(deps: ForwardDeps, call: UpstreamCall, exchange: UpstreamExchange): void {
  try {
    deps.dispatchers.send(call.destination, call, exchange);
  } catch (error) {
    exchange.onError(error instanceof Error ? error : new Error('dispatch failed', { cause: error }));
  }
}

function openAttempt(startedAtMs: number, statusCode: number | null, errorCode: number | null): OpenAttempt {
  return { number: 1, step: 0, startedAtMs, statusCode, errorCode };
}
