/**
 * What one process has counted of guesses: sliding windows in bounded memory. Where there is no more room the key that
 * was tried longest ago is forgotten, which a guesser cannot use to reset one key without failing for thousands of
 * others from his own address first.
 */
import { LRUCache } from 'lru-cache';

/** One thing that is guessed at, or from where, and how many guesses it may have in a window. */
export interface GuessLimit {
  readonly key: string;
  readonly max: number;
}

const KEYS_MAX = 20_000;

export class LocalGuesses {
  /** keys that were forgotten before their window was over */
  forgotten = 0;
  private readonly guesses = new LRUCache<string, readonly number[]>({
    max: KEYS_MAX,
    dispose: (times, _key, reason) => {
      if (reason === 'evict' && this.recent(times).length > 0) this.forgotten += 1;
    },
  });

  constructor(
    private readonly windowMs: number,
    private readonly now: () => number,
  ) {}

  /** Counts a guess for all limits, or for none where one of them is reached; answers when it was counted. */
  count(limits: readonly GuessLimit[]): number | null {
    const known = limits.map(({ key }) => this.recent(this.guesses.get(key) ?? []));
    if (limits.some(({ max }, index) => (known[index]?.length ?? 0) >= max)) return null;
    const atMs = this.now();
    for (const [index, { key }] of limits.entries()) this.guesses.set(key, [...(known[index] ?? []), atMs]);
    return atMs;
  }

  /** Takes back one that was counted at a time. */
  takeBack(limits: readonly GuessLimit[], atMs: number): void {
    for (const { key } of limits) {
      const times = this.guesses.get(key) ?? [];
      const index = times.indexOf(atMs);
      if (index !== -1) this.guesses.set(key, times.toSpliced(index, 1));
    }
  }

  private recent(times: readonly number[]): readonly number[] {
    const since = this.now() - this.windowMs;
    return times.filter((at) => at > since);
  }
}
