/** Spans of time as the ledger's columns hold them. */

/** 24 days. A clock that is set while a request runs must not make its record unwritable. */
export const DURATION_MS_MAX = 2 ** 31 - 1;

/** From one reading of the clock to the other, which may have been set in between. */
export const lasted = (fromMs: number, toMs: number): number => Math.min(Math.max(0, toMs - fromMs), DURATION_MS_MAX);
