/** Moments as `datetime-local` has them: in the viewer's zone, without naming it. */

/** `2026-11-28T16:05`. */
export function localInput(at: Date): string {
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** As the api takes it; null: it is empty, or no moment. */
export function momentOf(text: string): string | null {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}
