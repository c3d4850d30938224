/** A bounded number of places, of which each holder has at most so many. */
export class Places {
  /** those that are held now */
  taken = 0;
  private readonly ofHolder = new Map<string, number>();

  constructor(
    private readonly total: number,
    private readonly ofOne: number,
  ) {}

  /** What gives the place back, to be called once; null: there is none. */
  take(holder: string): (() => void) | null {
    const held = this.ofHolder.get(holder) ?? 0;
    if (this.taken >= this.total || held >= this.ofOne) return null;
    this.taken++;
    this.ofHolder.set(holder, held + 1);
    return () => {
      this.taken--;
      const others = (this.ofHolder.get(holder) ?? 1) - 1;
      if (others === 0) this.ofHolder.delete(holder);
      else this.ofHolder.set(holder, others);
    };
  }
}
