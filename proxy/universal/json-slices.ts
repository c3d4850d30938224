/**
 * JSON taken apart at its outermost level, its parts as they stand in the bytes: what goes upstream of a part is what
 * the client wrote, and nobody parses megabytes to find where they end.
 */
import { stringEnd } from '../json-guard.js';

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** Without the space around it. */
export function trimmedJson(json: Buffer): Buffer {
  let end = json.length;
  while (end > 0 && isSpace(json[end - 1])) end -= 1;
  return json.subarray(pastSpace(json, 0), end);
}

export const isArray = (json: Buffer): boolean => json[0] === OPEN_BRACKET;

/** The elements of an array without space around it; null: it is none. What is in them is not looked at. */
export function jsonElements(json: Buffer): Buffer[] | null {
  const elements: Buffer[] = [];
  const isList = eachItem(json, [OPEN_BRACKET, CLOSE_BRACKET], (at) => {
    const end = valueEnd(json, at);
    elements.push(json.subarray(at, end));
    return end;
  });
  return isList ? elements : null;
}

/**
 * The members of an object without space around it, in their order, names that stand twice among them; null: it is
 * none.
 */
export function jsonMembers(json: Buffer): [name: string, value: Buffer][] | null {
  const members: [string, Buffer][] = [];
  const isObject = eachItem(json, [OPEN_BRACE, CLOSE_BRACE], (at) => {
    if (json[at] !== QUOTE) return at;
    const nameEnd = valueEnd(json, at);
    const colon = pastSpace(json, nameEnd);
    const name = parsedString(json.subarray(at, nameEnd));
    if (name === null || json[colon] !== COLON) return at;
    const start = pastSpace(json, colon + 1);
    const end = valueEnd(json, start);
    if (end === start) return at;
    members.push([name, json.subarray(start, end)]);
    return end;
  });
  return isObject ? members : null;
}

/**
 * Walks what stands between two brackets and is divided by commas; `readItem` gets where an item begins, and gives
 * where it ends: the same place, if there is none. False: the bytes have another shape.
 */
function eachItem(json: Buffer, brackets: readonly [number, number], readItem: (at: number) => number): boolean {
  const [open, close] = brackets;
  if (json[0] !== open) return false;
  let at = pastSpace(json, 1);
  if (json[at] === close) return at === json.length - 1;
  for (;;) {
    const end = readItem(at);
    if (end === at) return false;
    const next = pastSpace(json, end);
    if (json[next] === close) return next === json.length - 1;
    if (json[next] !== COMMA) return false;
    at = pastSpace(json, next + 1);
  }
}

/** Where the value that begins at `at` ends; `at` itself: there is none. */
function valueEnd(json: Buffer, at: number): number {
  const first = json[at];
  if (first === QUOTE) return Math.min(stringEnd(json, at + 1) + 1, json.length);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return scalarEnd(json, at);
  let depth = 0;
  for (let i = at; i < json.length; i++) {
    const byte = json[i];
    if (byte === QUOTE) i = stringEnd(json, i + 1);
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return i + 1;
  }
  return at;
}

function scalarEnd(json: Buffer, at: number): number {
  let end = at;
  while (end < json.length && !isSpace(json[end]) && !isMark(json[end])) end += 1;
  return end;
}

const isMark = (byte: number | undefined): boolean =>
  byte === COMMA || byte === CLOSE_BRACKET || byte === CLOSE_BRACE || byte === COLON || byte === QUOTE;

const isSpace = (byte: number | undefined): boolean => byte === 32 || byte === 10 || byte === 13 || byte === 9;

function pastSpace(json: Buffer, from: number): number {
  let at = from;
  while (isSpace(json[at])) at += 1;
  return at;
}

function parsedString(json: Buffer): string | null {
  try {
    const parsed: unknown = JSON.parse(json.toString('utf8'));
    return typeof parsed === 'string' ? parsed : null;
  } catch {
    return null;
  }
}
