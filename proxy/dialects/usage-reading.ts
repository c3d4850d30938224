/** From what a tally saw to the reading that is recorded: reported units, or estimated ones with the reason. */
import { BROKEN_OFF_NOTE, NO_USAGE_NOTE, UNREAD_NOTE } from '../../schema/contracts/cached-answers.js';
import { noUnits, type UsageUnits } from '../../schema/contracts/usage-units.js';
import { joinNotes } from '../usage/usage-note.js';
import type { AnswerEnd } from './answer-reader.js';
import { NOTHING_USED, nothingBilled, type RequestFacts, type UsageReading } from './dialect.js';
import { estimateTokens, estimateUnread } from './estimate.js';
import type { JsonObject } from './json-value.js';
import { UsageCounts } from './usage-counts.js';

/** What any dialect's tally has seen when its answer ends. */
export interface AnswerSeen {
  /** the last usage object; null when there was none */
  readonly usage: JsonObject | null;
  /** whether that usage is the final one: false when the output was still growing */
  readonly isFinal: boolean;
  readonly isError: boolean;
  /** UTF-8 bytes of output text, counted while no usage was known */
  readonly outputTextBytes: number;
  readonly model: string | null;
  readonly serviceTier: string | null;
}

/** What stands in for a count that the provider did not give. */
export interface Estimates {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/**
 * Turns a dialect's usage object into disjoint units; bad fields go to `counts.problems` and are replaced by estimates.
 */
export type UnitsOf = (usage: JsonObject, counts: UsageCounts, estimates: Estimates) => UsageUnits;

const UNREAD_REQUEST_NOTE = 'the request was too large to read: its input is not known';

/** Remembers whether the input had to be estimated: of a request that was not read it cannot be. */
class AnswerEstimates implements Estimates {
  private isInputTaken = false;

  constructor(
    private readonly facts: RequestFacts,
    readonly outputTokens: number,
  ) {}

  get inputTokens(): number {
    this.isInputTaken = true;
    return estimateTokens(this.facts.inputTextBytes);
  }

  get isInputUnknown(): boolean {
    return this.isInputTaken && this.facts.isUnread === true;
  }
}

/** The reading of an answer. Never throws, and never gives zero for what it does not know. */
export function readingOf(seen: AnswerSeen, end: AnswerEnd, facts: RequestFacts, unitsOf: UnitsOf): UsageReading {
  const outputTokens = estimateTokens(seen.outputTextBytes) + estimateUnread(end.unreadBytes);
  const estimates = new AnswerEstimates(facts, outputTokens);
  const { model, serviceTier } = seen;
  if (seen.usage === null) {
    if (seen.isError && seen.outputTextBytes === 0) return nothingBilled('the provider answered with an error');
    const units = noUnits();
    units.inputTokens = estimates.inputTokens;
    units.outputTokens = outputTokens;
    const reason = seen.isError && end.isComplete ? BROKEN_OFF_NOTE : reasonOf(end);
    const usageNote = estimates.isInputUnknown ? `${reason}; ${unread(units)}` : reason;
    return { units, usageSource: 'ESTIMATED', usageNote, model, serviceTier };
  }
  const counts = new UsageCounts();
  const units = unitsOf(seen.usage, counts, estimates);
  if (!seen.isFinal) {
    counts.problems.push('the answer was cut: output estimated from what was seen');
    const reported = units.outputTokens + units.reasoningTokens;
    units.outputTokens += Math.max(0, outputTokens - reported);
  }
  if (end.isOverflowed) counts.problems.push('a part of the answer was too large to read');
  if (end.isDamaged) counts.problems.push('a part of the answer was damaged');
  if (estimates.isInputUnknown) counts.problems.push(unread(units));
  if (counts.problems.length === 0) return { units, usageSource: 'PROVIDER', usageNote: null, model, serviceTier };
  return { units, usageSource: 'ESTIMATED', usageNote: counts.problems.join('; '), model, serviceTier };
}

/** The reading of an answer that another request paid for, or once did: it used nothing, and this model gave it. */
export function unbilledReading(model: string | null): UsageReading {
  return { ...NOTHING_USED, model };
}

/** The reading of a call that was sent, and of whose answer nothing came. `facts` null: nobody can say what it uses. */
export function unansweredReading(facts: RequestFacts | null): UsageReading {
  if (facts === null) return NOTHING_USED;
  const units = noUnits(); // not spread: every request has one, and all shall have one shape
  units.inputTokens = estimateTokens(facts.inputTextBytes);
  units.other = facts.otherUnits ?? null;
  const usageNote = facts.isUnread === true ? unread(units) : null;
  return { units, usageSource: 'ESTIMATED', usageNote, model: null, serviceTier: null };
}

/** Marks units whose input nobody knows, so that they have no cost; why. Its bytes tell nothing: most are media. */
function unread(units: UsageUnits): string {
  units.other = { ...units.other, unreadCalls: 1 };
  return UNREAD_REQUEST_NOTE;
}

/** The same of an answer whose client was cut because it did not take it. */
export function ofSlowClient(reading: UsageReading): UsageReading {
  return { ...reading, usageNote: joinNotes('the client stopped reading and was cut', reading.usageNote) };
}

function reasonOf(end: AnswerEnd): string {
  if (end.isOverflowed) return UNREAD_NOTE;
  if (end.isDamaged) return 'the answer was damaged; estimated from text';
  if (!end.isComplete) return 'the answer was cut before its usage; estimated from text';
  if (end.unreadBytes > 0) return 'the answer could not be read; estimated from text';
  return NO_USAGE_NOTE;
}
