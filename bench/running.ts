/** What a run has started. Stopped in reverse order, once, whether the run ended, failed or was interrupted. */
interface Stoppable {
  stop(): Promise<void>;
}

export class Running {
  private readonly starting: Promise<Stoppable>[] = [];
  private isStopping = false;

  /** Notes it from the moment its start begins, so that an interrupt half-way stops it too. */
  async add<T extends Stoppable>(start: () => Promise<T>): Promise<T> {
    if (this.isStopping) throw new Error('the bench was stopped');
    const starting = start();
    this.starting.push(starting);
    return starting;
  }

  async stopAll(): Promise<void> {
    this.isStopping = true;
    for (const starting of this.starting.toReversed()) {
      const started = await starting.catch(() => null); // what never came up has nothing to stop
      await started?.stop();
    }
  }
}
