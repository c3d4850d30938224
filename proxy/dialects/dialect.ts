/**
 * A dialect is the request and answer format that is spoken, apart from who is called. It reads what the gateway needs
 * out of a request and the usage out of an answer while the bytes pass; it never changes, delays or throws.
 */
import { noUnits, type OtherUnits, type UsageSource, type UsageUnits } from '../../schema/contracts/usage-units.js';

/** What a request says about itself. */
export interface RequestFacts {
  readonly model: string | null;
  readonly isStreaming: boolean;
  /** the system message's text (all of them joined by newlines), for its keyed hash */
  readonly systemText: string | null;
  /** the service tier asked for, which may change the price */
  readonly serviceTier: string | null;
  /** UTF-8 bytes of the text sent: the base of an estimate when the answer does not report its input */
  readonly inputTextBytes: number;
  /** what the request itself fixes of what is billed: the characters to be spoken, …; null or absent: nothing */
  readonly otherUnits?: OtherUnits | null;
  /**
   * it was too large to be looked at: its input is not known, and the rest only as far as its path, or a form's
   * beginning, tells
   */
  readonly isUnread?: boolean;
}

/** What an answer reported. Units are all zero when the source is NONE. */
export interface UsageReading {
  readonly units: UsageUnits;
  readonly usageSource: UsageSource;
  /** why units are estimated or missing; null when the provider reported them */
  readonly usageNote: string | null;
  /** the model that answered, when the answer names it */
  readonly model: string | null;
  readonly serviceTier: string | null;
}

/** The reading of an answer that bills nothing (an error, no answer at all); `usageNote` says why. */
export function nothingBilled(usageNote: string | null): UsageReading {
  return { units: noUnits(), usageSource: 'NONE', usageNote, model: null, serviceTier: null };
}

/** Nothing was used: no dialect, or the provider refused. */
export const NOTHING_USED: UsageReading = Object.freeze(nothingBilled(null));

/**
 * Reads one answer. `push` takes decoded bytes in any split, keeps at most one stream event (or a bounded document, in
 * the chunks themselves: their memory must not be written to before `finish`) and never throws; `finish` gives what was
 * read so far and may be called once, after the end or after a cut.
 */
export interface AnswerReader {
  push(chunk: Uint8Array): void;
  /** `complete` is false when the answer was cut: what is missing is then estimated */
  finish(complete: boolean): UsageReading;
  /** the reading if the answer broke off here; changes nothing. null: a document tells nothing before its end */
  soFar(): UsageReading | null;
}

/** An answer's headers as they came, names and values in turn. */
export type AnswerHeaders = readonly string[];

/** One format. An answer with a status of 400 or above is not read: its reading is `nothingBilled`. */
export interface Dialect {
  readonly name: string;
  /** `body` is the parsed JSON, or null when it is not JSON; `path` is the provider's own path without query */
  readRequest(body: unknown, path: string): RequestFacts;
  newDocumentReader(facts: RequestFacts, headers?: AnswerHeaders): AnswerReader;
  newStreamReader(facts: RequestFacts, headers?: AnswerHeaders): AnswerReader;
  /**
   * Whether this stream chunk (decoded) carries the dialect's end mark; looks at its first and last bytes only and
   * allocates nothing. False is always possible (no mark exists, or it was split): the body's end is then the end.
   */
  endsStream(chunk: Uint8Array): boolean;
  /**
   * where there is no mark: whether the last event of a stream (decoded) says that it is the last; absent: none can
   * tell
   */
  isLastEvent?(event: Buffer): boolean;
  /** whether a document (parsed) is of something that is still being made; absent: it never is */
  isPending?(document: unknown): boolean;
  /**
   * whether a call does nothing but ask, by its whole URL: then an answer that was made before will do, unasked for;
   * absent: each of the format does
   */
  onlyAsks?(url: string): boolean;
  /** the event that tells a client of this dialect that its stream broke (SSE text) */
  streamErrorEvent(message: string): string;
  /** whether a streaming request may be given `stream_options.include_usage` */
  readonly takesStreamUsageOption: boolean;
  /** whether requests may be forms (`multipart/form-data`): `readRequest` then gets their text fields */
  readonly takesForms?: boolean;
}
