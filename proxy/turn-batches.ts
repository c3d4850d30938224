/**
 * What requests ask of a store in one turn of the event loop (and what waits to be told to it) is one command: beneath
 * a command lie a system call, a deadline and a reply, which cost several times what one more key in it does
 * (docs/performance.md).
 */
import { tell, type Asker } from './asker.js';

/** How long an item for which nobody waits is held back, for others to come. */
const ALONG_MS = 3;

/** Items in their order: an array, or whoever makes more of them as they come. */
export interface Items<Item> extends Iterable<Item> {
  readonly length: number;
  push(item: Item): void;
}

class Batch<Item extends Asker<Told>, Told, Gathered extends Items<Item>> implements Asker<readonly Told[]> {
  weight = 0;
  isAwaited = false;

  constructor(readonly items: Gathered) {}

  told(answers: readonly Told[]): void {
    if (answers.length !== this.items.length) throw new Error('the store did not answer to everything');
    let index = 0;
    for (const item of this.items) tell(item, answers[index++] as Told); // one for each, as was just seen
  }

  failed(error: unknown): void {
    for (const item of this.items) item.failed(error);
  }
}

export interface TurnBatchesOptions<Key, Item, Told, Gathered extends Items<Item>> {
  /** a batch that would weigh more with another one like its last is sent at once */
  readonly weightMax: number;
  /** what the items of a batch are gathered in */
  readonly open: () => Gathered;
  /** asks for all items; what there is to say to each is told in their order. What it throws is a failure, too. */
  readonly send: (key: Key, items: Gathered, asker: Asker<readonly Told[]>) => void;
}

export class TurnBatches<Key, Item extends Asker<Told>, Told, Gathered extends Items<Item> = Item[]> {
  /**
   * A map of its own for each turn. One that is cleared or grows has its entries in a new table each time, to which the
   * old one refers: in the old generation it keeps every later turn's batches alive until the next full collection.
   */
  private batches = new Map<Key, Batch<Item, Told, Gathered>>();
  private isScheduled = false;
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly options: TurnBatchesOptions<Key, Item, Told, Gathered>) {}

  /** Only items with the same key go together. One may fail before this returns. */
  ask(key: Key, item: Item, weight = 1): void {
    const batch = this.gather(key, item, weight);
    if (batch === null) return;
    batch.isAwaited = true;
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(this.sendAwaited);
  }

  /**
   * The same of an item for which nobody waits: it goes in front of what is asked under its key next, or by itself in
   * `ALONG_MS`.
   */
  askAlong(key: Key, item: Item, weight = 1): void {
    const batch = this.gather(key, item, weight);
    if (batch !== null && !batch.isAwaited) this.timer ??= setTimeout(() => this.sendAll(), ALONG_MS);
  }

  /** Sends what waits now, in its order before anything that the store is asked later. */
  sendAll(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const { batches } = this;
    this.batches = new Map();
    for (const [key, batch] of batches) this.send(key, batch);
  }

  /** The batch in which an item waits now; null: it is full, and was sent. */
  private gather(key: Key, item: Item, weight: number): Batch<Item, Told, Gathered> | null {
    let batch = this.batches.get(key);
    if (batch === undefined) this.batches.set(key, (batch = new Batch<Item, Told, Gathered>(this.options.open())));
    batch.items.push(item);
    batch.weight += weight;
    if (batch.weight + weight <= this.options.weightMax) return batch;
    this.batches.delete(key);
    this.send(key, batch);
    return null;
  }

  private readonly sendAwaited = (): void => {
    this.isScheduled = false;
    const { batches } = this;
    this.batches = new Map();
    // Before any is sent: whoever hears at once that it failed may ask again.
    for (const [key, batch] of batches) if (!batch.isAwaited) this.batches.set(key, batch);
    for (const [key, batch] of batches) if (batch.isAwaited) this.send(key, batch);
  };

  private send(key: Key, batch: Batch<Item, Told, Gathered>): void {
    try {
      this.options.send(key, batch.items, batch);
    } catch (error) {
      batch.failed(error);
    }
  }
}
