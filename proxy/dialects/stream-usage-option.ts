/**
 * Asks a streaming OpenAI-dialect chat request for its usage by splicing into the original bytes: nothing is
 * serialised again, so white space, key order, escapes and number spellings stay as the client wrote them.
 */
import { isJsonObject } from './json-value.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;

interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * The body with `stream_options.include_usage: true`; null when it does not stream, already asks, or is odd in any way
 * (then it goes upstream as it is). `parsed` is what the same bytes parse to. An explicit `false` is replaced: the
 * client then still sees no usage chunk, because the gateway removes it.
 */
export function spliceIncludeUsage(body: Buffer, parsed: unknown): Buffer | null {
  if (!isJsonObject(parsed) || parsed['stream'] !== true) return null;
  const open = skipSpace(body, 0);
  if (body[open] !== OPEN_BRACE) return null;
  const options = parsed['stream_options'];
  if (options === undefined)
    return replace(body, { start: open + 1, end: open + 1 }, '"stream_options":{"include_usage":true},');
  if (options !== null && (!isJsonObject(options) || options['include_usage'] === true)) return null;
  const value = lastMember(body, open, 'stream_options');
  if (value === null) return null;
  if (options === null) return replace(body, value, '{"include_usage":true}');
  if (Object.hasOwn(options, 'include_usage')) {
    const flag = lastMember(body, value.start, 'include_usage');
    return flag === null ? null : replace(body, flag, 'true');
  }
  const inside = { start: value.start + 1, end: value.start + 1 };
  return replace(body, inside, Object.keys(options).length === 0 ? '"include_usage":true' : '"include_usage":true,');
}

function replace(body: Buffer, span: Span, text: string): Buffer {
  return Buffer.concat([body.subarray(0, span.start), Buffer.from(text), body.subarray(span.end)]);
}

/** Where the value of the object's member `name` stands (the last one: JSON.parse lets it win); null when not found. */
function lastMember(body: Buffer, open: number, name: string): Span | null {
  let found: Span | null = null;
  let at = skipSpace(body, open + 1);
  while (body[at] === QUOTE) {
    const keyEnd = stringEnd(body, at);
    const colon = skipSpace(body, keyEnd);
    if (body[colon] !== COLON) return null;
    const start = skipSpace(body, colon + 1);
    const end = valueEnd(body, start);
    if (end <= start) return null;
    if (JSON.parse(body.toString('utf8', at, keyEnd)) === name) found = { start, end };
    const next = skipSpace(body, end);
    if (body[next] === CLOSE_BRACE) return found;
    if (body[next] !== COMMA) return null;
    at = skipSpace(body, next + 1);
  }
  return null;
}

function skipSpace(body: Buffer, from: number): number {
  let at = from;
  while (at < body.length && isSpace(body[at])) at += 1;
  return at;
}

const isSpace = (byte: number | undefined): boolean => byte === 32 || byte === 10 || byte === 13 || byte === 9;

/** The index behind the string that begins at `quote`. */
function stringEnd(body: Buffer, quote: number): number {
  let at = quote + 1;
  while (at < body.length && body[at] !== QUOTE) at += body[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

/** The index behind the value that begins at `from`. */
function valueEnd(body: Buffer, from: number): number {
  const first = body[from];
  if (first === QUOTE) return stringEnd(body, from);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) {
    let at = from;
    while (at < body.length && !isSpace(body[at]) && !isClosing(body[at]) && body[at] !== COMMA) at += 1;
    return at;
  }
  let depth = 0;
  for (let at = from; at < body.length; at++) {
    const byte = body[at];
    if (byte === QUOTE) at = stringEnd(body, at) - 1;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    else if (isClosing(byte) && --depth === 0) return at + 1;
  }
  return -1;
}

const isClosing = (byte: number | undefined): boolean => byte === CLOSE_BRACE || byte === CLOSE_BRACKET;
