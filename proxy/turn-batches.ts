/**
 * What requests ask of a store in one turn of the event loop, as one command for all of them: beneath a command lie a
 * system call, a deadline and a reply, which cost several times what one more key in it does (docs/performance.md).
 */

/**
 * Who asked: one of the two is called, once. A promise here led to others on the way to the pipeline: a request under a limit and with a
 * cache waited for eleven, and now for four.
 */
export interface Asker<Told> {
  /** What it throws, `failed` hears of. */
  told(answer: Told): void;
  /** Never throws. */
  failed(error: unknown): void;
}

/** Tells an answer of which its asker may be unable to make anything: whoever else waits hears of his own all the same. */
export function tell<Told>(asker: Asker<Told>, answer: Told): void {
  try {
    asker.told(answer);
  } catch (error) {
    asker.failed(error);
  }
}

interface Batch<Item> {
  readonly items: Item[];
  weight: number;
}

export interface TurnBatchesOptions<Key, Item, Told> {
  /** a batch that would weigh more with another one like its last is sent at once */
  readonly weightMax: number;
  /** what there is to say to each item, in their order */
  readonly send: (key: Key, items: readonly Item[]) => Promise<readonly Told[]>;
}

export class TurnBatches<Key, Item extends Asker<Told>, Told> {
  /**
   * A map of its own for each turn. One that is cleared or grows has its entries in a new table each time, to which the old
   * one refers: in the old generation it keeps every later turn's batches alive until the next full collection.
   */
  private batches = new Map<Key, Batch<Item>>();
  private isScheduled = false;

  constructor(private readonly options: TurnBatchesOptions<Key, Item, Told>) {}

  /** Only items with the same key go together. Fails with what `send` rejects with. */
  ask(key: Key, item: Item, weight = 1): void {
    let batch = this.batches.get(key);
    if (batch === undefined) this.batches.set(key, (batch = { items: [], weight: 0 }));
    batch.items.push(item);
    batch.weight += weight;
    if (batch.weight + weight > this.options.weightMax) {
      this.batches.delete(key);
      void this.send(key, batch.items);
    } else if (!this.isScheduled) {
      this.isScheduled = true;
      setImmediate(this.sendAll);
    }
  }

  private readonly sendAll = (): void => {
    this.isScheduled = false;
    const { batches } = this;
    this.batches = new Map();
    for (const [key, { items }] of batches) void this.send(key, items);
  };

  /** Never rejects. */
  private async send(key: Key, items: readonly Item[]): Promise<void> {
    let told: readonly Told[];
    try {
      told = await this.options.send(key, items);
      if (told.length !== items.length) throw new Error('the store did not answer to everything');
    } catch (error) {
      for (const item of items) item.failed(error);
      return;
    }
    for (const [index, item] of items.entries()) tell(item, told[index] as Told); // one for each, as was just seen
  }
}
