/**
 * What requests ask of a store in one turn of the event loop, as one command for all of them: beneath a command lie a
 * system call, a deadline and a reply, which cost several times what one more key in it does (docs/performance.md).
 */
interface Batch<Item, Told> {
  readonly items: Item[];
  readonly waiting: { resolve(told: Told): void; reject(error: unknown): void }[];
  weight: number;
}

export interface TurnBatchesOptions<Key, Item, Told> {
  /** a batch that would weigh more with another one like its last is sent at once */
  readonly weightMax: number;
  /** what there is to say to each item, in their order */
  readonly send: (key: Key, items: readonly Item[]) => Promise<readonly Told[]>;
}

export class TurnBatches<Key, Item, Told> {
  /**
   * A map of its own for each turn. One that is cleared or grows has its entries in a new table each time, to which the old
   * one refers: in the old generation it keeps every later turn's batches alive until the next full collection.
   */
  private batches = new Map<Key, Batch<Item, Told>>();
  private isScheduled = false;

  constructor(private readonly options: TurnBatchesOptions<Key, Item, Told>) {}

  /** Only items with the same key go together. Rejects with what `send` does. */
  ask(key: Key, item: Item, weight = 1): Promise<Told> {
    return new Promise((resolve, reject) => {
      let batch = this.batches.get(key);
      if (batch === undefined) this.batches.set(key, (batch = { items: [], waiting: [], weight: 0 }));
      batch.items.push(item);
      batch.waiting.push({ resolve, reject });
      batch.weight += weight;
      if (batch.weight + weight > this.options.weightMax) {
        this.batches.delete(key);
        void this.send(key, batch);
      } else if (!this.isScheduled) {
        this.isScheduled = true;
        setImmediate(this.sendAll);
      }
    });
  }

  private readonly sendAll = (): void => {
    this.isScheduled = false;
    const { batches } = this;
    this.batches = new Map();
    for (const [key, batch] of batches) void this.send(key, batch);
  };

  /** Never rejects. */
  private async send(key: Key, { items, waiting }: Batch<Item, Told>): Promise<void> {
    try {
      const told = await this.options.send(key, items);
      if (told.length !== items.length) throw new Error('the store did not answer to everything');
      for (const [index, { resolve }] of waiting.entries()) resolve(told[index] as Told); // one for each, as was just seen
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
