/** What is told of a call that was chosen and not made. */
import type { CallPlan } from '../../schema/contracts/explanation.js';
import { backoffMs, retriesMsMax, type RetryRule } from '../attempts/retry-rule.js';
import { cacheWish } from '../cache/cache-wish.js';
import { isHit } from '../cache/replayed-answer.js';
import { requestKeyHash } from '../cache/request-key.js';
import { selectCredential } from '../credentials/select-credential.js';
import { NOTHING_USED, type UsageReading } from '../dialects/dialect.js';
import type { Arrival, LookedUp, UpstreamCall } from '../exchange.js';
import { costOf, type CostDeps } from '../pricing/call-cost.js';
import { uncachedReason } from '../stages/look-up.js';

export interface CallPlanDeps extends CostDeps {
  readonly cacheKeyKey: Buffer;
}

export function callPlan(deps: CallPlanDeps, arrival: Arrival, call: UpstreamCall, cache: LookedUp | null): CallPlan {
  return {
    origin: call.destination.origin,
    credential: credentialOf(arrival, call),
    timeoutMs: call.timeoutMs,
    retries: call.retries === null ? null : retriesOf(call.retries, call.timeoutMs),
    cache: cacheOf(deps, arrival, call, cache),
    price: priceOf(deps, arrival, call, cache),
    isLog: call.isLog,
    collectsPayload: call.isLog && call.collectsPayload,
  };
}

/** Which one, and for what; never what it is. */
function credentialOf(arrival: Arrival, { target, caller, storedKey }: UpstreamCall): CallPlan['credential'] {
  const hasProviderHeaders = (target.customProvider?.sealedHeaders ?? null) !== null;
  if (storedKey !== null) {
    const { id, alias, target: bound } = storedKey;
    return { kind: 'STORED', providerKeyId: id, alias, target: bound, hasProviderHeaders };
  }
  const isClients = selectCredential(arrival, target, caller).kind === 'client';
  return { kind: isClients ? 'CLIENT' : 'NONE', providerKeyId: null, alias: null, target: null, hasProviderHeaders };
}

function retriesOf(rule: RetryRule, timeoutMs: number): CallPlan['retries'] {
  const { attemptsMax, backoff, whenSent } = rule;
  const delaysMs = Array.from({ length: attemptsMax - 1 }, (_, index) => backoffMs(rule, index + 1));
  return { attemptsMax, backoff, whenSent, delaysMs, totalMsMax: Math.ceil(retriesMsMax(rule, timeoutMs)) };
}

function cacheOf(deps: CallPlanDeps, arrival: Arrival, call: UpstreamCall, cache: LookedUp | null): CallPlan['cache'] {
  const keyHash = requestKeyHash(deps.cacheKeyKey, arrival, call);
  if (cache !== null) return { verdict: cache.status, reason: null, keyHash, ttlSeconds: cache.ttlSeconds };
  const reason = uncachedReason(arrival, call, cacheWish(arrival.options, call.target.policy.settings));
  return { verdict: reason === 'SKIPPED' ? 'BYPASS' : 'OFF', reason, keyHash, ttlSeconds: null };
}

/** The price of an answer by the model that was asked for; one by another model costs what that does. */
function priceOf(deps: CallPlanDeps, arrival: Arrival, call: UpstreamCall, cache: LookedUp | null): CallPlan['price'] {
  if (isHit(cache)) return { costStatus: 'CACHED', priceVersion: null, priceRule: null };
  const reading: UsageReading = call.dialect === null ? NOTHING_USED : { ...NOTHING_USED, usageSource: 'PROVIDER' };
  const { costStatus, priceVersion, priceRule } = costOf(deps, arrival, call, { reading, statusCode: 200 });
  return { costStatus, priceVersion, priceRule };
}
