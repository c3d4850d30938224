/**
 * What would become of a request, by the pipeline's own stages in their order, up to where something would be sent.
 * Nothing is: no limit counts it, no breaker lets it through to see, no record is opened, nothing goes upstream or into
 * the cache.
 *
 * Not told is what depends on the load of the moment: a ledger at its gate, rooms that are full.
 */
import type { DescribedRequest, Explanation } from '../../schema/contracts/explanation.js';
import { HeldBodies } from '../held-bodies.js';
import { isPreflight, isProbe } from '../answered-here.js';
import type { CircuitBreakers } from '../attempts/circuit-breakers.js';
import type { AnswerPeek, AnswerStore } from '../cache/answer-cache.js';
import { CopyRoom } from '../cache/copy-room.js';
import { isHit } from '../cache/replayed-answer.js';
import { normaliseIp } from '../client-ip.js';
import type { Arrival, Caller, PlannedCall, Target, UpstreamCall } from '../exchange.js';
import type { RateLimiter } from '../rate-limits/rate-limiter.js';
import { checkHead } from '../request-head.js';
import { ANY_PROVIDER, authenticate, type AuthenticateDeps } from '../stages/authenticate.js';
import { choose, type ChooseDeps } from '../stages/choose.js';
import { guard, type GuardDeps } from '../stages/guard.js';
import { overLimit } from '../stages/limit.js';
import { lookUp } from '../stages/look-up.js';
import { resolve, resolvePolicy, targetOf, type ResolveDeps } from '../stages/resolve.js';
import { ProxyStatistics } from '../telemetry/statistics.js';
import { isUniversal, limitedArrival, readSteps } from '../universal/steps.js';
import { callPlan, type CallPlanDeps } from './call-plan.js';
import { DESCRIBED_TOKEN, unsentExchange, type UnsentExchange } from './described-request.js';
import { tellSteps, type StepsTold } from './explained-steps.js';
import { Told, type ToldCall } from './told.js';

export interface ExplainDeps extends GuardDeps, ResolveDeps, AuthenticateDeps, ChooseDeps, CallPlanDeps, StepsTold {
  readonly rateLimiter: Pick<RateLimiter, 'preview'>;
  readonly answerCache: AnswerPeek;
  readonly breakers: Pick<CircuitBreakers, 'refusalOf'>;
}

/** Rejects for a fault of ours alone: what would refuse the request is told. */
export async function explain(deps: ExplainDeps, described: DescribedRequest): Promise<Explanation> {
  const exchange = unsentExchange(described);
  const told = new Told();
  try {
    await walk(withoutTrace(deps, described), described, exchange, told);
  } catch (error) {
    told.refusedBy(error);
  } finally {
    exchange.response.emit('close'); // what was held for it is let go
  }
  return told.explanation;
}

/** The token by its hash, and counters that nobody reads. */
function withoutTrace(deps: ExplainDeps, { tokenHash }: DescribedRequest): ExplainDeps {
  const { tokenGrants } = deps;
  return {
    ...deps,
    statistics: new ProxyStatistics(),
    heldBodies: new HeldBodies(),
    tokenGrants: {
      hashOf: (text) => (tokenHash !== null && text === DESCRIBED_TOKEN ? tokenHash : tokenGrants.hashOf(text)),
      held: (hash) => tokenGrants.held(hash),
      find: (hash) => tokenGrants.find(hash),
      noteUse: () => undefined,
    },
  };
}

async function walk(
  deps: ExplainDeps,
  described: DescribedRequest,
  { request, response }: UnsentExchange,
  told: Told,
): Promise<void> {
  if (isPreflight(request)) {
    checkHead(request, deps.loopMark);
    return told.endsIn('ANSWERED');
  }
  const arrival = fromAddress(guard(deps, request, response), described);
  told.stage = 'RESOLVE';
  if (isUniversal(arrival)) return walkSteps(deps, described, arrival, told);
  const target = await resolve(deps, arrival);
  assertOwn(target, described);
  told.underPolicy(target.policy);
  if (isProbe(arrival, target)) return told.endsIn('ANSWERED');
  told.stage = 'AUTHENTICATE';
  const caller = await authenticate(deps, arrival, target);
  told.calledBy(caller);
  await limit(deps, arrival, { policy: target.policy, caller }, told);
  const call = told.begin(arrival);
  told.stage = 'CHOOSE';
  const chosen = await chooseCall(deps, arrival, { target, caller }, call);
  if (!isHit(chosen.cache)) admit(deps, chosen.call, told);
  call.isTried = true;
  return told.endsIn(isHit(chosen.cache) ? 'CACHED' : 'FORWARDED');
}

/** A universal request: who calls is asked once, of the request around the steps. */
async function walkSteps(deps: ExplainDeps, described: DescribedRequest, arrival: Arrival, told: Told): Promise<void> {
  const policy = await resolvePolicy(deps, arrival);
  assertOwn({ policy }, described);
  told.underPolicy(policy);
  told.stage = 'AUTHENTICATE';
  const caller = await authenticate(deps, arrival, { policy, provider: ANY_PROVIDER });
  told.calledBy(caller);
  told.stage = 'CHOOSE';
  const steps = await readSteps(deps, arrival);
  await limit(deps, limitedArrival(arrival, steps), { policy, caller }, told);
  await tellSteps(deps, steps, told, {
    choose(step, call) {
      told.stage = 'RESOLVE';
      const target = targetOf(deps, policy, step.providerSlug);
      told.stage = 'CHOOSE';
      return chooseCall(deps, step, { target, caller }, call);
    },
    admit: (call) => admit(deps, call, told),
  });
}

/** Throws what the limit stage would throw; nothing is counted or recorded. */
async function limit(
  deps: ExplainDeps,
  arrival: Arrival,
  { policy, caller }: Pick<Target, 'policy'> & { readonly caller: Caller },
  told: Told,
): Promise<void> {
  told.stage = 'LIMIT';
  const { rules, refusal } = await deps.rateLimiter.preview(policy, arrival, caller);
  told.limitedBy(rules.filter(({ rule }) => !rule.isQuota));
  if (refusal !== null) throw overLimit(refusal, null);
}

/** The call as it would be made, of which `told` gets everything but its secrets. */
async function chooseCall(
  deps: ExplainDeps,
  arrival: Arrival,
  { target, caller }: { readonly target: Target; readonly caller: Caller },
  told: ToldCall,
): Promise<PlannedCall> {
  const call = await choose(deps, arrival, target, caller);
  const { answerCache, cacheKeyKey } = deps;
  const find: AnswerStore['find'] = async (name, suits, made) => made(await answerCache.peek(name, suits), null);
  const nothingHeld = { answerCache: { find, put: () => undefined }, copyRoom: new CopyRoom(), cacheKeyKey };
  const planned = await lookUp(nothingHeld, arrival, call);
  told.model = call.facts?.model ?? null;
  told.plan = callPlan(deps, arrival, call, planned.cache);
  return planned;
}

/** Throws what an open breaker would; none that is about to try one lets it through. */
function admit({ breakers }: ExplainDeps, call: UpstreamCall, told: Told): void {
  told.stage = 'BREAKER';
  const refusal = breakers.refusalOf(call);
  if (refusal !== null) throw refusal;
}

function fromAddress(arrival: Arrival, { clientIp }: DescribedRequest): Arrival {
  return clientIp === null ? arrival : { ...arrival, clientIp: normaliseIp(clientIp) };
}

/** The api has looked whose gateway it is; the URL made of it must lead there and nowhere else. */
function assertOwn({ policy }: Pick<Target, 'policy'>, { accountId }: DescribedRequest): void {
  if (policy.accountId !== accountId) throw new Error("a described request led to another account's gateway");
}
