/**
 * A JSON document without the value of one of its members: what an answer says of its usage is a twentieth of its
 * bytes, and parsing the rest makes strings and objects, or thousands of numbers, that nobody looks at.
 */
const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const SPACE = 32;

/**
 * The text of the object in `bytes` with `null` for the value of its first member `name`. Null: there is no such
 * member, or the bytes before it, or its value, have not the shape of JSON. What is left out is not checked any
 * further.
 */
export function withoutMember(bytes: Buffer, name: string): string | null {
  let at = pastSpace(bytes, 0);
  if (bytes[at] !== OPEN_BRACE) return null;
  do {
    at = pastSpace(bytes, at + 1);
    const nameEnd = bytes[at] === QUOTE ? endOfString(bytes, at) : -1;
    if (nameEnd === -1) return null;
    const isIt = isNamed(bytes, at + 1, nameEnd - 1, name);
    at = pastSpace(bytes, nameEnd);
    if (bytes[at] !== COLON) return null;
    const from = pastSpace(bytes, at + 1);
    const to = endOfValue(bytes, from);
    if (to === -1) return null;
    if (isIt) return `${bytes.toString('utf8', 0, from)}null${bytes.toString('utf8', to)}`;
    at = pastSpace(bytes, to);
  } while (bytes[at] === COMMA);
  return null;
}

/** Names with escapes are taken for others: no provider writes one. */
function isNamed(bytes: Buffer, from: number, to: number, name: string): boolean {
  if (to - from !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (bytes[from + i] !== name.charCodeAt(i)) return false;
  return true;
}

function pastSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && (bytes[at] ?? 0) <= SPACE) at += 1;
  return at;
}

/** The place behind the string that begins at `from`; -1: it has no end. */
function endOfString(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    at = bytes.indexOf(QUOTE, at + 1);
    if (at === -1) return -1;
    let backslashes = 0;
    while (bytes[at - 1 - backslashes] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return at + 1;
  }
}

/** The place behind the value that begins at `from`; -1: it has no end. */
function endOfValue(bytes: Buffer, from: number): number {
  const first = bytes[from];
  if (first === QUOTE) return endOfString(bytes, from);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return endOfPlain(bytes, from);
  let depth = 0;
  for (let at = from; at < bytes.length; at++) {
    const code = bytes[at];
    if (code === QUOTE) {
      at = endOfString(bytes, at) - 1;
      if (at < 0) return -1;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
    else if ((code === CLOSE_BRACE || code === CLOSE_BRACKET) && --depth === 0) return at + 1;
  }
  return -1;
}

/** Of a number or a word; -1: there is none. */
function endOfPlain(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && !isPlainEnd(bytes[at] ?? 0)) at += 1;
  return at === from || at === bytes.length ? -1 : at;
}

const isPlainEnd = (code: number): boolean =>
  code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || code <= SPACE;
