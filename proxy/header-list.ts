/** Headers as a flat list, names and values in turn, in the case and order in which they came. */

/** Framing and type always go down, whatever else is said of them: without them the body means something else. */
export const OF_THE_BODY = new Set(['content-length', 'content-type', 'content-encoding']);

/** The value of a header in a flat list; null when absent. `name` is lowercase. */
export function headerOf(headers: readonly string[], name: string): string | null {
  for (let i = 0; i < headers.length; i += 2) {
    if (isNamed(headers[i] ?? '', name)) return headers[i + 1] ?? '';
  }
  return null;
}

/** By the length first, which tells nearly every other one apart; few providers write capitals. */
const isNamed = (candidate: string, name: string): boolean =>
  candidate.length === name.length && (candidate === name || candidate.toLowerCase() === name);

/**
 * The values of a header that may stand more than once, as one (RFC 9110 §5.3); null when absent. `name` is lowercase.
 */
export function joinedHeaders(headers: readonly string[], name: string): string | null {
  let joined: string | null = null;
  for (let i = 0; i < headers.length; i += 2) {
    if (!isNamed(headers[i] ?? '', name)) continue;
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

/** What an answer's headers say of its body; null, each: nothing. */
export interface BodyHeaders {
  readonly contentType: string | null;
  /** as `contentEncodingOf` tells it */
  readonly contentEncoding: string | null;
  readonly contentLength: string | null;
}

/** All of it in one pass. Of a header that stands more than once, the first, but for an encoding. */
export function bodyHeadersOf(headers: readonly string[]): BodyHeaders {
  let contentType: string | null = null;
  let contentLength: string | null = null;
  let isEncoded = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (name.length === 12) contentType ??= isNamed(name, 'content-type') ? (headers[i + 1] ?? '') : null;
    else if (name.length === 14) contentLength ??= isNamed(name, 'content-length') ? (headers[i + 1] ?? '') : null;
    else if (name.length === 16) isEncoded ||= isNamed(name, 'content-encoding');
  }
  return { contentType, contentEncoding: isEncoded ? contentEncodingOf(headers) : null, contentLength };
}

/** Headers of an answer whose body is no longer as long as it was. */
export function withoutLength(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() !== 'content-length') kept.push(headers[i] ?? '', headers[i + 1] ?? '');
  }
  return kept;
}
