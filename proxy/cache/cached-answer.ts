/**
 * An answer as the cache holds it: the bytes that its first client got, and what is needed to know whom they may serve.
 */
import { isPurged, type CachePurge } from '../../schema/contracts/cache-purges.js';
import type { UsageReading } from '../dialects/dialect.js';

/** In which form an answer is, of those that its key may have. */
export interface AnswerForm {
  /** null: identity */
  readonly contentEncoding: string | null;
  /** lowercase names of the answer's `Vary` that are not in the key anyway; null: none */
  readonly vary: readonly string[] | null;
  /** keyed hash of what the first request sent under those names; null: none */
  readonly varyHash: string | null;
}

export interface CachedAnswer extends AnswerForm {
  /** flat name/value list: what of the provider's headers may be repeated */
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** of the policy under which it was asked for */
  readonly policyRevision: number;
  /** of the client's own cache key; null: it sent none */
  readonly keyDigest: string | null;
  readonly requestedModel: string | null;
  /** what it used when it was made: what a hit saves */
  readonly reading: UsageReading;
}

/** In which form a request takes an answer. */
export interface WantedForm {
  readonly acceptEncoding: string | undefined;
  /** the request's own hash under the given names */
  readonly varyHash: (names: readonly string[]) => string;
}

/** What a request wants of an answer besides the key. */
export interface Suitability extends WantedForm {
  readonly purges: readonly CachePurge[];
}

/** Whether the answer may serve this request: not purged since, in an encoding that is taken, not varying from it. */
export function suits(answer: CachedAnswer, wanted: Suitability): boolean {
  const { policyRevision, keyDigest, requestedModel, reading } = answer;
  if (wanted.purges.length > 0) {
    const subject = { policyRevision, keyDigest, models: [requestedModel, reading.model] };
    if (isPurged(wanted.purges, subject)) return false;
  }
  return suitsInForm(answer, wanted);
}

/** The same of its form alone. */
export function suitsInForm({ contentEncoding, vary, varyHash }: AnswerForm, wanted: WantedForm): boolean {
  if (contentEncoding !== null && !takesEncoding(wanted.acceptEncoding, contentEncoding)) return false;
  return vary === null || wanted.varyHash(vary) === varyHash;
}

/** Whether a client that sent this `Accept-Encoding` takes the encoding (RFC 9110 §12.5.3). Without the header: no. */
export function takesEncoding(accepted: string | undefined, encoding: string): boolean {
  if (accepted === undefined) return false;
  const wanted = encoding.trim().toLowerCase();
  let byStar = false;
  for (const listed of accepted.toLowerCase().split(',')) {
    const [name = '', ...parameters] = listed.split(';').map((part) => part.trim());
    const isRefused = parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
    if (name === wanted || name === `x-${wanted}` || `x-${name}` === wanted) return !isRefused;
    if (name === '*') byStar = !isRefused;
  }
  return byStar;
}
