/**
 * Shortens the long strings of JSON while its bytes pass: images and sound in base64 are of no use to a tally, and
 * would put every answer that has some beyond the bound of what is held. What is left is JSON as before; text outside
 * of JSON (the lines of server-sent events) is left alone, for no JSON string goes over the end of a line.
 */
import { ByteParts } from '../usage/byte-parts.js';
import { DocumentReader, StreamReader, type AnswerTally } from './answer-reader.js';
import type { AnswerReader, UsageReading } from './dialect.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LF = 10;
const LETTER_U = 0x75;
const HEX_DIGITS = 4;
/** Longer than any identifier; text beyond it counts for no estimate, where there is an image in its place. */
const STRING_BYTES_MAX = 8_192;
/**
 * Where images stand beside text that is estimated if no usage is told: as much text as an answer that cannot be read
 * is taken for, and some images of one event stay below its bound.
 */
export const TEXT_BYTES_MAX = 131_072;

export class LongStrings implements AnswerReader {
  /** the last line, as long as it is too short for a long string: it was passed on, and looked at only if it grows */
  private readonly line = new ByteParts();
  /** the last line is looked at byte by byte: of an event of 200 bytes that takes 2 µs, and passing it on 0.06 µs */
  private isLineLong = false;
  private isInString = false;
  /** the rest of this string is left out */
  private isCut = false;
  private isEscaped = false;
  /** bytes of the string so far */
  private bytes = 0;

  constructor(
    private readonly reader: AnswerReader,
    private readonly stringBytesMax = STRING_BYTES_MAX,
  ) {}

  push(chunk: Uint8Array): void {
    const { line, stringBytesMax } = this;
    const lineStart = chunk.lastIndexOf(LF) + 1;
    if (!this.isLineLong && line.bytes + chunk.length <= stringBytesMax) this.reader.push(chunk);
    else this.shorten(chunk);
    if (lineStart > 0 && chunk.length - lineStart <= stringBytesMax) this.beginLine();
    if (!this.isLineLong && lineStart < chunk.length) line.push(chunk.subarray(lineStart));
  }

  finish(complete: boolean): UsageReading {
    return this.reader.finish(complete);
  }

  soFar(): UsageReading | null {
    return this.reader.soFar();
  }

  private beginLine(): void {
    this.line.clear();
    this.isLineLong = this.isInString = this.isCut = this.isEscaped = false;
  }

  private shorten(chunk: Uint8Array): void {
    for (const part of this.line.parts) this.scan(part);
    this.line.clear();
    this.isLineLong = true;
    this.pass(chunk, this.scan(chunk), chunk.length);
  }

  /** Passes the chunk on up to what is left out of it; the index from which on the rest is kept. */
  private scan(chunk: Uint8Array): number {
    let kept = this.isCut ? chunk.length : 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.isCut) {
        at = this.endOfCut(chunk, at);
        kept = at; // with the quote that ends the string
      } else if (this.isInString) {
        at = this.endOfShort(chunk, at);
        if (this.isCut) this.pass(chunk, kept, at);
        if (this.isCut) kept = chunk.length;
      } else {
        const quote = chunk.indexOf(QUOTE, at);
        if (quote === -1) break;
        this.isInString = true;
        this.bytes = 0;
        at = quote + 1;
      }
    }
    return kept;
  }

  private pass(chunk: Uint8Array, from: number, to: number): void {
    // a copy of a part: the reader may hold what it gets, and a view would keep the whole chunk in memory with it
    if (to > from) this.reader.push(from === 0 && to === chunk.length ? chunk : chunk.slice(from, to));
  }

  /** The index behind the string, or where the rest of it begins to be left out. */
  private endOfShort(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at];
      if (this.isEscaped) {
        this.isEscaped = false;
        // the four digits of `\u` would not survive a cut between them
        if (byte === LETTER_U) this.bytes = Math.min(this.bytes, this.stringBytesMax - HEX_DIGITS - 1);
      } else if (byte === QUOTE || byte === LF) {
        this.isInString = false;
        return at + 1;
      } else if (this.bytes >= this.stringBytesMax) {
        this.isCut = true;
        return at;
      } else if (byte === BACKSLASH) this.isEscaped = true;
      this.bytes += 1;
    }
    return chunk.length;
  }

  /** The index of what ends the string that is cut, or the chunk's end. */
  private endOfCut(chunk: Uint8Array, from: number): number {
    let at = this.isEscaped ? from + 1 : from;
    this.isEscaped = false;
    let quote = indexOrEnd(chunk, QUOTE, at);
    let lf = indexOrEnd(chunk, LF, at);
    let backslash = indexOrEnd(chunk, BACKSLASH, at);
    while (backslash < quote && backslash < lf) {
      at = backslash + 2;
      if (at > chunk.length) this.isEscaped = true;
      // each is looked for again from behind where it stood: together once over the chunk, however many are escaped
      if (quote < at) quote = indexOrEnd(chunk, QUOTE, at);
      if (lf < at) lf = indexOrEnd(chunk, LF, at);
      backslash = indexOrEnd(chunk, BACKSLASH, at);
    }
    const end = Math.min(quote, lf);
    // what stands there ends the string: it is passed on, and read as the end of a short one
    if (end < chunk.length) {
      this.isCut = false;
      this.bytes = 0;
    }
    return end;
  }
}

const indexOrEnd = (chunk: Uint8Array, byte: number, from: number): number => {
  const at = chunk.indexOf(byte, from);
  return at === -1 ? chunk.length : at;
};

/** A document whose long strings are of no interest. */
export const slimDocument = (tally: AnswerTally, stringBytesMax?: number): AnswerReader =>
  new LongStrings(new DocumentReader(tally), stringBytesMax);
/** Such a stream. */
export const slimStream = (tally: AnswerTally, stringBytesMax?: number): AnswerReader =>
  new LongStrings(new StreamReader(tally), stringBytesMax);
