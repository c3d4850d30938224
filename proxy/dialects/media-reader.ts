/**
 * Reads an answer that is no text (sound, an image) by not reading it: what is billed was fixed by the request, or is
 * told by a header. Holds nothing.
 */
import { noUnits, type OtherUnits } from '../../schema/contracts/usage-units.js';
import type { AnswerReader, RequestFacts, UsageReading } from './dialect.js';

export class MediaReader implements AnswerReader {
  /** `told` stands in a header, and counts before what the request fixed. */
  constructor(
    private readonly facts: RequestFacts,
    private readonly told: OtherUnits | null = null,
    private readonly model: string | null = null,
  ) {}

  push(): void {} // its bytes tell nothing

  soFar(): null {
    return null;
  }

  finish(): UsageReading {
    const { model } = this;
    const other = this.told ?? this.facts.otherUnits ?? null;
    if (other !== null) {
      return { units: { ...noUnits(), other }, usageSource: 'PROVIDER', usageNote: null, model, serviceTier: null };
    }
    const usageNote = 'what was sent could not be read; one call is counted';
    const units = { ...noUnits(), other: { unreadCalls: 1 } };
    return { units, usageSource: 'ESTIMATED', usageNote, model, serviceTier: null };
  }
}
