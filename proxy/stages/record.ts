/**
 * Record: makes the usage record of an exchange, priced, and gives it to the ledger: as it would be if this process
 * ended now, before anything goes upstream and while a stream goes on, and as it is, at the end. Waits until the ledger
 * has that; only then may the client see the end of its answer.
 */
import { isHit } from '../cache/replayed-answer.js';
import { requestKeyHash } from '../cache/request-key.js';
import type {
  AttemptRecord,
  Cost,
  LogBodies,
  RecordedOutcome,
  RecordedRequest,
} from '../../schema/contracts/usage-record.js';
import type { Logger } from '../../platform/logger.js';
import { NOTHING_USED, type UsageReading } from '../dialects/dialect.js';
import { unansweredReading } from '../dialects/usage-reading.js';
import type {
  Answered,
  Arrival,
  AttemptMade,
  AttemptNotes,
  LookedUp,
  OpenAttempt,
  Relayed,
  UpstreamCall,
} from '../exchange.js';
import { costOf, type CostDeps } from '../pricing/call-cost.js';
import type { SystemMessageHashes } from '../system-message-hashes.js';
import { attemptSum, withTotalOnce } from '../usage/attempt-sum.js';
import { lasted } from '../usage/lasted.js';
import { logBodies } from '../usage/log-bodies.js';
import { recordedHead } from '../usage/recorded-head.js';
import type { LedgerEntry, UsageLedger } from '../usage/usage-ledger.js';
import { joinNotes } from '../usage/usage-note.js';

export interface RecordDeps extends CostDeps {
  readonly cacheKeyKey: Buffer;
  readonly systemMessageHashes: SystemMessageHashes;
  readonly log: Logger;
}

/** A record while its request runs. */
export class OpenRecord implements AttemptNotes {
  readonly entry: LedgerEntry;
  /** what the cache has of it; null: it was not asked */
  cache: LookedUp | null;
  /** attempts that are over, while others follow; null: there are none, as of nearly every request */
  earlier: AttemptRecord[] | null = null;

  constructor(
    private readonly deps: RecordDeps,
    public arrival: Arrival,
    public call: UpstreamCall,
    { entry, cache }: { readonly entry: LedgerEntry; readonly cache: LookedUp | null },
  ) {
    this.entry = entry;
    this.cache = cache;
  }

  get nextNumber(): number {
    return this.earlier === null ? 1 : this.earlier.length + 1;
  }

  /** Another step of the same request is tried in place of the one before. */
  goOn(arrival: Arrival, call: UpstreamCall, cache: LookedUp | null): void {
    this.arrival = arrival;
    this.call = call;
    this.cache = cache;
    try {
      this.entry.restate(requestOf(this.deps, arrival, call, cache));
    } catch (error) {
      this.deps.log.error({ requestId: arrival.id, err: error }, 'the record of a request is that of an earlier step');
    }
  }

  begins(attempt: OpenAttempt): void {
    const streamed = this.call.facts?.isStreaming === true;
    this.progress({ ...CUT, streamed, forwarded: { attempt }, reading: sentReading(this.call) });
  }

  gaveUp(made: AttemptMade): void {
    const { attempt } = made.forwarded;
    if (attempt === null) return;
    const outcome = { answered: made, attempt, nowMs: Date.now() };
    (this.earlier ??= []).push(attemptRecord(this.deps, this.arrival, this.call, outcome));
    this.progress({ ...CUT, forwarded: { attempt: null }, reading: NOTHING_USED });
  }

  follows(): void {
    this.progress({ ...CUT, forwarded: { attempt: null }, reading: NOTHING_USED, hit: { reading: NOTHING_USED } });
  }

  /** Notes what was seen of an answer so far: if this process ends now, that is recorded. */
  progress(answered: Answered): void {
    try {
      const cut = cutNow(answered);
      this.entry.progress(outcomeOf(this.deps, this.arrival, this.call, { answered: cut, earlier: this.earlier }));
    } catch (error) {
      // Thrown on, it would end the answer; the record that the request has by now stands.
      this.deps.log.error({ requestId: this.arrival.id, err: error }, 'the progress of an answer could not be noted');
    }
  }
}

/** What the client gets of a process that ends: a connection that breaks off before any answer. */
const CUT_STATUS = 500;
/** Said of every request that the end of its process cut. */
export const CUT_NOTE = 'the proxy ended before the answer did';
const CUT = {
  statusCode: CUT_STATUS,
  errorCode: null,
  clientAborted: false,
  interrupted: true,
  streamed: false,
  responseContentType: null,
  responseBytes: 0,
  firstByteAtMs: null,
  hit: null,
};

/** An answer as it would be if it broke off here. Written out: a long stream has it made a hundred times. */
function cutNow(answered: Answered): Answered {
  const { units, usageSource, usageNote, model, serviceTier } = answered.reading;
  return {
    statusCode: answered.statusCode,
    errorCode: answered.errorCode,
    clientAborted: answered.clientAborted,
    interrupted: true,
    streamed: answered.streamed,
    reading: { units, usageSource, usageNote: joinNotes(CUT_NOTE, usageNote), model, serviceTier },
    responseContentType: answered.responseContentType,
    responseBytes: answered.responseBytes,
    firstByteAtMs: answered.firstByteAtMs,
    hit: answered.hit,
    forwarded: answered.forwarded,
  };
}

/** Of a call that has left: the provider has taken in what was sent. */
const sentReading = ({ facts, isBillable }: UpstreamCall): UsageReading =>
  isBillable ? unansweredReading(facts) : NOTHING_USED;

/**
 * The request's entry in the ledger, for its `OpenRecord`: from here on it has a usage record, whatever happens. Throws
 * or rejects with 9006 when the ledger cannot take it: nothing is sent upstream then. A promise unless the cache
 * answers.
 */
export function open(
  deps: RecordDeps & { readonly ledger: UsageLedger },
  arrival: Arrival,
  call: UpstreamCall,
  cache: LookedUp | null,
): LedgerEntry | Promise<LedgerEntry> {
  const cut = isHit(cache) ? null : cutOutcome(deps, arrival, call);
  return deps.ledger.open(requestOf(deps, arrival, call, cache), cut);
}

function requestOf(deps: RecordDeps, arrival: Arrival, call: UpstreamCall, cache: LookedUp | null): RecordedRequest {
  const { policy } = call.target;
  const head = recordedHead(arrival);
  return {
    id: arrival.id,
    createdAtMs: arrival.arrivedAtMs,
    accountId: policy.accountId,
    gatewayId: policy.gatewayId,
    apiTokenId: call.caller.apiTokenId,
    eventId: arrival.eventId,
    configVersion: policy.configVersion,
    method: arrival.method,
    path: head.path,
    isLog: call.isLog,
    logRetentionDays: policy.settings.logRetentionDays,
    cacheKeyHash: cache === null ? requestKeyHash(deps.cacheKeyKey, arrival, call) : cache.name.keyHash,
    metadata: arrival.options.metadata,
    clientIp: arrival.clientIp,
    userAgent: head.userAgent,
    requestContentType: head.contentType,
    systemMessageHash: systemMessageHash(deps, call),
  };
}

/** How the request went if nothing comes back: the provider has taken in what was sent. */
function cutOutcome(deps: RecordDeps, arrival: Arrival, call: UpstreamCall): RecordedOutcome {
  const { facts, target } = call;
  const reading = sentReading(call);
  const { units, usageSource } = reading;
  const { costPico, costStatus, priceVersion, priceRule } = costOf(deps, arrival, call, { reading, statusCode: 200 });
  const provider = target.provider.slug;
  const model = facts?.model ?? null;
  const attempt = {
    number: 1,
    step: arrival.step ?? 0,
    provider,
    model,
    statusCode: null,
    errorCode: null,
    startedAtMs: arrival.arrivedAtMs,
    durationMs: 0,
    units,
    usageSource,
    costPico,
    costStatus,
    priceVersion,
    priceRule,
  };
  return {
    provider,
    model,
    statusCode: CUT_STATUS,
    errorCode: null,
    cached: false,
    streamed: facts?.isStreaming === true,
    clientAborted: false,
    interrupted: true,
    durationMs: 0,
    timeToFirstTokenMs: null,
    units,
    usageSource,
    usageNote: joinNotes(CUT_NOTE, arrival.options.metadataNote),
    costPico,
    costStatus,
    priceVersion,
    priceRule,
    savedPico: null,
    requestCount: 1,
    attempts: [attempt],
    responseContentType: null,
    requestBytes: call.originalBody?.length ?? 0,
    responseBytes: 0,
  };
}

/** Resolves when the ledger has it. Throws when no record could be made. */
export function record(
  deps: RecordDeps,
  arrival: Arrival,
  call: UpstreamCall,
  outcome: { readonly open: OpenRecord; readonly relayed: Relayed },
): Promise<void> {
  const settled = settlement(deps, arrival, call, outcome);
  return outcome.open.entry.settle(settled.outcome, settled.bodies);
}

interface Settlement {
  readonly outcome: RecordedOutcome;
  readonly bodies: LogBodies | null;
}

/**
 * What the ledger gets. A fault in here must neither take the ledger's room for ever nor lose what was used in silence.
 */
function settlement(
  deps: RecordDeps,
  arrival: Arrival,
  call: UpstreamCall,
  { open: opened, relayed }: { readonly open: OpenRecord; readonly relayed: Relayed },
): Settlement {
  try {
    const outcome = outcomeOf(deps, arrival, call, { answered: relayed, earlier: opened.earlier });
    return { outcome, bodies: logBodies(arrival, call, relayed) };
  } catch (error) {
    opened.entry.abandon();
    const { accountId, gatewayId } = call.target.policy;
    const { units, model, usageSource } = relayed.reading;
    const provider = call.target.provider.slug;
    const used = { accountId, gatewayId, apiTokenId: call.caller.apiTokenId, provider, model, units, usageSource };
    deps.log.error(
      { requestId: arrival.id, err: error, used },
      'no usage record could be made; what was used stands here',
    );
    throw error;
  }
}

function attemptRecord(
  deps: RecordDeps,
  arrival: Arrival,
  call: UpstreamCall,
  {
    answered,
    attempt,
    nowMs,
  }: { readonly answered: AttemptMade; readonly attempt: OpenAttempt; readonly nowMs: number },
): AttemptRecord {
  const { reading } = answered;
  // What has left and is not answered yet may well be, and costs what the first attempt would.
  const isOpen = answered.statusCode === CUT_STATUS && attempt.statusCode === null && attempt.errorCode === null;
  const cost = costOf(deps, arrival, call, isOpen ? { reading, statusCode: 200 } : answered);
  // Written out: object spreads were a fifth of a request (docs/performance.md).
  return {
    number: attempt.number,
    step: attempt.step,
    provider: call.target.provider.slug,
    model: reading.model ?? call.facts?.model ?? null,
    statusCode: attempt.statusCode,
    errorCode: attempt.errorCode ?? answered.errorCode,
    startedAtMs: attempt.startedAtMs,
    durationMs: lasted(attempt.startedAtMs, nowMs),
    units: reading.units,
    usageSource: reading.usageSource,
    costPico: cost.costPico,
    costStatus: cost.costStatus,
    priceVersion: cost.priceVersion,
    priceRule: cost.priceRule,
  };
}

/** A hit costs nothing, whatever a custom cost says. */
const HIT_COST: Cost = Object.freeze({ costPico: 0n, costStatus: 'CACHED', priceVersion: null, priceRule: null });
const HIT_SUM = Object.freeze({ ...HIT_COST, units: NOTHING_USED.units, usageSource: NOTHING_USED.usageSource });
const NO_ATTEMPTS: readonly AttemptRecord[] = [];

type Attempts = readonly [AttemptRecord, ...AttemptRecord[]];

/** Those that were noted, and the one that the answer is of, if there is one. */
function attemptRecords(
  deps: RecordDeps,
  arrival: Arrival,
  call: UpstreamCall,
  { answered, earlier, nowMs }: Outcome & { readonly nowMs: number },
): Attempts {
  // A hit is nobody's attempt, and stands behind those that were made before it.
  const attempt = answered.hit === null ? answered.forwarded.attempt : null;
  const last = attempt === null ? null : attemptRecord(deps, arrival, call, { answered, attempt, nowMs });
  if (earlier === null && last !== null) return [last];
  const [first, ...others] = withTotalOnce([...(earlier ?? []), ...(last === null ? [] : [last])]);
  if (first === undefined) throw new Error('a request without an attempt has no record');
  return [first, ...others];
}

interface Outcome {
  readonly answered: Answered;
  readonly earlier: readonly AttemptRecord[] | null;
}

/** A hit behind attempts that cost nothing is CACHED all the same. */
function sumOf(attempts: Attempts | null, isHit: boolean): ReturnType<typeof attemptSum> {
  if (attempts === null) return HIT_SUM;
  const sum = attemptSum(attempts);
  return isHit && sum.costStatus === 'NOT_BILLABLE' ? HIT_SUM : sum;
}

/**
 * How a request went by now. Called with what has come of it so far, it says what there would be to say if that was
 * all.
 */
function outcomeOf(deps: RecordDeps, arrival: Arrival, call: UpstreamCall, outcome: Outcome): RecordedOutcome {
  const { answered } = outcome;
  const nowMs = Date.now();
  const { hit } = answered;
  const isMade = hit === null || outcome.earlier !== null;
  const attempts = isMade ? attemptRecords(deps, arrival, call, { answered, earlier: outcome.earlier, nowMs }) : null;
  const last = hit !== null || attempts === null ? null : (attempts.at(-1) ?? attempts[0]);
  const sum = sumOf(attempts, hit !== null);
  return {
    provider: last === null ? call.target.provider.slug : last.provider,
    model: last === null ? (answered.reading.model ?? call.facts?.model ?? null) : last.model,
    statusCode: answered.statusCode,
    errorCode: answered.errorCode,
    cached: hit !== null,
    streamed: answered.streamed,
    clientAborted: answered.clientAborted,
    interrupted: answered.interrupted,
    durationMs: lasted(arrival.arrivedAtMs, nowMs),
    timeToFirstTokenMs: answered.streamed ? sinceArrival(arrival, answered.firstByteAtMs) : null,
    units: sum.units,
    usageSource: sum.usageSource,
    usageNote: joinNotes(answered.reading.usageNote, arrival.options.metadataNote),
    costPico: sum.costPico,
    costStatus: sum.costStatus,
    priceVersion: sum.priceVersion,
    priceRule: sum.priceRule,
    savedPico: hit === null ? null : costOf(deps, arrival, call, { reading: hit.reading, statusCode: 200 }).costPico,
    requestCount: 1,
    attempts: attempts ?? NO_ATTEMPTS,
    responseContentType: answered.responseContentType,
    requestBytes: call.streamed?.bytes ?? call.originalBody?.length ?? 0,
    responseBytes: answered.responseBytes,
  };
}

function sinceArrival(arrival: Arrival, atMs: number | null): number | null {
  return atMs === null ? null : lasted(arrival.arrivedAtMs, atMs);
}

function systemMessageHash(deps: RecordDeps, call: UpstreamCall): string | null {
  const text = call.facts?.systemText ?? null;
  if (text === null) return null;
  return deps.systemMessageHashes.of(call.target.policy.accountId, text);
}
