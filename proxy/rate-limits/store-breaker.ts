/**
 * Whether Redis is worth asking: after failures in a row it is left alone for a while, then one request tries it again.
 */

const FAILURES_MAX = 5;
const PAUSE_MS = 1_000;

export class StoreBreaker {
  private failures = 0;
  private pausedUntilMs = 0;
  private isTrying = false;

  /** Times are of the monotonic clock. Whoever may ask says how it went. */
  mayAsk(nowMs: number): boolean {
    if (this.failures < FAILURES_MAX) return true;
    if (this.isTrying || nowMs < this.pausedUntilMs) return false;
    this.isTrying = true;
    return true;
  }

  succeeded(): void {
    this.failures = 0;
    this.isTrying = false;
  }

  failed(nowMs: number): void {
    this.failures += 1;
    this.isTrying = false;
    if (this.failures >= FAILURES_MAX) this.pausedUntilMs = nowMs + PAUSE_MS;
  }

  get isOpen(): boolean {
    return this.failures >= FAILURES_MAX;
  }
}
