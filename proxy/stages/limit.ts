/**
 * Limit: whether the request keeps to its gateway's rate limits, and to its account's quota of requests a month. One
 * that does is counted by all of them; one that does not is counted by none, leaves a record that costs nothing, and is
 * told when to come again. Before the cache: a hit counts.
 */
import { ERROR_CODES } from '../../schema/contracts/error-codes.js';
import { NOT_BILLABLE } from '../../schema/contracts/pricing/compiled-prices.js';
import { noUnits } from '../../schema/contracts/usage-units.js';
import type { UsageRecord } from '../../schema/contracts/usage-record.js';
import type { ClientRequest } from '../client/client-exchange.js';
import type { Arrival, Caller, Target } from '../exchange.js';
import { GatewayError } from '../gateway-error.js';
import { headerOf } from '../header-list.js';
import type { LimitRefusal, RateLimiter } from '../rate-limits/rate-limiter.js';
import type { Refusals } from '../rate-limits/refusals.js';
import { loggedQuery } from '../upstream/query.js';
import { lasted } from '../usage/lasted.js';
import { joinNotes } from '../usage/usage-note.js';

export interface LimitDeps {
  readonly rateLimiter: RateLimiter;
  readonly refusals: Refusals;
}

/** What a refusal says of where the request was to go: the provider, of several steps the first one's. */
interface LimitedTarget extends Pick<Target, 'policy'> {
  readonly provider: { readonly slug: string };
}

/** A request whose limit is asked for, or that is refused already. */
export interface Limiting {
  readonly decision: LimitRefusal | Promise<LimitRefusal | null>;
  /**
   * Fails with GatewayError 2003 (over a limit), 9005 (over the account's quota), or 9006 when the ledger cannot keep
   * the record of a refusal.
   */
  readonly refuse: (refusal: LimitRefusal) => Promise<never>;
}

/** Null: there is nothing to wait for, the request may go on. */
export function limit(deps: LimitDeps, arrival: Arrival, target: LimitedTarget, caller: Caller): Limiting | null {
  const { settings, requestsPerMonthMax } = target.policy;
  if (settings.rateLimits.length === 0 && requestsPerMonthMax === null) return null;
  const decision = deps.rateLimiter.decide(target.policy, arrival, caller);
  if (decision === null) return null;
  return {
    decision,
    refuse: (refusal) => recordRefusal(deps, arrival, refusedRecord(arrival, target, caller, refusal), refusal),
  };
}

/** Waits for the limit; fails as `refuse` does. */
export async function admitted({ decision, refuse }: Limiting): Promise<void> {
  const refusal = await decision;
  if (refusal !== null) await refuse(refusal);
}

/**
 * What `plan` finds out of a request, while Redis is asked for its limit: so Redis is waited for once, and not for the
 * limit first and then for the cache. Whoever is refused by the limit hears of nothing else; and a client that may be
 * refused is not waited for, to send the rest of its body.
 */
export function besideLimit<Planned>(
  limiting: Limiting,
  request: Pick<ClientRequest, 'complete'>,
  plan: () => Planned | Promise<Planned>,
): Promise<Planned> {
  const isAsked = limiting.decision instanceof Promise;
  return isAsked && request.complete ? ahead(limiting, plan) : admitted(limiting).then(plan);
}

async function ahead<Planned>(limiting: Limiting, plan: () => Planned | Promise<Planned>): Promise<Planned> {
  let planning: Planned | Promise<Planned>;
  try {
    planning = plan();
  } catch (error) {
    await admitted(limiting);
    throw error;
  }
  if (planning instanceof Promise) planning.catch(() => undefined); // heard below, behind the limit
  const refusal = await limiting.decision;
  if (refusal !== null) return limiting.refuse(refusal);
  return planning instanceof Promise ? await planning : planning;
}

/**
 * Beyond, the providers' SDKs are told not to try again by themselves: they would sleep for as long as `Retry-After`
 * says, days if need be, and their caller would never hear why.
 */
const RETRY_SECONDS_MAX = 60;

/** Records the refusal, then throws it. */
async function recordRefusal(
  deps: LimitDeps,
  arrival: Arrival,
  record: UsageRecord,
  refusal: LimitRefusal,
): Promise<never> {
  const { name, isQuota } = refusal.rule;
  // A rule may have any name, also the quota's.
  const isLog = await deps.refusals.add(record, `${isQuota ? 'quota' : 'rule'} ${name}`);
  throw overLimit(refusal, isLog ? arrival.id : null);
}

/** What a refused request is told. `logId`: of the refusal's own log; null: it has none. */
export function overLimit(refusal: LimitRefusal, logId: string | null): GatewayError {
  const { rule, waitMs } = refusal;
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1_000));
  const headers = [
    'ratelimit-limit',
    String(rule.limit),
    'ratelimit-remaining',
    '0',
    'ratelimit-reset',
    String(retryAfterSeconds),
    'ratelimit-policy',
    headerText(rule.name),
  ];
  if (logId !== null) headers.push('cf-aig-log-id', logId);
  if (retryAfterSeconds > RETRY_SECONDS_MAX) headers.push('x-should-retry', 'false');
  const description = `${limitText(refusal)} is used up`;
  return rule.isQuota
    ? new GatewayError('quotaUsedUp', description, { retryAfterSeconds, headers })
    : new GatewayError('rateLimited', description, { retryAfterSeconds, headers });
}

const limitText = ({ rule }: LimitRefusal): string =>
  rule.isQuota
    ? `the account's quota (${rule.limit} requests a month)`
    : `the rate limit "${rule.name}" (${rule.limit} in ${rule.intervalSeconds} s)`;

/** Printable ASCII; anything else of a rule's name is percent-encoded. */
const headerText = (name: string): string =>
  name.toWellFormed().replace(/[^ -~]|%/gu, (character) => encodeURIComponent(character));

function refusedRecord(arrival: Arrival, target: LimitedTarget, caller: Caller, refusal: LimitRefusal): UsageRecord {
  const { policy, provider } = target;
  const { rawHeaders } = arrival.request;
  const { metadata, metadataNote } = arrival.options;
  const { status, code } = refusal.rule.isQuota ? ERROR_CODES.quotaUsedUp : ERROR_CODES.rateLimited;
  return {
    id: arrival.id,
    createdAtMs: arrival.arrivedAtMs,
    accountId: policy.accountId,
    gatewayId: policy.gatewayId,
    apiTokenId: caller.apiTokenId,
    eventId: arrival.eventId,
    configVersion: policy.configVersion,
    provider: provider.slug,
    model: null,
    method: arrival.method,
    path: arrival.path + loggedQuery(arrival.query),
    statusCode: status,
    errorCode: code,
    cached: false,
    streamed: false,
    clientAborted: false,
    interrupted: false,
    durationMs: lasted(arrival.arrivedAtMs, Date.now()),
    timeToFirstTokenMs: null,
    units: noUnits(),
    usageSource: 'NONE',
    usageNote: joinNotes(`refused by ${limitText(refusal)}`, metadataNote),
    ...NOT_BILLABLE,
    savedPico: null,
    requestCount: 1,
    isLog: true,
    logRetentionDays: policy.settings.logRetentionDays,
    cacheKeyHash: null,
    metadata,
    attempts: [],
    clientIp: arrival.clientIp,
    userAgent: headerOf(rawHeaders, 'user-agent'),
    requestContentType: headerOf(rawHeaders, 'content-type'),
    responseContentType: 'application/json',
    systemMessageHash: null,
    requestBytes: 0,
    responseBytes: 0,
  };
}
