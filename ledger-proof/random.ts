/** Seeded choices: the same seed gives the same requests and the same faults. Mulberry32, which is enough for that. */
const STEP = 0x6d2b79f5;
const RANGE = 2 ** 32;

export class Random {
  private state: number;

  /** `part` sets apart the sequences that one seed is asked for. */
  constructor(seed: number, part = 0) {
    this.state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(part + 1, 0x85ebca6b)) >>> 0;
  }

  /** 0 … 1, without the 1 */
  fraction(): number {
    this.state = (this.state + STEP) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / RANGE;
  }

  /** a whole number, both ends included */
  integer(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  isBelow(share: number): boolean {
    return this.fraction() < share;
  }

  /** The same items in another order. */
  shuffled<T>(items: readonly T[]): T[] {
    const keyed = items.map((item) => ({ item, key: this.fraction() }));
    return keyed.toSorted((a, b) => a.key - b.key).map(({ item }) => item);
  }
}
