/**
 * What an api does besides answering: each job is done by whichever api is free, or does no harm when several do it.
 */
import type { Logger } from '../platform/logger.js';
import { createPool } from '../platform/postgres.js';
import type { ApiConfig } from './config.js';
import { ROLLUP_STATEMENT_MS, UsageRollup } from './modules/analytics/index.js';
import { dropOldEvents } from './modules/audit/index.js';
import { dropOldVersions } from './modules/gateway/index.js';
import { LedgerUpkeep, UPKEEP_STATEMENT_MS } from './modules/ledger/index.js';
import { dropOldChanges } from './policy-publisher/index.js';
import type { Services } from './services.js';

const DROPS_MS = 10 * 60_000;
/** How much longer than its statement's own limit a job waits for Postgres. */
const STATEMENT_ROOM_MS = 12_000;

export interface JobDeps {
  readonly services: Services;
  readonly config: ApiConfig;
  readonly logger: Logger;
  readonly onError: (error: Error) => void;
}

export interface Jobs {
  /** Resolves when none runs any more; a statement that runs longer is given up, and rolled back. */
  stop(withinMs: number): Promise<void>;
}

export function startJobs({ services, config, logger, onError }: JobDeps): Jobs {
  const ledgerUpkeep = keepUpLedger(config, logger, onError);
  const rollup = rollUpUsage(config, logger, onError);
  const { database, accountErasure, requestCounts } = services;
  accountErasure.start();
  requestCounts.start();
  const drops = setInterval(() => {
    dropOldChanges(database).catch(onError);
    dropOldEvents(database, config.ledgerRetentionDays).catch(onError);
    dropOldVersions(database, config.ledgerRetentionDays).catch(onError);
  }, DROPS_MS).unref();
  return {
    async stop(withinMs) {
      clearInterval(drops);
      const running = [ledgerUpkeep, rollup, accountErasure, requestCounts];
      await Promise.all(running.map((job) => job.stop(withinMs)));
    },
  };
}

/** One connection of its own, opened for a run and closed when it idles: its statements may take minutes. */
function keepUpLedger(config: ApiConfig, logger: Logger, onError: (error: Error) => void): LedgerUpkeep {
  const options = { connectionString: config.database.url, applicationName: 'tollgate-upkeep', connectionsMax: 1 };
  const pool = createPool({ ...options, statementTimeoutMs: UPKEEP_STATEMENT_MS + STATEMENT_ROOM_MS }, onError);
  const upkeep = new LedgerUpkeep({ pool, logger, retentionDays: config.ledgerRetentionDays });
  upkeep.start();
  return upkeep;
}

/** One connection of its own, for it works every few seconds. */
function rollUpUsage(config: ApiConfig, logger: Logger, onError: (error: Error) => void): UsageRollup {
  const options = { connectionString: config.database.url, applicationName: 'tollgate-rollup', connectionsMax: 1 };
  const pool = createPool({ ...options, statementTimeoutMs: ROLLUP_STATEMENT_MS + STATEMENT_ROOM_MS }, onError);
  const rollup = new UsageRollup(pool, logger);
  rollup.start();
  return rollup;
}
