/**
 * What requests ask of a store, as one command for many of them: beneath a command lie a system call that wakes the store, a
 * deadline and a reply, which cost several times what one more item in it does (docs/performance.md). What one turn of the
 * event loop asks for goes together; while a command under the same key is on its way, what comes waits for its reply,
 * and goes with all that came meanwhile. A store that is at rest is asked at once, and a busy one in few commands.
 */
interface Batch<Item, Told> {
  readonly items: Item[];
  readonly waiting: { resolve(told: Told): void; reject(error: unknown): void }[];
  weight: number;
}

/** What is asked under one key. It stays while others come and go: a map whose entries do keeps what they referred to. */
interface Lane<Key, Item, Told> {
  readonly key: Key;
  /** null: nothing waits */
  filling: Batch<Item, Told> | null;
  commands: number;
  /** it sends what waits at the end of the turn */
  isDue: boolean;
}

export interface TurnBatchesOptions<Key, Item, Told> {
  /** a batch that would weigh more with another one like its last is sent at once */
  readonly weightMax: number;
  /** what there is to say to each item, in their order */
  readonly send: (key: Key, items: readonly Item[]) => Promise<readonly Told[]>;
}

/** Lanes that are kept though nothing is in them. */
const LANES_MAX = 1_024;

export class TurnBatches<Key, Item, Told> {
  private lanes = new Map<Key, Lane<Key, Item, Told>>();
  private due: Lane<Key, Item, Told>[] = [];

  constructor(private readonly options: TurnBatchesOptions<Key, Item, Told>) {}

  /** Only items with the same key go together. Rejects with what `send` does, also for those that were in front. */
  ask(key: Key, item: Item, weight = 1): Promise<Told> {
    return new Promise((resolve, reject) => {
      const lane = this.lanes.get(key) ?? this.newLane(key);
      const batch = (lane.filling ??= { items: [], waiting: [], weight: 0 });
      batch.items.push(item);
      batch.waiting.push({ resolve, reject });
      batch.weight += weight;
      if (batch.weight + weight > this.options.weightMax) void this.send(lane);
      else if (lane.commands === 0) this.schedule(lane);
    });
  }

  private newLane(key: Key): Lane<Key, Item, Told> {
    if (this.lanes.size >= LANES_MAX) {
      this.lanes = new Map([...this.lanes].filter(([, { filling, commands }]) => filling !== null || commands > 0));
    }
    const lane = { key, filling: null, commands: 0, isDue: false };
    this.lanes.set(key, lane);
    return lane;
  }

  private schedule(lane: Lane<Key, Item, Told>): void {
    if (lane.isDue) return;
    lane.isDue = true;
    this.due.push(lane);
    if (this.due.length === 1) setImmediate(this.sendDue);
  }

  private readonly sendDue = (): void => {
    const { due } = this;
    this.due = [];
    for (const lane of due) {
      lane.isDue = false;
      void this.send(lane);
    }
  };

  /** Never rejects. */
  private async send(lane: Lane<Key, Item, Told>): Promise<void> {
    const batch = lane.filling;
    if (batch === null) return;
    lane.filling = null;
    lane.commands += 1;
    const { items, waiting } = batch;
    try {
      const told = await this.options.send(lane.key, items);
      if (told.length !== items.length) throw new Error('the store did not answer to everything');
      for (const [index, { resolve }] of waiting.entries()) resolve(told[index] as Told); // one for each, as was just seen
    } catch (error) {
      for (const { reject } of waiting) reject(error);
      this.failWaiting(lane, error);
    }
    lane.commands -= 1;
    if (lane.commands === 0 && lane.filling !== null) this.schedule(lane);
  }

  /** Who waited for a command that failed has waited for as long as one may: nobody waits for two deadlines. */
  private failWaiting(lane: Lane<Key, Item, Told>, error: unknown): void {
    const behind = lane.filling;
    if (behind === null || lane.isDue) return;
    lane.filling = null;
    for (const { reject } of behind.waiting) reject(error);
  }
}
