/**
 * Events of a stream that are, but for the text in them, the event before once more: a model's answer comes in hundreds
 * of them, and to parse each as JSON is the most of what a chunk costs. What is learnt from one that was parsed are the
 * bytes round its text; one that has the same bytes there, and whose text needs no decoding, says nothing else.
 */
import type { AnswerTally } from './answer-reader.js';

/** A tally that adds the bytes of text up. */
export interface TextTally extends AnswerTally {
  outputTextBytes: number;
}

/** How a string may begin that differs from event to event: its name and all that stands in front of it. */
export interface ChangingString {
  readonly opening: Buffer;
  /** whether it is text; if not, it counts nothing and may be missing */
  readonly isText: boolean;
}

/** Events in a row from which nothing was learnt that served: no more is learnt then. */
const USELESS_MAX = 16;
/** An event that is longer is none of hundreds. */
const LEARNT_BYTES_MAX = 4_096;
const QUOTE = 34;
const BACKSLASH = 92;
const SPACE = 32;

export class RepeatedEvents {
  /** the bytes in front of each changing string, and behind the last one; empty: none is known */
  private fixed: readonly Buffer[] = [];
  /** which of the strings between them is the text */
  private textAt = 0;
  private useless = 0;
  /** what the tally had before the event that is being read */
  private textBytesBefore = 0;

  /** `strings`: in their order, one of them the text. */
  constructor(
    private readonly tally: TextTally,
    private readonly strings: readonly ChangingString[],
  ) {}

  /**
   * Adds the event's text if it is otherwise the one that is known. False: it has to be read, and may then be learnt.
   */
  add(event: Buffer): boolean {
    const textBytes = this.textBytesOf(event);
    this.textBytesBefore = this.tally.outputTextBytes;
    if (textBytes === -1) return false;
    this.tally.outputTextBytes += textBytes;
    this.useless = 0;
    return true;
  }

  private textBytesOf(event: Buffer): number {
    const { fixed } = this;
    let at = 0;
    let textBytes = 0;
    for (let i = 0; i < fixed.length; i++) {
      const part = fixed[i];
      if (part === undefined || !standsAt(event, at, part)) return -1;
      at += part.length;
      if (i === fixed.length - 1) break;
      const end = plainEnd(event, at);
      if (end === -1) return -1;
      if (i === this.textAt) textBytes = end - at;
      at = end;
    }
    return at === 0 || at !== event.length ? -1 : textBytes;
  }

  /** Learns from the event that was to be read, and has been. */
  learn(event: Buffer): void {
    const textBytes = this.tally.outputTextBytes - this.textBytesBefore;
    // Of no text it cannot be told whether it would have been counted.
    if (textBytes === 0 || this.useless >= USELESS_MAX || event.length > LEARNT_BYTES_MAX) return;
    this.useless += 1;
    const fixed: Buffer[] = [];
    let textAt = 0;
    let from = 0;
    for (const { opening, isText } of this.strings) {
      const at = event.indexOf(opening, from);
      if (at === -1 && !isText) continue;
      const start = at + opening.length;
      const end = at === -1 ? -1 : plainEnd(event, start);
      // Of two texts, or of one that is counted otherwise, more would have to be known.
      if (end === -1 || (isText && (end - start !== textBytes || event.includes(opening, end)))) return;
      if (isText) textAt = fixed.length;
      fixed.push(Buffer.from(event.subarray(from, start)));
      from = end;
    }
    fixed.push(Buffer.from(event.subarray(from)));
    this.fixed = fixed;
    this.textAt = textAt;
  }
}

function standsAt(bytes: Buffer, at: number, part: Buffer): boolean {
  if (at + part.length > bytes.length) return false;
  for (let i = 0; i < part.length; i++) if (bytes[at + i] !== part[i]) return false;
  return true;
}

/** Where the string that begins at `at` ends, if its bytes are its text as they stand; -1: they are not. */
function plainEnd(bytes: Buffer, at: number): number {
  for (let i = at; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === QUOTE) return i;
    if (byte === BACKSLASH || byte < SPACE) return -1;
  }
  return -1;
}
