/**
 * How long a worker that has ended is waited for before another one takes its place: longer each time, within a bound.
 */

const DELAY_MS_MIN = 100;
const DELAY_MS_MAX = 10_000;
/** One that has served for so long did not fail for what its predecessors did. */
const SOUND_MS = 60_000;

export class BackOff {
  private failures = 0;

  /** The delay after an end; `livedMs`: how long it lived. */
  next(livedMs: number): number {
    if (livedMs >= SOUND_MS) this.failures = 0;
    const delayMs = Math.min(DELAY_MS_MIN * 2 ** this.failures, DELAY_MS_MAX);
    this.failures += 1;
    return delayMs;
  }
}
