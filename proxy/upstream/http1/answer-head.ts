/**
 * The head of an answer: status line and header lines (RFC 9112 §4, §5), and what they say of the body's end (§6.3) and
 * of the connection (§9). What is not written as the standard says is refused: a lenient reader takes one answer for
 * two.
 */
import { notHttp } from './call-errors.js';
import type { LineNames } from './line-names.js';

export interface AnswerHead {
  readonly statusCode: number;
  /** names and values in turn, as they were written */
  readonly headers: string[];
  /** null: the body has no length, or is chunked */
  readonly contentLength: number | null;
  readonly isChunked: boolean;
  /** whether the server keeps the connection */
  readonly keepsAlive: boolean;
  /** for how long (`Keep-Alive: timeout=…`), ms; null: it does not say */
  readonly keepAliveMs: number | null;
}

const CR = 13;
const LF = 10;
const SPACE = 32;
const TAB = 9;
const COLON = 58;

/** 1: may stand in a token, such as a header's name (RFC 9110 §5.6.2) */
export const TOKEN = new Uint8Array(256);
for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
  TOKEN[character.charCodeAt(0)] = 1;

/** 1: may stand in a header's value (RFC 9110 §5.5) */
const VALUE = new Uint8Array(256).fill(1, SPACE).fill(0, 127, 128);
VALUE[TAB] = 1;

/** `HTTP/1.x NNN`, and perhaps a reason */
const STATUS_CHARACTERS = 12;

/**
 * `text`: the head without its empty line, a character a byte. Throws undici's HTTPParserError.
 * @param names those of the answers before it on its connection; null: it is none of several
 */
export function parseAnswerHead(text: string, names: LineNames | null): AnswerHead {
  const isHttp10 = text.startsWith('HTTP/1.0 ');
  if (!isHttp10 && !text.startsWith('HTTP/1.1 ')) throw notHttp('it does not begin with HTTP/1.1');
  const statusCode = statusOf(text);
  // HTTP/1.0 has none of these (RFC 9110 §15.2), and whoever keeps to it takes the connection's end for this answer's.
  if (isHttp10 && statusCode < 200) throw notHttp('it is an interim answer of HTTP/1.0');
  const lines = new HeaderLines(isHttp10);
  names?.begin();
  let at = endOfLine(text, STATUS_CHARACTERS);
  while (at < text.length) at = readLine(text, at + 2, lines, names);
  if (lines.isChunked && (lines.contentLength !== null || isHttp10)) throw notHttp('its body has two ends');
  return {
    statusCode,
    headers: lines.headers,
    contentLength: lines.contentLength,
    isChunked: lines.isChunked,
    keepsAlive: lines.keepsAlive,
    keepAliveMs: lines.keepAliveMs,
  };
}

function statusOf(text: string): number {
  const [hundreds, tens, ones] = [text.charCodeAt(9) - 48, text.charCodeAt(10) - 48, text.charCodeAt(11) - 48];
  const code = hundreds * 100 + tens * 10 + ones;
  const isDigits = hundreds >= 1 && hundreds <= 9 && tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9;
  const next = text.charCodeAt(STATUS_CHARACTERS);
  if (!isDigits || (text.length > STATUS_CHARACTERS && next !== SPACE && next !== CR))
    throw notHttp('it has no status');
  return code;
}

/** The place of the CR that ends the line, or the text's end; no other control may stand before it. */
function endOfLine(text: string, from: number): number {
  let at = from;
  while (at < text.length && VALUE[text.charCodeAt(at)] === 1) at += 1;
  if (at < text.length && (text.charCodeAt(at) !== CR || text.charCodeAt(at + 1) !== LF))
    throw notHttp('a line of its head has a control character in it');
  return at;
}

/** Reads the header line at `start`; the place of its end. */
function readLine(text: string, start: number, lines: HeaderLines, names: LineNames | null): number {
  const name = names?.expected(text, start) ?? readName(text, start, names);
  let from = start + name.length + 1;
  while (isBlank(text.charCodeAt(from))) from += 1;
  const end = endOfLine(text, from);
  let to = end;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1;
  lines.add(name, text.slice(from, to));
  return end;
}

/** The token at `start`, with a colon behind it. */
function readName(text: string, start: number, names: LineNames | null): string {
  let end = start;
  while (TOKEN[text.charCodeAt(end)] === 1) end += 1;
  if (end === start || text.charCodeAt(end) !== COLON) throw notHttp('a line of its head is no header');
  const name = text.slice(start, end);
  return names === null ? name : names.learn(name);
}

const isBlank = (code: number): boolean => code === SPACE || code === TAB;

class HeaderLines {
  readonly headers: string[] = [];
  contentLength: number | null = null;
  isChunked = false;
  keepsAlive: boolean;
  keepAliveMs: number | null = null;

  constructor(isHttp10: boolean) {
    this.keepsAlive = !isHttp10;
  }

  /** By the name's length first: it tells nearly every other header apart. */
  add(name: string, value: string): void {
    this.headers.push(name, value);
    switch (name.length) {
      case 10:
        this.readConnection(name.toLowerCase(), value);
        break;
      case 14:
        if (name.toLowerCase() !== 'content-length') break;
        if (this.contentLength !== null) throw notHttp('it has two lengths');
        this.contentLength = lengthIn(value);
        break;
      case 17:
        if (name.toLowerCase() !== 'transfer-encoding') break;
        if (this.isChunked || value.toLowerCase() !== 'chunked') throw notHttp('its body is not simply chunked');
        this.isChunked = true;
        break;
    }
  }

  private readConnection(name: string, value: string): void {
    if (name === 'connection') {
      if (
        value
          .toLowerCase()
          .split(',')
          .some((option) => option.trim() === 'close')
      )
        this.keepsAlive = false;
    } else if (name === 'keep-alive') {
      const seconds = /(?:^|[\s,])timeout=(\d{1,6})(?:$|[\s,])/i.exec(value)?.[1];
      if (seconds !== undefined) this.keepAliveMs = Number(seconds) * 1_000;
    }
  }
}

function lengthIn(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw notHttp('its length is no number');
  return Number(value);
}
