/**
 * The whole way of a request through the proxy, on one screen. Each line is a stage with a file of its own in `stages/`;
 * each stage takes what the stages before it made. A universal request goes the same way, from `choose` on once for each
 * step that is tried.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { newUuidV7 } from '../schema/contracts/ids.js';
import type { Logger } from '../platform/logger.js';
import type { CircuitBreakers } from './attempts/circuit-breakers.js';
import { isBodyUnread, isEnding } from './connection-end.js';
import { giveUp } from './attempts/given-up.js';
import type { CoalescedCalls } from './cache/coalesced-calls.js';
import { ReplayedAnswer } from './cache/replayed-answer.js';
import type { Arrival, Caller, Forwarded, LookedUp, OpenAttempt, Relayed, Target, UpstreamCall } from './exchange.js';
import { GatewayError } from './gateway-error.js';
import { ownHeaders, sendEmpty, sendError, sendPreflight } from './own-headers.js';
import { ATTEMPTS_MS_MAX } from './limits.js';
import { ClientLeft } from './request-body.js';
import { checkHead } from './request-head.js';
import { authenticate, type AuthenticateDeps } from './stages/authenticate.js';
import { choose, type ChooseDeps } from './stages/choose.js';
import { forward, type ForwardDeps } from './stages/forward.js';
import { guard, PREFIX, type GuardDeps } from './stages/guard.js';
import { limit, type LimitDeps } from './stages/limit.js';
import { lookUp, type LookUpDeps } from './stages/look-up.js';
import { open, record, type OpenRecord, type RecordDeps } from './stages/record.js';
import { relay, type RelayDeps } from './stages/relay.js';
import { resolve, resolvePolicy, targetOf, type ResolveDeps } from './stages/resolve.js';
import { store, type StoreDeps } from './stages/store.js';
import type { ProxyStatistics } from './telemetry/statistics.js';
import { isUniversal, readSteps } from './universal/steps.js';
import type { UsageLedger } from './usage/usage-ledger.js';

export interface PipelineDeps
  extends
    GuardDeps,
    ResolveDeps,
    AuthenticateDeps,
    LimitDeps,
    ChooseDeps,
    LookUpDeps,
    ForwardDeps,
    RelayDeps,
    StoreDeps,
    RecordDeps {
  readonly ledger: UsageLedger;
  readonly coalescedCalls: CoalescedCalls;
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
    if (isUniversal(arrival)) return await serveSteps(deps, arrival);
    const target = await resolve(deps, arrival);
    if (isProbe(arrival, target)) return sendEmpty(response, ownHeaders(arrival, false));
    const caller = await authenticate(deps, arrival, target);
    const limiting = limit(deps, arrival, target, caller);
    if (limiting !== null) await limiting;
    const call = await choose(deps, arrival, target, caller);
    const looked = lookUp(deps, arrival, call);
    const cache = looked instanceof Promise ? await looked : looked;
    if (!isHit(cache)) deps.breakers.admit(call);
    const opened = await open(deps, arrival, call, cache);
    const relayed = await passOn(deps, opened);
    store(deps, arrival, call, { cache, relayed });
    await record(deps, arrival, call, { open: opened, relayed });
    relayed.finish();
  } catch (error) {
    refuse(deps, { request, response, arrival }, error);
  }
}

/** A universal request. Who calls is asked once, of the request around the steps. */
async function serveSteps(deps: PipelineDeps, arrival: Arrival): Promise<void> {
  const policy = await resolvePolicy(deps, arrival);
  const caller = await authenticate(deps, arrival, { policy, provider: ANY_PROVIDER });
  const steps = await readSteps(deps, arrival);
  const limiting = limit(deps, arrival, { policy, provider: { slug: steps[0]?.providerSlug ?? '' } }, caller);
  if (limiting !== null) await limiting;
  const { opened, relayed } = await firstSuccess(deps, steps, { policy, caller });
  store(deps, opened.arrival, opened.call, { cache: opened.cache, relayed });
  await record(deps, opened.arrival, opened.call, { open: opened, relayed });
  relayed.finish();
}

const ANY_PROVIDER = Object.freeze({ credentialHeaders: ['authorization'] });

/** Tries the steps in turn. What the last one comes to is the answer when none succeeds: no status below 400. */
async function firstSuccess(
  deps: PipelineDeps,
  steps: readonly Arrival[],
  of: Pick<Target, 'policy'> & { readonly caller: Caller },
): Promise<{ readonly opened: OpenRecord; readonly relayed: Relayed }> {
  let opened: OpenRecord | null = null;
  for (const [number, step] of steps.entries()) {
    const isLast = number === steps.length - 1;
    // When none was tried before, the last of several is, whatever its breaker says.
    const isRescue = isLast && opened === null && number > 0;
    const chosen = await stepCall(deps, step, { ...of, isRescue });
    if (!(chosen instanceof GatewayError)) {
      const { call, cache } = chosen;
      if (opened === null) opened = await open(deps, step, call, cache);
      else opened.goOn(step, call, cache);
      const relayed = isLast ? await passOn(deps, opened) : await tryStep(deps, opened);
      if (relayed !== null) return { opened, relayed };
      deps.statistics.fallbacks += 1;
    } else if (isLast) {
      if (opened === null) throw chosen;
      const forwarded = { kind: 'failed' as const, error: chosen, attempt: null, wasSent: false };
      return { opened, relayed: await relay(deps, step, opened.call, { forwarded, notes: opened, cache: null }) };
    }
  }
  throw new Error('a universal request has no steps');
}

interface StepOf extends Pick<Target, 'policy'> {
  readonly caller: Caller;
  readonly isRescue: boolean;
}

interface StepCall {
  readonly call: UpstreamCall;
  readonly cache: LookedUp | null;
}

/** The call of a step, or why there can be none: then the next one is tried. */
async function stepCall(deps: PipelineDeps, step: Arrival, of: StepOf): Promise<StepCall | GatewayError> {
  try {
    if (Date.now() - step.arrivedAtMs > ATTEMPTS_MS_MAX) {
      deps.statistics.retriesTooLate += 1;
      return new GatewayError('upstreamTimedOut', `the steps before took longer than ${ATTEMPTS_MS_MAX} ms`);
    }
    const call = await choose(deps, step, targetOf(deps, of.policy, step.providerSlug), of.caller);
    const cache = await lookUp(deps, step, call);
    if (!of.isRescue && !isHit(cache)) deps.breakers.admit(call);
    return { call, cache };
  } catch (cause) {
    return cause instanceof GatewayError ? cause : ourFault(deps, step, cause);
  }
}

/** Forward and relay, as one outcome. A fault of ours is an outcome too: the ledger is open, and a record is owed. */
async function passOn(deps: PipelineDeps, opened: OpenRecord): Promise<Relayed> {
  const { arrival, call } = opened;
  try {
    const forwarded = replay(arrival, opened.cache) ?? (await send(deps, opened));
    const { cache } = opened;
    return await relay(deps, arrival, call, { forwarded, notes: opened, cache });
  } catch (cause) {
    return relayFault(deps, opened, cause);
  }
}

/** The same of a step that others follow; null: it failed before anything went to the client. */
async function tryStep(deps: PipelineDeps, opened: OpenRecord): Promise<Relayed | null> {
  const { arrival, call } = opened;
  try {
    const forwarded = replay(arrival, opened.cache) ?? (await send(deps, opened));
    const { cache } = opened;
    if (forwarded.kind === 'failed' || (forwarded.kind === 'answered' && forwarded.answer.statusCode >= 400)) {
      giveUp(forwarded, opened);
      return null;
    }
    const relayed = await relay(deps, arrival, call, { forwarded, notes: opened, cache });
    if (relayed.errorCode === null) return relayed;
    opened.gaveUp(relayed); // the answer broke off, and nothing of it has gone down
    return null;
  } catch (cause) {
    return relayFault(deps, opened, cause);
  }
}

/** Makes the call, or follows that of an identical request. */
function send(deps: PipelineDeps, opened: OpenRecord): Promise<Forwarded> {
  const { arrival, call, cache } = opened;
  if (cache === null || cache.sharing === null) return forward(deps, arrival, call, opened);
  const { sharing } = cache;
  return deps.coalescedCalls
    .answer({ arrival, call, sharing, notes: opened, send: (asking) => forward(deps, asking, call, opened) })
    .then((forwarded) => {
      const isFollowed = forwarded.kind === 'answered' && forwarded.answer.isFollowed === true;
      if (isFollowed) opened.cache = { ...cache, status: 'HIT', ttlSeconds: 0 };
      return forwarded;
    });
}

function relayFault(deps: PipelineDeps, opened: OpenRecord, cause: unknown): Promise<Relayed> {
  const { arrival, call, cache, nextNumber: number } = opened;
  const error = ourFault(deps, arrival, cause);
  const errorCode = error.definition.code;
  const attempt = { number, step: arrival.step ?? 0, startedAtMs: arrival.arrivedAtMs, statusCode: null, errorCode };
  const forwarded = { kind: 'failed' as const, error, attempt, wasSent: true };
  return relay(deps, arrival, call, { forwarded, notes: opened, cache });
}

function ourFault(deps: PipelineDeps, arrival: Arrival, cause: unknown): GatewayError {
  const error = internalError(cause);
  deps.log.error({ requestId: arrival.id, err: cause }, error.description);
  return error;
}

const isHit = (cache: LookedUp | null): boolean => cache !== null && cache.hit !== null;

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
