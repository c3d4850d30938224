/**
 * Keeps the counts that quotas of requests go by from falling behind the ledger: proxies count in Redis, which may be
 * emptied, and a quota may be new. Every minute, and when a quota is set, what the ledger has is the least that is
 * counted.
 */
import type { Redis } from 'ioredis';
import type { Logger } from '../../../platform/logger.js';
import type { AccountId } from '../../../schema/contracts/ids.js';
import { monthlyRequestKeys, raiseCountScript } from '../../../schema/contracts/request-counts.js';
import { PeriodicJob } from '../../periodic-job.js';
import type { AccountOverviewQueries, RequestCount } from './account-overview.queries.js';

const RUN_EVERY_MS = 60_000;
const RAISE_LUA = raiseCountScript();

export interface RequestCountsDeps {
  readonly overviews: AccountOverviewQueries;
  readonly redis: Pick<Redis, 'eval'>;
  readonly logger: Logger;
}

export class RequestCounts {
  private readonly job = new PeriodicJob(() => this.raise(null), { firstMs: RUN_EVERY_MS, everyMs: RUN_EVERY_MS });

  constructor(private readonly deps: RequestCountsDeps) {}

  start(): void {
    this.job.start();
  }

  /** Begins nothing more and waits for what runs, at most `withinMs`. */
  stop(withinMs: number): Promise<void> {
    return this.job.stop(withinMs);
  }

  /** Raises what is counted of an account with a quota, or of all of them. Never rejects: the next run does it. */
  async raise(accountId: AccountId | null): Promise<void> {
    try {
      for (const count of await this.deps.overviews.requestCounts(accountId)) await this.raiseOne(count);
    } catch (error) {
      this.deps.logger.warn(
        { err: error },
        'what accounts had of their quotas was not compared with the ledger; it is tried again',
      );
    }
  }

  /** Never rejects: what is wrong with the counts of one account is nothing to the others. */
  private async raiseOne({ id, requests, month }: RequestCount): Promise<void> {
    const keys = monthlyRequestKeys(id);
    try {
      await this.deps.redis.eval(RAISE_LUA, keys.length, ...keys, month, requests);
    } catch (error) {
      this.deps.logger.warn(
        { err: error, accountId: id },
        'what an account had of its quota was not compared with the ledger; it is tried again',
      );
    }
  }
}
