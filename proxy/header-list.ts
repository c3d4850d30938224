/** Headers as a flat list, names and values in turn, in the case and order in which they came. */

/** Framing and type always go down, whatever else is said of them: without them the body means something else. */
export const OF_THE_BODY = new Set(['content-length', 'content-type', 'content-encoding']);

/** The value of a header in a flat list; null when absent. `name` is lowercase. */
export function headerOf(headers: readonly string[], name: string): string | null {
  for (let i = 0; i < headers.length; i += 2) {
    const candidate = headers[i] ?? '';
    if (candidate.length === name.length && candidate.toLowerCase() === name) return headers[i + 1] ?? '';
  }
  return null;
}

/**
 * The values of a header that may stand more than once, as one (RFC 9110 §5.3); null when absent. `name` is lowercase.
 */
export function joinedHeaders(headers: readonly string[], name: string): string | null {
  let joined: string | null = null;
  for (let i = 0; i < headers.length; i += 2) {
    const candidate = headers[i] ?? '';
    if (candidate.length !== name.length || candidate.toLowerCase() !== name) continue;
    const value = headers[i + 1] ?? '';
    joined = joined === null ? value : `${joined}, ${value}`;
  }
  return joined;
}

/** An answer's `Content-Encoding`; null: it has none, which `identity` says too. */
export function contentEncodingOf(headers: readonly string[]): string | null {
  const encoding = joinedHeaders(headers, 'content-encoding');
  return encoding?.trim().toLowerCase() === 'identity' ? null : encoding;
}

/** Headers of an answer whose body is no longer as long as it was. */
export function withoutLength(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() !== 'content-length') kept.push(headers[i] ?? '', headers[i + 1] ?? '');
  }
  return kept;
}
