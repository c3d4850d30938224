/**
 * Values that live for one span of time after they were put in, however often they are read, and are let go of at its
 * end also when nobody asks. At most `entriesMax`, and `sizeMax` together: then the oldest goes first, and is counted.
 */
interface Entry<V> {
  readonly value: V;
  readonly size: number;
  readonly expiresAtMs: number;
}

export class ExpiringMap<V> {
  evicted = 0;
  /** in the order of expiry, because all live equally long */
  private readonly entries = new Map<string, Entry<V>>();
  private sweep: NodeJS.Timeout | null = null;
  private sizes = 0;

  constructor(
    private readonly entriesMax: number,
    private readonly lifeMs: number,
    private readonly sizeMax = Infinity,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  get(key: string): V | undefined {
    const entry = this.entries.get(key);
    // Monotonic time: a clock that is set back must not make a value live longer.
    return entry !== undefined && entry.expiresAtMs > performance.now() ? entry.value : undefined;
  }

  /** `size`: whatever `sizeMax` counts; one that is greater by itself is held alone. */
  set(key: string, value: V, size = 0): void {
    this.drop(key);
    for (const oldest of this.entries.keys()) {
      if (this.entries.size < this.entriesMax && this.sizes + size <= this.sizeMax) break;
      this.drop(oldest);
      this.evicted += 1;
    }
    this.entries.set(key, { value, size, expiresAtMs: performance.now() + this.lifeMs });
    this.sizes += size;
    this.sweep ??= this.sweepIn(this.lifeMs);
  }

  clear(): void {
    this.entries.clear();
    this.sizes = 0;
    if (this.sweep !== null) clearTimeout(this.sweep);
    this.sweep = null;
  }

  private drop(key: string): void {
    this.sizes -= this.entries.get(key)?.size ?? 0;
    this.entries.delete(key);
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
      this.drop(key);
    }
  }
}
