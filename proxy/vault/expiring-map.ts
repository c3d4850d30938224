/**
 * Values that live for one span of time after they were put in, however often they are read, and are let go of at its
 * end also when nobody asks. At most `entriesMax`: then the oldest goes first, and is counted.
 */
interface Entry<V> {
  readonly value: V;
  readonly expiresAtMs: number;
}

export class ExpiringMap<V> {
  evicted = 0;
  /** in the order of expiry, because all live equally long */
  private readonly entries = new Map<string, Entry<V>>();
  private sweep: NodeJS.Timeout | null = null;

  constructor(
    private readonly entriesMax: number,
    private readonly lifeMs: number,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  get(key: string): V | undefined {
    const entry = this.entries.get(key);
    // Monotonic time: a clock that is set back must not make a value live longer.
    return entry !== undefined && entry.expiresAtMs > performance.now() ? entry.value : undefined;
  }

  set(key: string, value: V): void {
    this.entries.delete(key);
    const [oldest] = this.entries.keys();
    if (oldest !== undefined && this.entries.size >= this.entriesMax) {
      this.entries.delete(oldest);
      this.evicted += 1;
    }
    this.entries.set(key, { value, expiresAtMs: performance.now() + this.lifeMs });
    this.sweep ??= this.sweepIn(this.lifeMs);
  }

  clear(): void {
    this.entries.clear();
    if (this.sweep !== null) clearTimeout(this.sweep);
    this.sweep = null;
  }

  private sweepIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.dropExpired(), ms).unref();
  }

  private dropExpired(): void {
    this.sweep = null;
    for (const [key, { expiresAtMs }] of this.entries) {
      const leftMs = expiresAtMs - performance.now();
      if (leftMs > 0) {
        this.sweep = this.sweepIn(leftMs);
        return;
      }
      this.entries.delete(key);
    }
  }
}
