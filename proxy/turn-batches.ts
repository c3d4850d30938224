/**
 * What requests ask of a store in one turn of the event loop, as one command for all of them: beneath a command lie a
 * system call, a deadline and a reply, which cost several times what one more key in it does (docs/performance.md).
 */
import { tell, type Asker } from './asker.js';

class Batch<Item extends Asker<Told>, Told> implements Asker<readonly Told[]> {
  readonly items: Item[] = [];
  weight = 0;

  told(answers: readonly Told[]): void {
    if (answers.length !== this.items.length) throw new Error('the store did not answer to everything');
    for (const [index, item] of this.items.entries()) tell(item, answers[index] as Told); // one for each, as was just seen
  }

  failed(error: unknown): void {
    for (const item of this.items) item.failed(error);
  }
}

export interface TurnBatchesOptions<Key, Item, Told> {
  /** a batch that would weigh more with another one like its last is sent at once */
  readonly weightMax: number;
  /** asks for all items; what there is to say to each is told in their order. What it throws is a failure, too. */
  readonly send: (key: Key, items: readonly Item[], asker: Asker<readonly Told[]>) => void;
}

export class TurnBatches<Key, Item extends Asker<Told>, Told> {
  /**
   * A map of its own for each turn. One that is cleared or grows has its entries in a new table each time, to which the old
   * one refers: in the old generation it keeps every later turn's batches alive until the next full collection.
   */
  private batches = new Map<Key, Batch<Item, Told>>();
  private isScheduled = false;

  constructor(private readonly options: TurnBatchesOptions<Key, Item, Told>) {}

  /** Only items with the same key go together. One may fail before this returns. */
  ask(key: Key, item: Item, weight = 1): void {
    let batch = this.batches.get(key);
    if (batch === undefined) this.batches.set(key, (batch = new Batch()));
    batch.items.push(item);
    batch.weight += weight;
    if (batch.weight + weight > this.options.weightMax) {
      this.batches.delete(key);
      this.send(key, batch);
    } else if (!this.isScheduled) {
      this.isScheduled = true;
      setImmediate(this.sendAll);
    }
  }

  private readonly sendAll = (): void => {
    this.isScheduled = false;
    const { batches } = this;
    this.batches = new Map();
    for (const [key, batch] of batches) this.send(key, batch);
  };

  private send(key: Key, batch: Batch<Item, Told>): void {
    try {
      this.options.send(key, batch.items, batch);
    } catch (error) {
      batch.failed(error);
    }
  }
}
