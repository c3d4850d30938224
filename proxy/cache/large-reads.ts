/**
 * Large answers on their way from Redis: one at a time of each, a few of all at a time, so that neither this process'
 * memory nor the connection that small ones come by is one tenant's. Whoever finds too many before him finds nothing.
 */
import type { Redis } from 'ioredis';
import { Turns } from '../../platform/turns.js';

/** Answers that are read at a time. */
const READING_MAX = 2;
/** Answers that wait for them. */
const WAITING_MAX = 6;

export class LargeReads {
  private readonly reads = new Map<string, Promise<Buffer | null>>();
  private readonly turns = new Turns(READING_MAX, WAITING_MAX);

  constructor(private readonly redis: Pick<Redis, 'getBuffer'>) {}

  /** What stands under the key; null: nothing, or it is not this one's turn. Rejects when Redis does not tell. */
  read(key: string): Promise<Buffer | null> {
    const known = this.reads.get(key);
    if (known !== undefined) return known;
    if (this.turns.isFull) return Promise.resolve(null);
    const read = this.turns.run(() => this.redis.getBuffer(key)).finally(() => this.reads.delete(key));
    this.reads.set(key, read);
    return read;
  }
}
