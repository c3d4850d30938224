/**
 * How a proxy begins: with what the stores say; or, while Postgres is away, with what an earlier process of this
 * machine knew. Then it asks again until Postgres answers, and is a proxy like any other from there on.
 */
import { UnfitDatabase } from '../platform/database-check.js';
import type { Logger } from '../platform/logger.js';
import type { PolicySnapshot } from './policy-cache/policy-snapshot.js';
import type { PostgresReach } from './policy-cache/postgres-reach.js';

const RETRY_MS = 700;

export interface StartUpDeps {
  /**
   * Asks Postgres for all that a proxy needs to know before it serves. Throws UnfitDatabase for what waiting does not
   * mend.
   */
  readonly askStores: () => Promise<void>;
  readonly snapshot: Pick<PolicySnapshot, 'restore'>;
  readonly reach: PostgresReach;
  readonly log: Logger;
}

export class StartUp {
  /** since its start the stores have not answered */
  isWithoutStores = false;
  private isStopped = false;
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly deps: StartUpDeps) {}

  /**
   * Resolves when the proxy can serve. Throws when it cannot: the database is unfit, or away with nothing kept to serve
   * from. `onUnfit` hears of a database that turns out to be unfit when it is back.
   */
  async begin(onUnfit: (error: Error) => void): Promise<void> {
    const { askStores, snapshot, reach, log } = this.deps;
    const isRestored = await snapshot.restore();
    try {
      await askStores();
    } catch (error) {
      if (!isRestored || error instanceof UnfitDatabase) throw error;
      log.warn({ err: error }, 'Postgres cannot be asked; the proxy serves what was known before, from its disk');
      reach.setAway();
      this.isWithoutStores = true;
      this.askAgain(onUnfit);
    }
  }

  stop(): void {
    this.isStopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private askAgain(onUnfit: (error: Error) => void): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => {
      this.deps.askStores().then(
        () => {
          this.isWithoutStores = false;
          this.deps.log.info('Postgres answers; the proxy has caught up');
        },
        (error: unknown) => {
          if (error instanceof UnfitDatabase && !this.isStopped) onUnfit(error);
          else this.askAgain(onUnfit);
        },
      );
    }, RETRY_MS);
  }
}
