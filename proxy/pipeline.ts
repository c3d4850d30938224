/**
 * The whole way of a request through the proxy, on one screen. Each line is a stage with a file of its own in `stages/`;
 * each stage takes what the stages before it made. Limiting will stand where the comment is.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { newUuidV7 } from '../schema/contracts/ids.js';
import type { Logger } from '../platform/logger.js';
import { isBodyUnread, isEnding } from './connection-end.js';
import { ReplayedAnswer } from './cache/replayed-answer.js';
import type { Arrival, Forwarded, LookedUp, OpenAttempt, Relayed, Target, UpstreamCall } from './exchange.js';
import { GatewayError } from './gateway-error.js';
import { ownHeaders, sendEmpty, sendError, sendPreflight } from './own-headers.js';
import { ClientLeft } from './request-body.js';
import { checkHead } from './request-head.js';
import { authenticate, type AuthenticateDeps } from './stages/authenticate.js';
import { choose, type ChooseDeps } from './stages/choose.js';
import { forward, type ForwardDeps } from './stages/forward.js';
import { guard, PREFIX, type GuardDeps } from './stages/guard.js';
import { lookUp, type LookUpDeps } from './stages/look-up.js';
import { open, record, type OpenRecord, type RecordDeps } from './stages/record.js';
import { relay, type RelayDeps } from './stages/relay.js';
import { resolve, type ResolveDeps } from './stages/resolve.js';
import { store, type StoreDeps } from './stages/store.js';
import type { ProxyStatistics } from './telemetry/statistics.js';
import type { UsageLedger } from './usage/usage-ledger.js';

export interface PipelineDeps
  extends
    GuardDeps,
    ResolveDeps,
    AuthenticateDeps,
    ChooseDeps,
    LookUpDeps,
    ForwardDeps,
    RelayDeps,
    StoreDeps,
    RecordDeps {
  readonly ledger: UsageLedger;
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
    const call = await choose(deps, arrival, target, caller);
    const looked = lookUp(deps, arrival, call);
    const cache = looked instanceof Promise ? await looked : looked;
    const opened = await open(deps, arrival, call, cache);
    const relayed = await passOn(deps, arrival, call, { cache, notes: opened });
    store(deps, arrival, call, { cache, relayed });
    await record(deps, arrival, call, { open: opened, relayed });
    relayed.finish();
  } catch (error) {
    refuse(deps, { request, response, arrival }, error);
  }
}

/** Forward and relay, as one outcome. A fault of ours is an outcome too: the ledger is open, and a record is owed. */
async function passOn(
  deps: PipelineDeps,
  arrival: Arrival,
  call: UpstreamCall,
  { cache, notes }: { readonly cache: LookedUp | null; readonly notes: OpenRecord },
): Promise<Relayed> {
  try {
    const replayed = replay(arrival, cache);
    const forwarded = replayed ?? (await forward(deps, arrival, call));
    return await relay(deps, arrival, call, { forwarded, notes, cache });
  } catch (cause) {
    const error = internalError(cause);
    deps.log.error({ requestId: arrival.id, err: cause }, error.description);
    const errorCode = error.definition.code;
    const attempt = { number: 1, step: 0, startedAtMs: arrival.arrivedAtMs, statusCode: null, errorCode };
    return relay(deps, arrival, call, { forwarded: { kind: 'failed', error, attempt }, notes, cache });
  }
}

/** A hit in the place of what a provider would have answered, with an attempt that nobody made and no record lists. */
function replay(arrival: Arrival, cache: LookedUp | null): Forwarded | null {
  if (cache === null || cache.hit === null) return null;
  const attempt: OpenAttempt = { number: 1, step: 0, startedAtMs: Date.now(), statusCode: 200, errorCode: null };
  if (arrival.response.destroyed) return { kind: 'client-left', attempt };
  return { kind: 'answered', answer: new ReplayedAnswer(cache.hit), attempt };
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
