/** The system message of a request in any of the shapes that dialects give it. */
import { arrayOf, isJsonObject, textIn } from './json-value.js';

/** The text of a string, or of an array of `{ text }` parts, joined by newlines; null when there is none. */
export function partsText(content: unknown): string | null {
  if (typeof content === 'string') return content === '' ? null : content;
  const texts: string[] = [];
  for (const part of Array.isArray(content) ? content : []) {
    const text = typeof part === 'string' ? part : textIn(part, 'text');
    if (text !== null) texts.push(text);
  }
  return texts.length === 0 ? null : texts.join('\n');
}

/** The text of all messages whose role is `system` or `developer`. */
export function systemTextOf(messages: readonly unknown[]): string | null {
  let joined: string | null = null; // no list: nearly all have one, or none
  for (const message of messages) {
    if (!isJsonObject(message)) continue;
    if (message['role'] !== 'system' && message['role'] !== 'developer') continue;
    const text = partsText(message['content']) ?? partsText(arrayOf(message['parts']));
    if (text !== null) joined = joined === null ? text : `${joined}\n${text}`;
  }
  return joined;
}
