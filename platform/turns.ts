/** A few jobs at a time; the others wait in order of arrival. */

/**
 * Runs at most `max` jobs at a time. One that ends hands its place to the first that waits: it is never free in
 * between, so that whoever comes just then neither passes the bound nor goes ahead. `waitingMax`: how many may wait
 * before it is full.
 */
export class Turns {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly max: number,
    private readonly waitingMax = Infinity,
  ) {}

  /** Whether as many run and wait as may: whoever has another job refuses it. */
  get isFull(): boolean {
    return this.running >= this.max && this.waiting.length >= this.waitingMax;
  }

  /** Runs the job when it is its turn: at once where there is room. It refuses none, full or not. */
  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.running >= this.max) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running += 1;
    try {
      return await job();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }
}
