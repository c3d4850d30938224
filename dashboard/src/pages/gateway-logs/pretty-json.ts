/**
 * JSON with line breaks and indentation. The tokens stay as they are: parsed and written again, a large number would
 * lose digits, and the first of two equal keys would be gone.
 */

/** Beyond this depth no lines are broken: indentation would grow with the square of it. */
const DEPTH_MAX = 32;

/** null: it is no JSON. */
export function prettyJson(text: string): string | null {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  const parts: string[] = [];
  let depth = 0;
  const breakLine = (): void => void (depth <= DEPTH_MAX && parts.push(`\n${'  '.repeat(depth)}`));
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '"') {
      const end = stringEnd(text, at);
      parts.push(text.slice(at, end + 1));
      at = end;
    } else if (character === '{' || character === '[') {
      const close = nextToken(text, at + 1);
      parts.push(character);
      if (text.charAt(close) === '}' || text.charAt(close) === ']') {
        parts.push(text.charAt(close));
        at = close;
      } else {
        depth++;
        breakLine();
      }
    } else if (character === '}' || character === ']') {
      depth--;
      if (depth < DEPTH_MAX) breakLine();
      parts.push(character);
    } else if (character === ',') {
      parts.push(character);
      breakLine();
    } else if (character === ':') {
      parts.push(': ');
    } else if (!isSpace(character)) {
      parts.push(character);
    }
  }
  return parts.join('');
}

const isSpace = (character: string): boolean =>
  character === ' ' || character === '\n' || character === '\r' || character === '\t';

function nextToken(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charAt(at))) at++;
  return at;
}

/** Where the string that begins at `from` ends: at the quote that nothing escapes. */
function stringEnd(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text.charAt(at) !== '"') at += text.charAt(at) === '\\' ? 2 : 1;
  return at;
}
