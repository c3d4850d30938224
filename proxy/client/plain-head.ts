/**
 * The head of a plain request: a gateway call in HTTP/1.1 with a method that has an answer's body, whose own body has a
 * known length that is held anyway, on a connection that goes on. Nearly all traffic is of this form. Anything else,
 * and anything that could be read in two ways, is left to Node's parser; what a head may say is the guard's affair.
 */
import type { HeadReading } from '../head-reading.js';
import { HELD_BYTES_MAX } from '../request-bounds.js';
import { CALL_PREFIX } from '../request-head.js';

/** As Node's parser has it (`maxHeaderSize`): a longer one is its to refuse. */
export const HEAD_BYTES_MAX = 16 * 1024;

export interface PlainHead {
  readonly method: string;
  readonly url: string;
  /** names and values in turn */
  readonly rawHeaders: string[];
  /** how long the head is */
  readonly headBytes: number;
  /** how long the body behind it is */
  readonly bodyBytes: number;
  /** undefined: it has not been said again */
  readonly reading?: HeadReading | undefined;
}

const METHODS = ['POST', 'GET', 'PUT', 'PATCH', 'DELETE'];
const STARTS = METHODS.map((method) => `${method} ${CALL_PREFIX}`);
const START_CHARACTERS_MAX = Math.max(...STARTS.map(({ length }) => length));
const VERSION = 'HTTP/1.1';
const HEAD_END = Buffer.from('\r\n\r\n');
const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;

/**
 * The head that `bytes` begin with; `partial` when it has not arrived whole and may yet be plain; `other` when it is
 * none. RFC 9112 §2 … §6, and no more of it than a plain request needs.
 */
export function readPlainHead(bytes: Buffer): PlainHead | 'partial' | 'other' {
  const end = bytes.indexOf(HEAD_END);
  if (end === -1) return mayBecomePlain(bytes) ? 'partial' : 'other';
  if (end + HEAD_END.length > HEAD_BYTES_MAX) return 'other';
  // With the end of its last line, so that each line has one.
  return parseHead(bytes.toString('latin1', 0, end + 2), end + HEAD_END.length);
}

function parseHead(text: string, headBytes: number): PlainHead | 'other' {
  const lineEnd = text.indexOf('\r\n');
  const methodEnd = text.indexOf(' ');
  const method = text.slice(0, methodEnd);
  const urlAt = methodEnd + 1;
  if (!METHODS.includes(method) || !text.startsWith(CALL_PREFIX, urlAt)) return 'other';
  const urlEnd = text.indexOf(' ', urlAt);
  if (lineEnd - urlEnd !== VERSION.length + 1 || !text.startsWith(VERSION, urlEnd + 1)) return 'other';
  const rawHeaders: string[] = [];
  let bodyBytes = -1;
  for (let at = lineEnd + 2; at < text.length;) {
    const nameEnd = text.indexOf(':', at);
    const end = text.indexOf('\r\n', at);
    if (nameEnd === -1 || nameEnd > end) return 'other';
    const name = text.slice(at, nameEnd);
    const value = trimmed(text, nameEnd + 1, end);
    switch (framingOf(name, value)) {
      case 'none':
        break;
      case 'length':
        if (bodyBytes !== -1) return 'other';
        bodyBytes = lengthOf(value);
        if (bodyBytes === -1) return 'other';
        break;
      case 'other':
        return 'other';
    }
    rawHeaders.push(name, value);
    at = end + 2;
  }
  const url = text.slice(urlAt, urlEnd);
  return { method, url, rawHeaders, headBytes, bodyBytes: Math.max(0, bodyBytes), reading: undefined };
}

/** What a header says of where messages end and what becomes of the connection. By the name's length first. */
function framingOf(name: string, value: string): 'none' | 'length' | 'other' {
  switch (name.length) {
    case 6:
      return name.toLowerCase() === 'expect' ? 'other' : 'none';
    case 7:
      return name.toLowerCase() === 'upgrade' ? 'other' : 'none';
    case 10:
      return name.toLowerCase() === 'connection' && value.toLowerCase() !== 'keep-alive' ? 'other' : 'none';
    case 14:
      return name.toLowerCase() === 'content-length' ? 'length' : 'none';
    case 16: // Node's parser obeys it as it does `Connection`
      return name.toLowerCase() === 'proxy-connection' ? 'other' : 'none';
    case 17:
      return name.toLowerCase() === 'transfer-encoding' ? 'other' : 'none';
    default:
      return 'none';
  }
}

/** A plain decimal number of bytes that are held; -1: it is none. */
export function lengthOf(text: string): number {
  if (text.length === 0 || text.length > 7) return -1;
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length > HELD_BYTES_MAX || (text.length > 1 && text.charCodeAt(0) === 48) ? -1 : length;
}

/** A field value without the white space round it (RFC 9110 §5.5). */
function trimmed(text: string, start: number, end: number): string {
  let first = start;
  let last = end;
  while (first < last && isBlank(text.charCodeAt(first))) first += 1;
  while (last > first && isBlank(text.charCodeAt(last - 1))) last -= 1;
  return text.slice(first, last);
}

const isBlank = (code: number): boolean => code === SPACE || code === TAB;

/** Whether bytes without the end of a head may still become a plain one: what may not is refused now, not in time. */
function mayBecomePlain(bytes: Buffer): boolean {
  if (bytes.length >= HEAD_BYTES_MAX) return false;
  const start = bytes.toString('latin1', 0, START_CHARACTERS_MAX);
  if (!STARTS.some((known) => known.startsWith(start) || start.startsWith(known))) return false;
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) if (bytes[at - 1] !== CR) return false;
  for (let at = bytes.indexOf(CR); at !== -1; at = bytes.indexOf(CR, at + 1)) {
    if (at + 1 < bytes.length && bytes[at + 1] !== LF) return false;
  }
  return true;
}
