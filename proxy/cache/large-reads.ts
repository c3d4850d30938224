/**
 * Large answers on their way from Redis: one at a time of each, a few of all at a time, so that neither this process'
 * memory nor the connection that small ones come by is one tenant's. Whoever finds too many before him finds nothing.
 */
import type { Redis } from 'ioredis';
import { Turns } from '../../platform/turns.js';

/** Instead of an answer: a large one stands there, and could not be read now. */
export const UNREAD = 'UNREAD';

/** Answers that are read at a time. */
const READING_MAX = 2;
/** Answers that wait for them. */
const WAITING_MAX = 6;

export class LargeReads {
  private readonly reads = new Map<string, Promise<Buffer | null>>();
  private readonly turns = new Turns(READING_MAX, WAITING_MAX);

  constructor(private readonly redis: Pick<Redis, 'getBuffer'>) {}

  /** What stands under the key; null: nothing; UNREAD: too many are before it. Rejects when Redis does not tell. */
  read(key: string): Promise<Buffer | typeof UNREAD | null> {
    const known = this.reads.get(key);
    if (known !== undefined) return known;
    if (this.turns.isFull) return Promise.resolve(UNREAD);
    const read = this.turns.run(() => this.redis.getBuffer(key)).finally(() => this.reads.delete(key));
    this.reads.set(key, read);
    return read;
  }
}
