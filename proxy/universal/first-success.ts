/**
 * Which step of a universal request answers (product §7, fallback): they are tried in turn until one succeeds, and
 * nothing of those before it goes to the client. What the stages do is the pipeline's; when there is another step is
 * decided here.
 */
import type { Logger } from '../../platform/logger.js';
import type { CircuitBreakers } from '../attempts/circuit-breakers.js';
import { giveUp } from '../attempts/given-up.js';
import { isHit } from '../cache/replayed-answer.js';
import { faultOf, knownError } from '../error-answers.js';
import type {
  Arrival,
  AttemptMade,
  AttemptNotes,
  Forwarded,
  LookedUp,
  PlannedCall,
  Relayed,
  UpstreamCall,
} from '../exchange.js';
import { GatewayError } from '../gateway-error.js';
import { ATTEMPTS_MS_MAX } from '../request-bounds.js';
import type { ProxyStatistics } from '../telemetry/statistics.js';

/** A step and its call. */
interface ChosenStep extends PlannedCall {
  readonly arrival: Arrival;
}

/** The record of the request, which bears the step that is being tried. */
export interface StepRecord extends AttemptNotes, ChosenStep {
  goOn(arrival: Arrival, call: UpstreamCall, cache: LookedUp | null): void;
}

/** The stages as the pipeline has them, for the steps of one request. */
export interface StepStages<Opened extends StepRecord, Made extends AttemptMade = Relayed> {
  /** Throws GatewayError: the step cannot be called. */
  choose(step: Arrival): Promise<PlannedCall>;
  /** Of the first step that is tried. Throws GatewayError 9006. */
  open(step: Arrival, chosen: PlannedCall): Opened | Promise<Opened>;
  forward(opened: Opened): Forwarded | Promise<Forwarded>;
  relay(chosen: ChosenStep, notes: Opened, forwarded: Forwarded): Made | Promise<Made>;
  /** Both as one, of the step that ends the trying. Never rejects for a fault of ours. */
  passOn(opened: Opened): Promise<Made>;
}

export interface FirstSuccessDeps {
  readonly breakers: Pick<CircuitBreakers, 'admit'>;
  readonly statistics: Pick<ProxyStatistics, 'fallbacks' | 'retriesTooLate'>;
  readonly log: Logger;
}

/** What the client gets, and the record that it is of. */
interface Success<Opened, Made> {
  readonly opened: Opened;
  readonly relayed: Made;
}

/**
 * Tries the steps in turn. What the last one comes to is the answer when none succeeds: no status below 400. When none
 * could be tried, the last of several that only its breaker held back is tried after all. Throws GatewayError when
 * there is none either, or when the ledger cannot be opened.
 */
export async function firstSuccess<Opened extends StepRecord, Made extends AttemptMade>(
  deps: FirstSuccessDeps,
  steps: readonly Arrival[],
  stages: StepStages<Opened, Made>,
): Promise<Success<Opened, Made>> {
  let opened: Opened | null = null;
  let spared: ChosenStep | null = null;
  let refused: RefusedStep | null = null;
  for (const step of steps) {
    const found = await stepCall(deps, stages, step);
    if (found.kind === 'callable') {
      opened = await begin(stages, opened, found.chosen);
      const relayed = await (step === steps.at(-1) ? stages.passOn(opened) : tryStep(deps, stages, opened));
      if (relayed !== null) return { opened, relayed };
      deps.statistics.fallbacks += 1;
    } else {
      refused = { step, error: found.error };
      spared = found.chosen ?? spared;
    }
  }
  if (refused === null) throw new Error('a universal request has no steps');
  if (opened !== null) return { opened, relayed: await relayRefusal(stages, opened, refused) };
  if (spared === null || steps.length === 1) throw refused.error;
  opened = await begin(stages, null, spared);
  return { opened, relayed: await stages.passOn(opened) };
}

interface RefusedStep {
  readonly step: Arrival;
  readonly error: GatewayError;
}

type Found =
  | { readonly kind: 'callable'; readonly chosen: ChosenStep }
  /** `chosen`: it could be, but for its breaker, which is open */
  | { readonly kind: 'refused'; readonly error: GatewayError; readonly chosen: ChosenStep | null };

/** The call of a step, or why there is none now: then the next one is tried. */
async function stepCall(
  deps: FirstSuccessDeps,
  stages: Pick<StepStages<StepRecord>, 'choose'>,
  arrival: Arrival,
): Promise<Found> {
  let chosen: ChosenStep | null = null;
  try {
    if (Date.now() - arrival.arrivedAtMs > ATTEMPTS_MS_MAX) {
      deps.statistics.retriesTooLate += 1;
      throw new GatewayError('upstreamTimedOut', `the steps before took longer than ${ATTEMPTS_MS_MAX} ms`);
    }
    const { call, cache } = await stages.choose(arrival);
    chosen = { arrival, call, cache };
    if (!isHit(cache)) deps.breakers.admit(call);
    return { kind: 'callable', chosen };
  } catch (cause) {
    return { kind: 'refused', error: knownError(deps.log, arrival, cause), chosen };
  }
}

/** The record is opened with the first step that is tried, and bears each that is tried after it. */
async function begin<Opened extends StepRecord>(
  stages: Pick<StepStages<Opened>, 'open'>,
  opened: Opened | null,
  { arrival, call, cache }: ChosenStep,
): Promise<Opened> {
  if (opened === null) return stages.open(arrival, { call, cache });
  opened.goOn(arrival, call, cache);
  return opened;
}

/**
 * Of a step that others follow. Null: it failed before anything went to the client. A fault of ours ends the trying.
 */
async function tryStep<Opened extends StepRecord, Made extends AttemptMade>(
  deps: FirstSuccessDeps,
  stages: StepStages<Opened, Made>,
  opened: Opened,
): Promise<Made | null> {
  try {
    const forwarded = await stages.forward(opened);
    if (isFailure(forwarded)) {
      giveUp(opened.call, forwarded, opened);
      return null;
    }
    const relayed = await stages.relay(opened, opened, forwarded);
    if (relayed.errorCode === null) return relayed;
    opened.gaveUp(relayed); // the answer broke off, and nothing of it has gone down
    return null;
  } catch (cause) {
    return stages.relay(opened, opened, faultOf(deps.log, opened, cause));
  }
}

type Failure = Exclude<Forwarded, { kind: 'client-left' }>;

const isFailure = (forwarded: Forwarded): forwarded is Failure =>
  forwarded.kind === 'failed' || (forwarded.kind === 'answered' && forwarded.answer.statusCode >= 400);

/**
 * The last step's refusal, as the answer of a record whose attempts are those of the steps before: its ids are the
 * record's.
 */
function relayRefusal<Opened extends StepRecord, Made extends AttemptMade>(
  stages: StepStages<Opened, Made>,
  opened: Opened,
  { step, error }: RefusedStep,
): Made | Promise<Made> {
  const arrival = { ...step, eventId: opened.arrival.eventId };
  const forwarded = { kind: 'failed' as const, error, attempt: null, wasSent: false };
  return stages.relay({ arrival, call: opened.call, cache: null }, opened, forwarded);
}
