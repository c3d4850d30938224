/** The readers that every dialect shares: they find the JSON in the bytes, and leave its meaning to a tally. */
import { ByteParts } from '../usage/byte-parts.js';
import type { AnswerReader, UsageReading } from './dialect.js';
import { JsonArrayElements } from './json-array-elements.js';
import { withoutMember } from './json-skim.js';
import { isJsonObject, type JsonObject } from './json-value.js';
import type { RepeatedEvents } from './repeated-events.js';
import { SseEvents, sseData } from './sse-events.js';

/** How the bytes of an answer ended. */
export interface AnswerEnd {
  readonly isComplete: boolean;
  /** something was too large to look at: the reading is an estimate whatever else was seen */
  readonly isOverflowed: boolean;
  /** something was not what its checksum says */
  readonly isDamaged: boolean;
  /** bytes that could not be read as JSON */
  readonly unreadBytes: number;
}

/** Adds up one answer of one dialect, event by event; a document is an answer of one event. Never throws. */
export interface AnswerTally {
  add(event: JsonObject): void;
  reading(end: AnswerEnd): UsageReading;
}

/** A document above this is not held: its usage is estimated. */
const DOCUMENT_BYTES_MAX = 8_388_608;

/** How a document can be read without most of it. */
export interface Skim {
  /** the member that holds what was written: it is left out */
  readonly without: string;
  /** whether the rest says enough without it; if not, the whole document is read */
  isEnough(rest: JsonObject): boolean;
}

export class DocumentReader implements AnswerReader {
  private readonly held = new ByteParts();
  private bytes = 0;

  /** @param skim null: every document is read whole */
  constructor(
    private readonly tally: AnswerTally,
    private readonly skim: Skim | null = null,
  ) {}

  push(chunk: Uint8Array): void {
    this.bytes += chunk.byteLength;
    if (this.bytes > DOCUMENT_BYTES_MAX) this.held.clear();
    else this.held.push(chunk);
  }

  finish(complete: boolean): UsageReading {
    const isOverflowed = this.bytes > DOCUMENT_BYTES_MAX;
    const isRead = !isOverflowed && this.read(this.held.joined(), complete);
    return this.tally.reading({
      isComplete: complete,
      isOverflowed,
      isDamaged: false,
      unreadBytes: isRead ? 0 : this.bytes,
    });
  }

  soFar(): null {
    return null;
  }

  /** Whether the document was JSON; one that was cut is read as far as it goes. */
  private read(document: Buffer, isComplete: boolean): boolean {
    const { skim, tally } = this;
    const skimmed = skim !== null && isComplete ? withoutMember(document, skim.without) : null;
    if (skim !== null && skimmed !== null) {
      const rest = parsed(skimmed);
      if (isJsonObject(rest) && skim.isEnough(rest)) {
        tally.add(rest);
        return true;
      }
    }
    return addParsed(tally, document.toString());
  }
}

class SseReader implements AnswerReader {
  private readonly events: SseEvents;
  private oversizeBytes = 0;
  private unreadBytes = 0;

  constructor(
    private readonly tally: AnswerTally,
    private readonly repeated: RepeatedEvents | null,
  ) {
    const oversize = (bytes: Buffer): void => void (this.oversizeBytes += bytes.length);
    this.events = new SseEvents({ event: (raw) => this.read(raw), oversize });
  }

  push(chunk: Uint8Array): void {
    this.events.push(chunk);
  }

  finish(complete: boolean): UsageReading {
    const { unreadBytes } = this;
    this.events.finish();
    // the half event that a cut leaves is mostly envelope: it is not taken for text
    if (!complete) this.unreadBytes = unreadBytes;
    return this.reading(complete);
  }

  soFar(): UsageReading {
    return this.reading(false);
  }

  private reading(isComplete: boolean): UsageReading {
    const { oversizeBytes } = this;
    const unreadBytes = this.unreadBytes + oversizeBytes;
    return this.tally.reading({ isComplete, isOverflowed: oversizeBytes > 0, isDamaged: false, unreadBytes });
  }

  private read(raw: Buffer): void {
    const { repeated } = this;
    if (repeated?.add(raw) === true) return;
    const data = sseData(raw);
    if (data === null || data === '[DONE]') return;
    if (!addParsed(this.tally, data)) this.unreadBytes += data.length;
    else repeated?.learn(raw);
  }
}

/**
 * A stream as it really comes: server-sent events, one streamed JSON array (Gemini without `alt=sse`), or the plain
 * document of a provider that does not stream. Its first byte tells.
 */
export class StreamReader implements AnswerReader {
  private reader: AnswerReader | null = null;

  /** @param repeated null: every event is read as JSON */
  constructor(
    private readonly tally: AnswerTally,
    private readonly repeated: RepeatedEvents | null = null,
  ) {}

  push(chunk: Uint8Array): void {
    this.reader ??= this.readerFor(chunk.find((byte) => byte > SPACE));
    this.reader?.push(chunk);
  }

  finish(complete: boolean): UsageReading {
    return (this.reader ?? new SseReader(this.tally, null)).finish(complete);
  }

  soFar(): UsageReading | null {
    return (this.reader ?? new SseReader(this.tally, null)).soFar();
  }

  private readerFor(first: number | undefined): AnswerReader | null {
    if (first === undefined) return null;
    return first === OPEN_BRACKET || first === OPEN_BRACE
      ? new ArrayReader(this.tally)
      : new SseReader(this.tally, this.repeated);
  }
}
const SPACE = 32;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;

class ArrayReader implements AnswerReader {
  private readonly elements: JsonArrayElements;
  private unreadBytes = 0;

  constructor(private readonly tally: AnswerTally) {
    this.elements = new JsonArrayElements((element) => {
      if (!addParsed(this.tally, element.toString())) this.unreadBytes += element.length;
    });
  }

  push(chunk: Uint8Array): void {
    this.elements.push(chunk);
  }

  finish(isComplete: boolean): UsageReading {
    const { oversizeBytes } = this.elements;
    const unreadBytes = this.unreadBytes + oversizeBytes;
    return this.tally.reading({ isComplete, isOverflowed: oversizeBytes > 0, isDamaged: false, unreadBytes });
  }

  soFar(): UsageReading {
    return this.finish(false);
  }
}

const BOM = '\ufeff';

/** Whether `text` was JSON whose object (or objects, in an array) could be added. */
export function addParsed(tally: AnswerTally, text: string): boolean {
  const value = parsed(text);
  if (value === undefined) return false;
  const events: readonly unknown[] = Array.isArray(value) ? value : [value];
  for (const event of events) if (isJsonObject(event)) tally.add(event);
  return true;
}

/** Undefined: it is no JSON. The answer is somebody else's: what is none is counted as unread. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text.startsWith(BOM) ? text.slice(1) : text);
  } catch {
    return undefined;
  }
}
