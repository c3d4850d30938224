/**
 * JSON in which every number stays the text that it was written as: a price of 1.5e-06 never becomes a binary fraction.
 * What is too large or too deep is refused before anything is built from it.
 */

export const DOCUMENT_CHARACTERS_MAX = 8 * 1_048_576;
const DEPTH_MAX = 16;

/** Strings (which may hold anything), brackets, and numbers. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]|-?\d[\d.eE+-]*/gs;

/** The value, with strings in the place of numbers; or what is wrong with the text. */
export function readExactJson(text: string): { readonly value: unknown } | { readonly problem: string } {
  if (text.length > DOCUMENT_CHARACTERS_MAX)
    return { problem: `must be at most ${DOCUMENT_CHARACTERS_MAX} characters` };
  let depth = 0;
  let deepest = 0;
  const marked = text.replace(TOKEN, (token) => {
    if (token === '{' || token === '[') deepest = Math.max(deepest, ++depth);
    else if (token === '}' || token === ']') depth--;
    else if (!token.startsWith('"')) return `"${token}"`;
    return token;
  });
  if (deepest > DEPTH_MAX) return { problem: `must be at most ${DEPTH_MAX} levels deep` };
  try {
    JSON.parse(text); // what is no JSON may look like it once its numbers are strings
    const value: unknown = JSON.parse(marked);
    return { value };
  } catch {
    return { problem: 'is no JSON' };
  }
}
