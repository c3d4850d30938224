/** When the spool of this process is shipped: soon after something settled, again and again until Postgres takes it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FrameKey } from './frames.js';
import type { SpoolShipper } from './spool-shipper.js';

const RETRY_DELAY_MS_MIN = 100;
const FLUSH_PAUSE_MS = 10;

export interface ShippingOptions {
  readonly shipper: SpoolShipper;
  readonly intervalMs: number;
  readonly retryDelayMsMax: number;
  /** the number of the last record that was settled */
  readonly settledSeq: () => number;
  /** runs behind each run that was shipped: what the spool need not hold any more can go */
  readonly shipped: () => Promise<void>;
  readonly onProblem: (problem: string, error: unknown) => void;
}

export class Shipping {
  failed = 0;
  /** when the oldest record that may not be in Postgres was settled, as far as is known; null: all are there */
  private unshippedSinceMs: number | null = null;
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> | null = null;
  private retryDelayMs = 0;
  private isClosed = false;

  constructor(private readonly options: ShippingOptions) {}

  get lagMs(): number {
    return this.unshippedSinceMs === null ? 0 : Date.now() - this.unshippedSinceMs;
  }

  /** Something was settled. */
  schedule(): void {
    if (this.timer !== null || this.running !== null || this.isClosed) return;
    this.unshippedSinceMs ??= Date.now();
    const { intervalMs } = this.options;
    this.timer = setTimeout(() => void this.run(), Math.max(intervalMs, Math.random() * this.retryDelayMs));
  }

  /** Ships all that is settled; false at the deadline, when not all of it could be. */
  async flush(deadlineMs: number): Promise<boolean> {
    const until = performance.now() + deadlineMs;
    for (;;) {
      await (this.running ?? this.run());
      if (this.isShipped()) return true;
      const leftMs = until - performance.now();
      if (leftMs <= 0) return false;
      await delay(Math.min(leftMs, Math.max(FLUSH_PAUSE_MS, this.retryDelayMs)));
    }
  }

  /**
   * Ships frames that the disk does not take, behind all that it did. Rejects when Postgres does not take them either.
   */
  async shipFrames(frames: Buffer, key: FrameKey): Promise<void> {
    const { shipper, settledSeq } = this.options;
    while (this.running !== null) await this.running;
    let done = (): void => undefined;
    this.running = new Promise((resolve) => (done = resolve));
    try {
      while (await shipper.shipNext(settledSeq())) continue;
      await shipper.shipFrames(frames, key, settledSeq());
    } finally {
      this.running = null;
      done();
      if (this.isShipped()) this.unshippedSinceMs = null;
      else this.schedule();
    }
  }

  close(): void {
    this.isClosed = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private isShipped(): boolean {
    return this.options.shipper.shippedSeq >= this.options.settledSeq();
  }

  /** Ships what is there; never rejects. One shipment at a time: they share the memory of their rows. */
  private run(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.running !== null) return this.running; // frames that the disk does not take: what is left is scheduled then
    this.running = this.ship().finally(() => {
      this.running = null;
      if (!this.isShipped()) this.schedule();
    });
    return this.running;
  }

  private async ship(): Promise<void> {
    const { shipper, settledSeq, shipped, onProblem } = this.options;
    try {
      for (;;) {
        const beganMs = Date.now();
        const hasShipped = await shipper.shipNext(settledSeq());
        this.retryDelayMs = 0;
        if (hasShipped) this.unshippedSinceMs = this.isShipped() ? null : beganMs;
        else if (this.isShipped()) this.unshippedSinceMs = null;
        if (!hasShipped) return;
        await shipped();
        // What came meanwhile waits for the next interval: shipped at once, it would be a transaction for a few
        // records.
        if (!shipper.hasMore) return;
      }
    } catch (error) {
      this.failed += 1;
      this.retryDelayMs = Math.min(Math.max(this.retryDelayMs * 2, RETRY_DELAY_MS_MIN), this.options.retryDelayMsMax);
      onProblem('usage records could not be shipped; they are in the spool and tried again', error);
    }
  }
}
