/** The gateway's own error codes in a few words (schema/contracts/error-codes.ts; a test holds them against it). */

const REASONS: ReadonlyMap<string, string> = new Map([
  ['2001', 'unknown gateway'],
  ['2003', 'rate limited'],
  ['2005', 'no answer from the provider'],
  ['2008', 'unknown provider'],
  ['2009', 'unauthorized'],
  ['2040', 'no such provider key'],
  ['9001', 'unusable header'],
  ['9002', 'malformed request'],
  ['9003', 'not allowed'],
  ['9004', 'body too large'],
  ['9005', 'quota used up'],
  ['9006', 'unavailable'],
  ['9007', 'loop'],
]);

/** `2003 rate limited`; a code that this build does not know stands alone. */
export function errorText(code: number | string): string {
  const reason = REASONS.get(String(code));
  return reason === undefined ? String(code) : `${code} ${reason}`;
}
