/**
 * Record: makes the usage record of an exchange, priced, and gives it to the ledger: as it would be if this process ended
 * now, before anything goes upstream and while a stream goes on, and as it is, at the end. Waits until the ledger has
 * that; only then may the client see the end of its answer.
 */
import { NOT_BILLABLE } from '../../schema/contracts/pricing/compiled-prices.js';
import type {
  AttemptRecord,
  Cost,
  LogBodies,
  RecordedOutcome,
  RecordedRequest,
} from '../../schema/contracts/usage-record.js';
import type { Logger } from '../../platform/logger.js';
import { requestKeyHash } from '../cache/request-key.js';
import { clientSecrets } from '../credentials/sent-secrets.js';
import { NOTHING_USED } from '../dialects/dialect.js';
import { unansweredReading } from '../dialects/usage-reading.js';
import type { AnswerNotes, Answered, Arrival, LookedUp, Relayed, UpstreamCall } from '../exchange.js';
import { customCost } from '../pricing/custom-cost.js';
import type { PriceBook } from '../pricing/price-book.js';
import type { SystemMessageHashes } from '../system-message-hashes.js';
import { maskedBytes } from '../upstream/answer-echoes.js';
import { loggedQuery } from '../upstream/headers.js';
import { attemptSum, COST_PICO_MAX } from '../usage/attempt-sum.js';
import type { LedgerEntry, UsageLedger } from '../usage/usage-ledger.js';

export interface RecordDeps {
  /** the price list in force */
  readonly prices: { readonly current: PriceBook };
  readonly cacheKeyKey: Buffer;
  readonly systemMessageHashes: SystemMessageHashes;
  readonly log: Logger;
}

/** A record while its request runs. */
export class OpenRecord implements AnswerNotes {
  constructor(
    private readonly deps: RecordDeps,
    private readonly arrival: Arrival,
    private readonly call: UpstreamCall,
    readonly entry: LedgerEntry,
  ) {}

  /** Notes what was seen of an answer so far: if this process ends now, that is recorded. */
  progress(answered: Answered): void {
    try {
      const reading = { ...answered.reading, usageNote: joinNotes(CUT_NOTE, answered.reading.usageNote) };
      this.entry.progress(outcomeOf(this.deps, this.arrival, this.call, { ...answered, reading, interrupted: true }));
    } catch (error) {
      // Thrown on, it would end the answer; the record that the request has by now stands.
      this.deps.log.error({ requestId: this.arrival.id, err: error }, 'the progress of an answer could not be noted');
    }
  }
}

/** What a cost depends on. */
type Billed = Pick<Answered, 'reading' | 'statusCode'>;

/**
 * From here on the request has a usage record, whatever happens. Throws 9006 when the ledger cannot take it: nothing is
 * sent upstream then.
 */
export async function open(
  deps: RecordDeps & { readonly ledger: UsageLedger },
  arrival: Arrival,
  call: UpstreamCall,
  cache: LookedUp | null,
): Promise<OpenRecord> {
  const isHit = cache !== null && cache.hit !== null;
  const cut = cutOutcome(deps, arrival, call, isHit);
  const entry = await deps.ledger.open(requestOf(deps, arrival, call, cache), cut, !isHit);
  return new OpenRecord(deps, arrival, call, entry);
}

function requestOf(deps: RecordDeps, arrival: Arrival, call: UpstreamCall, cache: LookedUp | null): RecordedRequest {
  const { policy } = call.target;
  const { headers } = arrival.request;
  return {
    id: arrival.id,
    createdAtMs: arrival.arrivedAtMs,
    accountId: policy.accountId,
    gatewayId: policy.gatewayId,
    apiTokenId: call.caller.apiTokenId,
    eventId: arrival.eventId,
    configVersion: policy.configVersion,
    method: arrival.method,
    path: arrival.path + loggedQuery(arrival.query),
    isLog: call.isLog,
    logRetentionDays: policy.settings.logRetentionDays,
    cacheKeyHash: cache === null ? requestKeyHash(deps.cacheKeyKey, arrival, call) : cache.name.keyHash,
    metadata: arrival.options.metadata,
    clientIp: arrival.clientIp,
    userAgent: headers['user-agent'] ?? null,
    requestContentType: headers['content-type'] ?? null,
    systemMessageHash: systemMessageHash(deps, call),
  };
}

/** What the client gets of a process that ends: a connection that breaks off before any answer. */
const CUT_STATUS = 500;
/** Said of every request that the end of its process cut. */
export const CUT_NOTE = 'the proxy ended before the answer did';

/** How the request went if nothing comes back: the provider has taken in what was sent, unless the cache answers. */
function cutOutcome(deps: RecordDeps, arrival: Arrival, call: UpstreamCall, isHit: boolean): RecordedOutcome {
  const { facts, isBillable, target } = call;
  const reading = isHit || facts === null || !isBillable ? NOTHING_USED : unansweredReading(facts);
  const { units, usageSource } = reading;
  const cost = isHit ? HIT_COST : costOf(deps, arrival, call, { reading, statusCode: 200 });
  const { costPico, costStatus, priceVersion, priceRule } = cost;
  const provider = target.provider.slug;
  const model = facts?.model ?? null;
  const attempt = {
    number: 1,
    step: 0,
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
    cached: isHit,
    streamed: facts?.isStreaming === true,
    clientAborted: false,
    interrupted: true,
    durationMs: 0,
    timeToFirstTokenMs: null,
    units,
    usageSource,
    usageNote: CUT_NOTE,
    costPico,
    costStatus,
    priceVersion,
    priceRule,
    savedPico: null,
    attempts: isHit ? NO_ATTEMPTS : [attempt],
    responseContentType: null,
    requestBytes: call.originalBody?.length ?? 0,
    responseBytes: 0,
  };
}

export async function record(
  deps: RecordDeps,
  arrival: Arrival,
  call: UpstreamCall,
  outcome: { readonly open: OpenRecord; readonly relayed: Relayed },
): Promise<void> {
  const settled = settlement(deps, arrival, call, outcome);
  await outcome.open.entry.settle(settled.outcome, settled.bodies);
}

interface Settlement {
  readonly outcome: RecordedOutcome;
  readonly bodies: LogBodies | null;
}

/** What the ledger gets. A fault in here must neither take the ledger's room for ever nor lose what was used in silence. */
function settlement(
  deps: RecordDeps,
  arrival: Arrival,
  call: UpstreamCall,
  { open: opened, relayed }: { readonly open: OpenRecord; readonly relayed: Relayed },
): Settlement {
  try {
    return { outcome: outcomeOf(deps, arrival, call, relayed), bodies: logBodies(arrival, call, relayed) };
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
  { answered, nowMs }: { readonly answered: Answered; readonly nowMs: number },
): AttemptRecord {
  const { attempt } = answered.forwarded;
  const { reading } = answered;
  const cost = costOf(deps, arrival, call, answered);
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

const BEYOND_PRICE: Cost = Object.freeze({
  costPico: null,
  costStatus: 'UNPRICED',
  priceVersion: null,
  priceRule: null,
});

/**
 * What nobody bills costs nothing, whatever a custom cost says: a call that is free by nature, and one that the provider
 * refused, that it sent elsewhere or that never reached it. Then the client's own cost, then the price list (unpriced, estimated, priced).
 */
function costOf(deps: RecordDeps, arrival: Arrival, call: UpstreamCall, answered: Billed): Cost {
  const cost = unboundedCost(deps, arrival, call, answered);
  return cost.costPico !== null && cost.costPico > COST_PICO_MAX ? BEYOND_PRICE : cost;
}

function unboundedCost(deps: RecordDeps, arrival: Arrival, call: UpstreamCall, answered: Billed): Cost {
  const { reading, statusCode } = answered;
  const wasUseless = reading.usageSource === 'NONE' && (call.dialect !== null || statusCode >= 300);
  if (!call.isBillable || wasUseless) return NOT_BILLABLE;
  const custom = arrival.options.customCost;
  if (custom !== null) return customCost(custom, reading.units);
  const request = {
    provider: call.target.provider.slug,
    model: reading.model ?? call.facts?.model ?? null,
    units: reading.units,
    usageSource: reading.usageSource,
    atMs: arrival.arrivedAtMs,
    serviceTier: reading.serviceTier ?? call.facts?.serviceTier ?? null,
  };
  return deps.prices.current.price(request, call.target.policy.priceOverrides);
}

/** What the columns hold: 24 days. A clock that is set while a request runs must not make its record unwritable. */
const DURATION_MS_MAX = 2 ** 31 - 1;

const lasted = (fromMs: number, toMs: number): number => Math.min(Math.max(0, toMs - fromMs), DURATION_MS_MAX);

/** How a request went by now. Called with what has come of it so far, it says what there would be to say if that was all. */
function outcomeOf(deps: RecordDeps, arrival: Arrival, call: UpstreamCall, answered: Answered): RecordedOutcome {
  const nowMs = Date.now();
  const { hit } = answered;
  const made = hit === null ? ([attemptRecord(deps, arrival, call, { answered, nowMs })] as const) : null;
  const sum = made === null ? HIT_SUM : attemptSum(made);
  return {
    provider: call.target.provider.slug,
    model: answered.reading.model ?? call.facts?.model ?? null,
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
    attempts: made ?? NO_ATTEMPTS,
    responseContentType: answered.responseContentType,
    requestBytes: call.streamed?.bytes ?? call.originalBody?.length ?? 0,
    responseBytes: answered.responseBytes,
  };
}

function sinceArrival(arrival: Arrival, atMs: number | null): number | null {
  return atMs === null ? null : Math.max(0, atMs - arrival.arrivedAtMs);
}

function joinNotes(first: string | null, second: string | null): string | null {
  if (first === null || second === null) return first ?? second;
  return `${first}; ${second}`;
}

function systemMessageHash(deps: RecordDeps, call: UpstreamCall): string | null {
  const text = call.facts?.systemText ?? null;
  if (text === null) return null;
  return deps.systemMessageHashes.of(call.target.policy.accountId, text);
}

/** What the log keeps; null when the log, or its bodies, are not wanted. */
function logBodies(arrival: Arrival, call: UpstreamCall, relayed: Relayed): LogBodies | null {
  if (!call.isLog || !call.collectsPayload) return null;
  const { policy } = call.target;
  const request = call.originalBody;
  const bound = call.logBodyBytesMax;
  const isRequestCut = call.bodyStream !== null || (request !== null && request.length > bound);
  return {
    id: arrival.id,
    createdAtMs: arrival.arrivedAtMs,
    accountId: policy.accountId,
    gatewayId: policy.gatewayId,
    logRetentionDays: policy.settings.logRetentionDays,
    requestBody: request === null ? null : request.subarray(0, bound),
    responseBody: loggedAnswer(arrival, call, relayed),
    requestEncoding: arrival.request.headers['content-encoding'] ?? null,
    responseEncoding: relayed.responseEncoding,
    truncated: isRequestCut || relayed.isResponseTruncated,
  };
}

/** The answer as it is kept. Providers repeat credentials in their error answers: no log shows a client's own either. */
function loggedAnswer(arrival: Arrival, call: UpstreamCall, relayed: Relayed): Uint8Array | null {
  if (relayed.responseBody === null) return null;
  const bytes = joined(relayed.responseBody);
  if (relayed.statusCode < 400) return bytes;
  return maskedBytes(bytes, clientSecrets(call, arrival), relayed.responseEncoding);
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const only = chunks.length === 1 ? chunks[0] : undefined;
  return only ?? Buffer.concat(chunks);
}
