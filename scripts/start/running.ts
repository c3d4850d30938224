/** What a start has running, so that an end at any moment, half-way through the start included, stops all of it. */
import { Child, type ChildOptions } from './child.js';

interface Stoppable {
  stop(): Promise<void>;
}

export class Running {
  private readonly tiers: Child[] = [];
  private readonly services: Promise<Stoppable>[] = [];
  private readonly failures: Promise<never>[] = [];
  private isEnding = false;

  /** Notes a service from the moment its start begins. Services stop after the tiers, the last one first. */
  service<T extends Stoppable>(starting: Promise<T>): Promise<T> {
    if (this.isEnding) throw new Error('stopped while starting');
    this.services.push(starting);
    return starting;
  }

  get hasTiers(): boolean {
    return this.tiers.length > 0;
  }

  tier(options: ChildOptions): Child {
    if (this.isEnding) throw new Error('stopped while starting');
    const tier = Child.start(options);
    this.tiers.push(tier);
    this.watch(tier.failed);
    return tier;
  }

  /** Counts a rejection of `failed` as a failure of the whole. */
  watch(failed: Promise<never>): void {
    this.failures.push(failed);
  }

  /** Rejects when a child ends unasked; otherwise pending for ever. */
  failed(): Promise<never> {
    return Promise.race(this.failures);
  }

  async stopTiers(): Promise<void> {
    this.isEnding = true;
    await Promise.all(this.tiers.map((tier) => tier.stop()));
  }

  async stopServices(): Promise<void> {
    for (const starting of this.services.toReversed()) {
      const service = await starting.catch(() => null); // one that never came up has nothing to stop
      await service?.stop();
    }
  }

  /** The tiers end at once, undrained. The services stay, and the next start adopts them. */
  killTiers(): void {
    for (const tier of this.tiers) tier.kill();
  }
}
