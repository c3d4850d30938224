/**
 * The room that recalculations have. Each holds a connection to Postgres as long as it runs, of the few that all
 * accounts share: one that finds no room is refused before it takes one.
 */
import type { AccountId } from '../../../schema/contracts/ids.js';
import { rateLimited, type ApiError } from '../../errors.js';

/** Of an api at a time; one of each account. */
const RUNS_MAX = 2;

export class RecalculationRoom {
  private readonly running = new Set<AccountId>();
  /** recalculations refused for want of room */
  refused = 0;

  async enter<T>(accountId: AccountId, work: () => Promise<T>): Promise<T> {
    if (this.running.has(accountId)) throw this.taken();
    if (this.running.size >= RUNS_MAX) throw this.full('Too many recalculations run now: try again later.');
    this.running.add(accountId);
    try {
      return await work();
    } finally {
      this.running.delete(accountId);
    }
  }

  /** Another one of the account runs, here or at another api. */
  taken(): ApiError {
    return this.full('A recalculation of this account runs now: try again later.');
  }

  private full(message: string): ApiError {
    this.refused++;
    return rateLimited(message);
  }
}
