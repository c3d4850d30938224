import { EventEmitter } from 'node:events';
import { expect, test } from '@jest/globals';
import type pg from 'pg';
import { inTransaction } from '../../../platform/postgres.js';

/** A connection that is lost at its first statement, as pg tells it: by an 'error' event and by every query's failure. */
class LostClient extends EventEmitter {
  released: unknown = 'not released';

  query(): Promise<never> {
    const error = new Error('Connection terminated unexpectedly');
    this.emit('error', error);
    return Promise.reject(error);
  }

  release(error: unknown): void {
    this.released = error;
  }
}

test('a connection that is lost within a transaction fails that transaction, not the process', async () => {
  const client = new LostClient();
  const pool = { connect: () => Promise.resolve(client) } as unknown as pg.Pool; // all that a transaction asks of it
  await expect(inTransaction(pool, 'tollgate_proxy', {}, () => Promise.resolve())).rejects.toThrow('terminated');
  expect(client.released).toBeInstanceOf(Error); // it leaves the pool
  expect(client.listenerCount('error')).toBe(0);
});
