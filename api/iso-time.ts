/** Times as queries name them. */

const ISO_TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/i;
/** the end of the year 9999 */
const MS_MAX = 253_402_300_799_999;

/**
 * Milliseconds since 1970 of a time with its zone, or of a day in UTC (RFC 3339). null: it is neither, or not of 1970
 * to 9999; a time without a zone would be another wherever the api runs.
 */
export function isoTimeMs(text: string): number | null {
  const ms = ISO_TIME.test(text) ? Date.parse(text) : Number.NaN;
  return ms >= 0 && ms <= MS_MAX ? ms : null;
}

/** Nothing was recorded before 1970, and Postgres has no year 0. */
export const notBefore1970 = (at: Date): Date => new Date(Math.max(at.getTime(), 0));
