/** Paths on their way upstream: only such as every HTTP stack reads alike, so that none escapes a provider's base. */

/**
 * Unreserved and sub-delims, `:`, `@`, `/` (RFC 3986 §3.3), and `%`: what needs no closer look when no `%` is in it.
 */
const PLAIN = /^[A-Za-z0-9\-_~!$&'()*+,;=:@/.]*$/;
/**
 * `.` or `..`, also with parameters, a query or a fragment behind it: some programs drop those before they resolve
 * dots.
 */
const DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:[/;?#]|$)/;
/**
 * A model of AWS Bedrock named by its ARN, which AWS's SDKs send as one segment with its `/` encoded. Whoever decodes
 * it too early reads two plain segments, which climb nowhere.
 */
const MODEL_ARN = /^arn:aws[a-z-]*:(?:bedrock|sagemaker):[a-z0-9-]*:\d*:[a-z-]+\/[A-Za-z0-9][A-Za-z0-9._:-]*$/;

/**
 * Whether no segment of `path` is, or decodes into, `.` or `..`, contains an encoded `/`, `\`, `%` or control, or is
 * empty in the middle, and no `#` ends the path early. (`/%2e%2e/` is collapsed by `new URL`, `..%2f` is left for the
 * upstream to decode.) The one encoded `/` that is let through is that of a model's ARN.
 */
export function isSafePath(path: string): boolean {
  if (path === '' || path === '/') return true;
  if (path.includes('//') || DOT_SEGMENT.test(path)) return false;
  return PLAIN.test(path) || path.split('/').every(isSafeSegment);
}

function isSafeSegment(segment: string): boolean {
  let decoded: string;
  try {
    decoded = decodeURIComponent(segment);
  } catch {
    return false;
  }
  if (!/^[!"$-~]*$/.test(segment)) return false;
  if (decoded.includes('/')) return MODEL_ARN.test(decoded);
  return !DOT_SEGMENT.test(decoded) && !/[\\%\u0000-\u001f\u007f]/.test(decoded);
}
