/**
 * What a call used that we broke off when it had been sent whole and no answer had come: because its client left, or
 * its time was up. The provider has taken the request in, and may bill it; how far it got nobody can say. What a
 * provider ends by itself, it does not bill.
 */
import { NOTHING_USED, type UsageReading } from '../dialects/dialect.js';
import { unansweredReading } from '../dialects/usage-reading.js';
import type { Forwarded, UpstreamCall } from '../exchange.js';

const GIVEN_UP = 'sent, and given up before an answer came';
export const GIVEN_UP_NOTE = `${GIVEN_UP}: input estimated from text`;

/** Of a call without an answer. */
export function readingOfGivenUp(
  { facts, isBillable }: Pick<UpstreamCall, 'facts' | 'isBillable'>,
  forwarded: Exclude<Forwarded, { kind: 'answered' }>,
): UsageReading {
  const isOurs = forwarded.kind === 'client-left' || forwarded.error.errorName === 'upstreamTimedOut';
  if (!isOurs || !forwarded.wasSent || !isBillable || facts === null) return NOTHING_USED;
  const { units, usageSource, usageNote, model, serviceTier } = unansweredReading(facts);
  const note = usageNote === null ? GIVEN_UP_NOTE : `${GIVEN_UP}; ${usageNote}`;
  return { units, usageSource, usageNote: note, model, serviceTier };
}
