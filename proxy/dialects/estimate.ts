/**
 * The one method by which tokens are estimated when a provider does not report them: the UTF-8 bytes of the text,
 * divided by four, rounded up. Media in the text's place (base64, URLs) is not text and counts nothing.
 */
import type { OtherUnits } from '../../schema/contracts/usage-units.js';
import { isJsonObject } from './json-value.js';

const BYTES_PER_TOKEN = 4;
/** An answer that could not be read as text is never estimated above this: its bytes may be media. */
const UNREAD_TOKENS_MAX = 32_768;
/** Deeper nesting is not looked at: nobody's text stands there, and the stack is finite. */
const DEPTH_MAX = 32;
/** Members that hold names, media or signatures rather than text that a model reads or writes. */
const NOT_TEXT = new Set([
  'id', 'type', 'role', 'object', 'index', 'data', 'url', 'image_url', 'file_data', 'file_id', 'signature', 'status',
  'call_id', 'tool_call_id', 'tool_use_id', 'media_type', 'mimeType', 'mime_type', 'fileUri', 'obfuscation',
  'encrypted_content', 'thoughtSignature', 'thought_signature', 'cache_control', 'finish_reason', 'logprobs',
  'channel', 'bytes', 'format',
]); // prettier-ignore

/** The characters of a text that is billed by them, as Unicode counts; null: there is no text. */
export function characters(text: unknown): OtherUnits | null {
  if (typeof text !== 'string' || text === '') return null;
  let count = 0;
  for (const _character of text) count += 1;
  return { characters: count };
}

/** Tokens for this many bytes of text. */
export function estimateTokens(textBytes: number): number {
  return Math.ceil(textBytes / BYTES_PER_TOKEN);
}

/** Tokens for an answer of which only the size is known. */
export function estimateUnread(bytes: number): number {
  return Math.min(estimateTokens(bytes), UNREAD_TOKENS_MAX);
}

/** UTF-8 bytes of all text inside a JSON value. */
export function textBytes(value: unknown, depth = 0): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (depth > DEPTH_MAX) return 0;
  let bytes = 0;
  if (Array.isArray(value)) {
    // a number in a list is a token that the client made itself
    for (const item of value) bytes += typeof item === 'number' ? BYTES_PER_TOKEN : textBytes(item, depth + 1);
    return bytes;
  }
  if (!isJsonObject(value)) return 0;
  // `for … in` is right for what JSON.parse made, and makes no list
  for (const key in value) {
    const member = value[key];
    if (typeof member === 'string' ? !NOT_TEXT.has(key) : member !== null) bytes += textBytes(member, depth + 1);
  }
  return bytes;
}
