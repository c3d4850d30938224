/** Prices read from a document, before they are held against the list in force. */
import type { ModelMatch, PriceRule } from '../../../schema/contracts/prices.js';

export interface PriceCandidate {
  readonly provider: string;
  readonly model: string;
  /** null: what the list in force has for a model of this name, else this name alone */
  readonly match: ModelMatch | null;
  readonly rules: readonly PriceRule[];
}

export interface PriceCandidates {
  readonly prices: readonly PriceCandidate[];
  /** what was read and could not be taken over, in the document's own names */
  readonly ignored: readonly string[];
  /** prices finer than a pico-USD, rounded to the nearest */
  readonly rounded: readonly string[];
}

export const MODELS_MAX = 20_000;
