/** Who asks a store, and is called with its answer. */

/**
 * One of the two is called, once. A promise here led to others on the way to the pipeline: a request under a limit and
 * with a cache waited for eleven, and now for four.
 */
export interface Asker<Told> {
  /** What it throws, `failed` hears of. */
  told(answer: Told): void;
  /** Never throws. */
  failed(error: unknown): void;
}

/**
 * Tells an answer of which its asker may be unable to make anything: whoever else waits hears of his own all the same.
 */
export function tell<Told>(asker: Asker<Told>, answer: Told): void {
  try {
    asker.told(answer);
  } catch (error) {
    asker.failed(error);
  }
}
