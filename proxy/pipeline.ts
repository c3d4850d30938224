/**
 * The whole way of a request through the proxy, on one screen. Each line is a stage with a file of its own in `stages/`;
 * each stage takes what the stages before it made. Limiting, cache look-up and store will stand where the comments are.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { newUuidV7 } from '../schema/contracts/ids.js';
import type { Logger } from '../platform/logger.js';
import type { CircuitBreakers } from './attempts/circuit-breakers.js';
import { isBodyUnread, isEnding } from './connection-end.js';
import type { Arrival, Relayed, Target, UpstreamCall } from './exchange.js';
import { GatewayError } from './gateway-error.js';
import { ownHeaders, sendEmpty, sendError, sendPreflight } from './own-headers.js';
import { ClientLeft } from './request-body.js';
import { checkHead } from './request-head.js';
import { authenticate, type AuthenticateDeps } from './stages/authenticate.js';
import { choose, type ChooseDeps } from './stages/choose.js';
import { forward, type ForwardDeps } from './stages/forward.js';
import { guard, PREFIX, type GuardDeps } from './stages/guard.js';
import { open, record, type OpenRecord, type RecordDeps } from './stages/record.js';
import { relay, type RelayDeps } from './stages/relay.js';
import { resolve, type ResolveDeps } from './stages/resolve.js';
import type { ProxyStatistics } from './telemetry/statistics.js';
import type { UsageLedger } from './usage/usage-ledger.js';

export interface PipelineDeps
  extends GuardDeps, ResolveDeps, AuthenticateDeps, ChooseDeps, ForwardDeps, RelayDeps, RecordDeps {
  readonly ledger: UsageLedger;
  readonly breakers: CircuitBreakers;
  readonly statistics: ProxyStatistics;
  readonly log: Logger;
}

/** Whether a target is for the pipeline: told by its prefix alone. What is no path at all is the guard's affair. */
export const isGatewayCall = (url: string): boolean => url.startsWith(PREFIX) || url.charCodeAt(0) !== SLASH;
const SLASH = 47;

/** Whether a request that is not for the pipeline may have its answer; if not, it was refused. */
export function admit(deps: PipelineDeps, request: IncomingMessage, response: ServerResponse): boolean {
  if (isEnding(request.socket)) return false;
  try {
    checkHead(request, deps.loopMark);
    return true;
  } catch (error) {
    refuse(deps, { request, response, arrival: null }, error);
    return false;
  }
}

/** Serves one gateway request; never rejects. */
export async function serve(deps: PipelineDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (isEnding(request.socket)) return;
  let arrival: Arrival | null = null;
  try {
    if (isPreflight(request)) {
      checkHead(request, deps.loopMark);
      return sendPreflight(response, request.headers['access-control-request-headers']);
    }
    arrival = guard(deps, request, response);
    const target = await resolve(deps, arrival);
    if (isProbe(arrival, target)) return sendEmpty(response, ownHeaders(arrival, false));
    const caller = await authenticate(deps, arrival, target);
    // limit: rate limits of the policy
    // look up: the cache
    const call = await choose(deps, arrival, target, caller);
    deps.breakers.admit(call);
    const opened = await open(deps, arrival, call);
    const relayed = await passOn(deps, arrival, call, opened);
    // store: the cache
    await record(deps, arrival, call, { open: opened, relayed });
    relayed.finish();
  } catch (error) {
    refuse(deps, { request, response, arrival }, error);
  }
}

/** Forward and relay, as one outcome. A fault of ours is an outcome too: the ledger is open, and a record is owed. */
async function passOn(deps: PipelineDeps, arrival: Arrival, call: UpstreamCall, opened: OpenRecord): Promise<Relayed> {
  try {
    const forwarded = await forward(deps, arrival, call, opened);
    return await relay(deps, arrival, call, { forwarded, notes: opened });
  } catch (cause) {
    const error = internalError(cause);
    deps.log.error({ requestId: arrival.id, err: cause }, error.description);
    const errorCode = error.definition.code;
    const number = opened.nextNumber;
    const attempt = { number, step: 0, startedAtMs: arrival.arrivedAtMs, statusCode: null, errorCode };
    const forwarded = { kind: 'failed' as const, error, attempt, wasSent: true };
    return relay(deps, arrival, call, { forwarded, notes: opened });
  }
}

/** A CORS preflight (Fetch §4.8); any other OPTIONS request is the provider's. */
function isPreflight(request: IncomingMessage): boolean {
  return request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
}

/** Clients ask for the provider's bare base before their first call. */
function isProbe({ path, method, request }: Arrival, { provider }: Target): boolean {
  if (path !== '' || (method !== 'HEAD' && method !== 'GET')) return false;
  return provider.addressHeader === undefined || request.headers[provider.addressHeader] === undefined;
}

const internalError = (cause: unknown): GatewayError =>
  new GatewayError('unavailable', 'an internal error', { cause, retryAfterSeconds: 1 });

interface Refused {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly arrival: Arrival | null;
}

/** Answers with the error's envelope. What is no GatewayError is a fault of ours: logged whole, told as 503. */
function refuse(deps: PipelineDeps, { request, response, arrival }: Refused, error: unknown): void {
  if (error instanceof ClientLeft) return;
  const known = error instanceof GatewayError;
  const refusal = known ? error : internalError(error);
  deps.statistics.refused(refusal.definition);
  const level = known ? refusal.definition.logLevel : 'error';
  deps.log[level](
    { requestId: arrival?.id, code: refusal.definition.code, err: refusal.cause ?? undefined },
    refusal.description,
  );
  if (response.headersSent) return void response.destroy();
  // A request that the guard refused has no id of its own yet, and no row will bear one.
  const id = arrival?.id ?? newUuidV7();
  const headers = ownHeaders({ id, eventId: arrival?.eventId ?? id }, false);
  // Where the next request begins on this connection is in doubt behind one that the guard refused.
  sendError(response, refusal, headers, { close: arrival === null || isBodyUnread(request) });
}
