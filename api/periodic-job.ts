/** What the api does again and again besides answering. */

export interface JobTimes {
  /** from the start to the first run */
  readonly firstMs: number;
  /** from the end of a run to the next one */
  readonly everyMs: number;
}

/** Runs a job again and again, never twice at a time. The job tells itself what went wrong: it never rejects. */
export class PeriodicJob {
  /** whether it has to begin nothing more: a run that takes long looks here */
  isStopped = false;
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly run: () => Promise<void>,
    private readonly times: JobTimes,
  ) {}

  start(): void {
    this.wait(this.times.firstMs);
  }

  /** Begins nothing more and waits for what runs, at most `withinMs`. */
  async stop(withinMs: number): Promise<void> {
    this.isStopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    let limit: NodeJS.Timeout | undefined;
    await Promise.race([this.running, new Promise<void>((resolve) => (limit = setTimeout(resolve, withinMs)))]);
    clearTimeout(limit);
  }

  private wait(delayMs: number): void {
    this.timer = setTimeout(() => {
      this.running = this.run().finally(() => {
        if (!this.isStopped) this.wait(this.times.everyMs);
      });
    }, delayMs).unref();
  }
}
