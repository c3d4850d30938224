/**
 * The whole way of a request through the proxy, on one screen. Each line is a stage with a file of its own in
 * `stages/`; each stage takes what the stages before it made. A universal request goes the same way, from `choose` on
 * once for each step that is tried.
 */
import type { GatewayPolicy } from '../schema/contracts/gateway-policy.js';
import type { Logger } from '../platform/logger.js';
import { isPreflight, isProbe } from './answered-here.js';
import type { CircuitBreakers } from './attempts/circuit-breakers.js';
import type { CoalescedCalls } from './cache/coalesced-calls.js';
import type { ClientRequest, ClientResponse } from './client/client-exchange.js';
import { isEnding } from './connection-end.js';
import { isHit, replay } from './cache/replayed-answer.js';
import { answerError, faultOf } from './error-answers.js';
import type { Arrival, Caller, Forwarded, PlannedCall, Relayed, Target } from './exchange.js';
import { headerOf } from './header-list.js';
import type { AccountSlots, RequestSlots } from './overload/request-slots.js';
import { ownHeaders, sendEmpty, sendPreflight } from './own-headers.js';
import { checkHead } from './request-head.js';
import { ANY_PROVIDER, authenticate, type AuthenticateDeps } from './stages/authenticate.js';
import { choose, type ChooseDeps } from './stages/choose.js';
import { forward, type ForwardDeps } from './stages/forward.js';
import { guard, type GuardDeps } from './stages/guard.js';
import { admitted, besideLimit, limit, type LimitDeps } from './stages/limit.js';
import { lookUp, type LookUpDeps } from './stages/look-up.js';
import { open, OpenRecord, record, type RecordDeps } from './stages/record.js';
import { relay, type RelayDeps } from './stages/relay.js';
import { resolve, resolvePolicy, targetOf, type ResolveDeps } from './stages/resolve.js';
import { store, type StoreDeps } from './stages/store.js';
import type { ProxyStatistics } from './telemetry/statistics.js';
import { firstSuccess, type StepStages } from './universal/first-success.js';
import { isUniversal, limitedArrival, readSteps } from './universal/steps.js';
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
  readonly slots: Pick<RequestSlots, 'take' | 'giveBack'>;
  readonly statistics: ProxyStatistics;
  readonly log: Logger;
}

/** Serves one gateway request; never rejects. */
export async function serve(deps: PipelineDeps, request: ClientRequest, response: ClientResponse): Promise<void> {
  if (isEnding(request.socket)) return;
  let arrival: Arrival | null = null;
  let slots: AccountSlots | null = null;
  try {
    if (isPreflight(request)) {
      checkHead(request, deps.loopMark);
      return sendPreflight(response, headerOf(request.rawHeaders, 'access-control-request-headers'));
    }
    arrival = guard(deps, request, response);
    if (isUniversal(arrival)) return await serveSteps(deps, arrival);
    const found = resolve(deps, arrival);
    const target = found instanceof Promise ? await found : found;
    if (isProbe(arrival, target)) return sendEmpty(response, ownHeaders(arrival, false));
    const known = authenticate(deps, arrival, target);
    const caller = known instanceof Promise ? await known : known;
    slots = deps.slots.take(target.policy.accountId);
    const limiting = limit(deps, arrival, target, caller);
    const planning =
      limiting === null
        ? plan(deps, arrival, target, caller)
        : besideLimit(limiting, request, planOf(deps, arrival, target, caller));
    const { call, cache } = planning instanceof Promise ? await planning : planning;
    if (!isHit(cache)) deps.breakers.admit(call);
    const opening = open(deps, arrival, call, cache);
    const entry = opening instanceof Promise ? await opening : opening;
    const opened = new OpenRecord(deps, arrival, call, { entry, cache });
    const relayed = await passOn(deps, opened);
    store(deps, arrival, call, { cache, relayed });
    await record(deps, arrival, call, { open: opened, relayed });
    relayed.finish();
  } catch (error) {
    answerError(deps, { request, response, arrival }, error);
  } finally {
    if (slots !== null) deps.slots.giveBack(slots);
  }
}

type Planning = PlannedCall | Promise<PlannedCall>;

/** Finds out what there is to do for a request: the call, and what the cache has for it. */
function plan(deps: PipelineDeps, arrival: Arrival, target: Target, caller: Caller): Planning {
  const chosen = choose(deps, arrival, target, caller);
  if (chosen instanceof Promise) return chosen.then((call) => lookUp(deps, arrival, call));
  return lookUp(deps, arrival, chosen);
}

const planOf =
  (deps: PipelineDeps, arrival: Arrival, target: Target, caller: Caller): (() => Planning) =>
  () =>
    plan(deps, arrival, target, caller);

/** A universal request. Who calls is asked once, of the request around the steps. */
async function serveSteps(deps: PipelineDeps, arrival: Arrival): Promise<void> {
  const policy = await resolvePolicy(deps, arrival);
  const caller = await authenticate(deps, arrival, { policy, provider: ANY_PROVIDER });
  const slots = deps.slots.take(policy.accountId);
  try {
    await serveStepsOf(deps, arrival, policy, caller);
  } finally {
    deps.slots.giveBack(slots);
  }
}

async function serveStepsOf(
  deps: PipelineDeps,
  arrival: Arrival,
  policy: GatewayPolicy,
  caller: Caller,
): Promise<void> {
  const steps = await readSteps(deps, arrival);
  const limited = limitedArrival(arrival, steps);
  const limiting = limit(deps, limited, { policy, provider: { slug: steps[0]?.providerSlug ?? '' } }, caller);
  if (limiting !== null) await admitted(limiting);
  const { opened, relayed } = await firstSuccess(deps, steps, stepStages(deps, policy, caller));
  store(deps, opened.arrival, opened.call, { cache: opened.cache, relayed });
  await record(deps, opened.arrival, opened.call, { open: opened, relayed });
  relayed.finish();
}

/** The stages that each step goes through. */
function stepStages(deps: PipelineDeps, policy: GatewayPolicy, caller: Caller): StepStages<OpenRecord> {
  return {
    choose: async (step) => plan(deps, step, targetOf(deps, policy, step.providerSlug), caller),
    async open(step, { call, cache }) {
      return new OpenRecord(deps, step, call, { entry: await open(deps, step, call, cache), cache });
    },
    forward: (opened) => answerOf(deps, opened),
    relay: ({ arrival, call, cache }, notes, forwarded) => relay(deps, arrival, call, { forwarded, notes, cache }),
    passOn: (opened) => passOn(deps, opened),
  };
}

/** Forward and relay, as one outcome. A fault of ours is an outcome too: the ledger is open, and a record is owed. */
async function passOn(deps: PipelineDeps, opened: OpenRecord): Promise<Relayed> {
  const { arrival, call } = opened;
  try {
    const forwarded = await answerOf(deps, opened);
    const relaying = relay(deps, arrival, call, { forwarded, notes: opened, cache: opened.cache });
    return relaying instanceof Promise ? await relaying : relaying;
  } catch (cause) {
    const forwarded = faultOf(deps.log, opened, cause);
    return relay(deps, arrival, call, { forwarded, notes: opened, cache: opened.cache });
  }
}

/** What the cache has, or else the provider. */
function answerOf(deps: PipelineDeps, opened: OpenRecord): Forwarded | Promise<Forwarded> {
  return replay(opened.arrival, opened.cache) ?? send(deps, opened);
}

/** Makes the call, or follows that of an identical request. */
function send(deps: PipelineDeps, opened: OpenRecord): Promise<Forwarded> {
  const { arrival, call, cache } = opened;
  if (cache === null || cache.sharing === null) return forward(deps, arrival, call, opened);
  const { sharing } = cache;
  return deps.coalescedCalls
    .answer({ arrival, call, sharing, notes: opened, send: (asking) => forward(deps, asking, call, opened) })
    .then((forwarded) => {
      const isPaidByAnother = forwarded.kind === 'answered' && forwarded.answer.isPaidByAnother === true;
      if (isPaidByAnother) opened.cache = { ...cache, status: 'HIT', ttlSeconds: 0 };
      return forwarded;
    });
}
