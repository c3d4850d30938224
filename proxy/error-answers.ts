/** What becomes of a request that is not served, and of our own faults: logged whole, told as an error of the table. */
import type { ClientRequest, ClientResponse } from './client/client-exchange.js';
import { newUuidV7 } from '../schema/contracts/ids.js';
import type { Logger } from '../platform/logger.js';
import { endedAttempt, newAttempt } from './attempts/attempt.js';
import { isBodyUnread } from './connection-end.js';
import type { Arrival, AttemptNotes, Forwarded } from './exchange.js';
import { GatewayError } from './gateway-error.js';
import { ownHeaders, sendError } from './own-headers.js';
import { ClientLeft } from './request-body.js';
import type { ProxyStatistics } from './telemetry/statistics.js';

export interface ErrorAnswerDeps {
  readonly statistics: Pick<ProxyStatistics, 'refused'>;
  readonly log: Logger;
}

/** A request as far as it came. */
interface FailedRequest {
  readonly request: ClientRequest;
  readonly response: ClientResponse;
  /** null: the guard did not let it in */
  readonly arrival: Arrival | null;
}

/** Answers with the error's envelope. What is no GatewayError is a fault of ours: logged whole, told as 503. */
export function answerError(
  deps: ErrorAnswerDeps,
  { request, response, arrival }: FailedRequest,
  cause: unknown,
): void {
  if (cause instanceof ClientLeft) return;
  const isKnown = cause instanceof GatewayError;
  const error = isKnown ? cause : internalError(cause);
  const { code, logLevel } = error.definition;
  deps.statistics.refused(error.definition);
  const level = isKnown ? logLevel : 'error';
  deps.log[level]({ requestId: arrival?.id, code, err: error.cause ?? undefined }, error.description);
  if (response.headersSent) return void response.destroy();
  // A request that the guard refused has no id of its own yet, and no row will bear one.
  const id = arrival?.id ?? newUuidV7();
  const headers = ownHeaders({ id, eventId: arrival?.eventId ?? id }, false);
  // Where the next request begins on this connection is in doubt behind one that the guard refused.
  sendError(response, error, headers, { close: arrival === null || isBodyUnread(request) });
}

/** What was caught of a request: an error of the table as it is, anything else as a fault of ours, logged here. */
export function knownError(log: Logger, arrival: Arrival, cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  const error = internalError(cause);
  log.error({ requestId: arrival.id, err: cause }, error.description);
  return error;
}

/**
 * A fault of ours behind the opening of the ledger, as an outcome: a record is owed, and the provider may have the
 * request.
 */
export function faultOf(
  log: Logger,
  opened: Pick<AttemptNotes, 'nextNumber'> & { readonly arrival: Arrival },
  cause: unknown,
): Extract<Forwarded, { kind: 'failed' }> {
  const { arrival } = opened;
  const error = internalError(cause);
  log.error({ requestId: arrival.id, err: cause }, error.description);
  const begun = newAttempt(arrival, opened, arrival.arrivedAtMs);
  return { kind: 'failed', error, attempt: endedAttempt(begun, null, error.definition.code), wasSent: true };
}

const internalError = (cause: unknown): GatewayError =>
  new GatewayError('unavailable', 'an internal error', { cause, retryAfterSeconds: 1 });
