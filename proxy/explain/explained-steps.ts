/**
 * The steps of a universal request that nobody sends: which are tried, and in which order, is asked of what tries them,
 * as if each that is called failed, unless the cache has its answer.
 */
import type { Logger } from '../../platform/logger.js';
import { replay } from '../cache/replayed-answer.js';
import { NOTHING_USED } from '../dialects/dialect.js';
import type { Arrival, AttemptMade, Forwarded, LookedUp, PlannedCall, UpstreamCall } from '../exchange.js';
import { GatewayError } from '../gateway-error.js';
import type { ProxyStatistics } from '../telemetry/statistics.js';
import { firstSuccess, type StepRecord, type StepStages } from '../universal/first-success.js';
import type { Told, ToldCall } from './told.js';

export interface StepsTold {
  readonly statistics: ProxyStatistics;
  readonly log: Logger;
}

/** What is found out of one step. Both throw GatewayError. */
interface StepQuestions {
  choose(step: Arrival, told: ToldCall): Promise<PlannedCall>;
  admit(call: UpstreamCall): void;
}

/** Throws GatewayError when no step can be called. */
export async function tellSteps(
  deps: StepsTold,
  steps: readonly Arrival[],
  told: Told,
  questions: StepQuestions,
): Promise<void> {
  const calls = new Map(steps.map((step) => [step, told.begin(step)]));
  /** the one that is asked about */
  let asked: ToldCall | null = null;
  const note = (error: unknown): unknown => {
    if (asked !== null) asked.refusal = told.refusal(error);
    return error;
  };
  const forward = ({ arrival, cache }: UnopenedRecord): Forwarded => {
    const call = calls.get(arrival);
    if (call !== undefined) call.isTried = true;
    return replay(arrival, cache) ?? FAILED;
  };
  const stages: StepStages<UnopenedRecord, AttemptMade> = {
    async choose(step) {
      const call = (asked = calls.get(step) ?? told.begin(step));
      try {
        return await questions.choose(step, call);
      } catch (error) {
        throw note(error);
      }
    },
    open: (step, { call, cache }) => Promise.resolve(new UnopenedRecord(step, call, cache)),
    forward,
    relay: (_chosen, _notes, forwarded) => Promise.resolve(madeOf(forwarded)),
    passOn: (opened) => Promise.resolve(madeOf(forward(opened))),
  };
  const admit = (call: UpstreamCall): void => {
    try {
      questions.admit(call);
    } catch (error) {
      throw note(error);
    }
  };
  await firstSuccess({ ...deps, breakers: { admit } }, steps, stages);
  const tried = told.calls.filter(({ isTried }) => isTried);
  const isCached = tried.length === 1 && tried[0]?.plan?.cache.verdict === 'HIT';
  told.endsIn(isCached ? 'CACHED' : 'FORWARDED');
}

/** What every step that is called comes to. */
const FAILED: Forwarded = Object.freeze({
  kind: 'failed',
  error: new GatewayError('upstreamFailed', 'nothing was sent'),
  attempt: null,
  wasSent: false,
});

function madeOf(forwarded: Forwarded): AttemptMade {
  const isAnswered = forwarded.kind === 'answered';
  const made = { forwarded, reading: NOTHING_USED };
  return isAnswered ? { ...made, statusCode: 200, errorCode: null } : { ...made, statusCode: 502, errorCode: 2005 };
}

/** In the place of a record: there is none. */
class UnopenedRecord implements StepRecord {
  readonly nextNumber = 1;

  constructor(
    public arrival: Arrival,
    public call: UpstreamCall,
    public cache: LookedUp | null,
  ) {}

  goOn(arrival: Arrival, call: UpstreamCall, cache: LookedUp | null): void {
    Object.assign(this, { arrival, call, cache });
  }

  begins(): void {}
  gaveUp(): void {}
  follows(): void {}
  progress(): void {}
}
