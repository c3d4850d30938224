/**
 * Waiting for something to become true, in place of sleeping: as short as possible, and a failure says what was
 * awaited.
 */
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Between two looks: little at first, then a fortieth of what has been waited, for many looks cost requests and
 * statements, and take the core from what is waited for. Not more, or what is true for moments at a time would not be
 * seen.
 */
const PAUSE_MS = { min: 5, max: 20, share: 1 / 40 };
/** What is awaited comes within milliseconds: this much is for a machine that has much else to do. */
const DEADLINE_MS = 6_000;

/**
 * Resolves with the first value of `condition` that is neither false, null nor undefined. A throwing condition counts
 * as "not yet". Throws after `deadlineMs`, naming `reason` (what was awaited, as a clause: "the row is written").
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  reason: string,
  deadlineMs = DEADLINE_MS,
): Promise<Exclude<T, false | null | undefined>> {
  const startedMs = performance.now();
  let lastError: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (isThere(value)) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    const waitedMs = performance.now() - startedMs;
    if (waitedMs > deadlineMs) throw new Error(`Not within ${deadlineMs} ms: ${reason}`, { cause: lastError });
    await delay(Math.min(Math.max(waitedMs * PAUSE_MS.share, PAUSE_MS.min), PAUSE_MS.max));
  }
}

const isThere = <T>(value: T): value is Exclude<T, false | null | undefined> =>
  value !== false && value !== null && value !== undefined;
