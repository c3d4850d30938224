/**
 * The api's only way to the database: transactions that begin by taking the api's role and the settings that row-level
 * security reads. `inAccount` is for an account's data and wants its scope; `inLookup` is for what comes before an
 * account is known, and sees only what its settings present; `inProof` sees the numbers of all accounts' records alone,
 * `inOverview` accounts and their numbers.
 */
import pg from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { beginSql, type DatabaseRole, type ScopeSettings, type ScopeSetting } from '../../platform/postgres.js';
import { rateLimited } from '../errors.js';
import type { AccountScope } from './account-scope.js';
import { isPoolTimeout } from './sql-state.js';
import { TenantTransaction } from './tenant-transaction.js';

export interface DatabaseOptions {
  /** longest time that one statement may take on the server */
  readonly statementTimeoutMs: number;
  /** `row-level-security` leaves the explicit account filter out: a test's proof that the second wall holds alone */
  readonly isolation?: 'both' | 'row-level-security';
}

const SNAPSHOT = '; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY';

export class Database {
  /** transactions for which no connection of the pool was free in time */
  refused = 0;

  constructor(
    readonly dataSource: DataSource,
    private readonly options: DatabaseOptions,
  ) {}

  /** Runs `work` on one account's data; commits what it returns, rolls back what it throws. */
  inAccount<T>(scope: AccountScope, work: (tx: TenantTransaction) => Promise<T>): Promise<T> {
    return this.transaction('tollgate_api', { 'app.account': scope.accountId }, (manager) =>
      work(new TenantTransaction(manager, scope, this.filtered)),
    );
  }

  /** As `inAccount`, for reading alone: all statements see one moment, and wait for nobody. */
  inSnapshot<T>(scope: AccountScope, work: (tx: TenantTransaction) => Promise<T>): Promise<T> {
    const settings = { 'app.account': scope.accountId };
    const read = (manager: EntityManager) => work(new TenantTransaction(manager, scope, this.filtered));
    return this.transaction('tollgate_api', settings, read, SNAPSHOT);
  }

  /**
   * Runs `work` as the role that sees, of one account's records, where those with a pair of metadata lie: JSON, an
   * object of one member.
   */
  inMetadata<T>(scope: AccountScope, pair: string, work: (tx: TenantTransaction) => Promise<T>): Promise<T> {
    const settings = { 'app.account': scope.accountId, 'app.metadata': pair };
    return this.transaction('tollgate_log_finder', settings, (manager) =>
      work(new TenantTransaction(manager, scope, this.filtered)),
    );
  }

  /** Runs `work` with only what `settings` present made visible. */
  inLookup<T>(settings: ScopeSettings, work: (tx: LookupTransaction) => Promise<T>): Promise<T> {
    return this.transaction('tollgate_api', settings, (manager) => work(new LookupTransaction(manager, this.filtered)));
  }

  /** Runs `work` as the role of the gap check. */
  inProof<T>(work: (tx: LookupTransaction) => Promise<T>): Promise<T> {
    return this.transaction('tollgate_prover', {}, (manager) => work(new LookupTransaction(manager, this.filtered)));
  }

  /** Runs `work` as the role that removes what is too old to be kept, of all accounts, and sees nothing else of it. */
  inUpkeep<T>(work: (tx: LookupTransaction) => Promise<T>): Promise<T> {
    return this.transaction('tollgate_upkeep', {}, (manager) => work(new LookupTransaction(manager, this.filtered)));
  }

  /**
   * Runs `work` as the role of the operator's lists: accounts and numbers of all of them, and nothing that is in one.
   */
  inOverview<T>(work: (tx: LookupTransaction) => Promise<T>): Promise<T> {
    return this.transaction('tollgate_operator', {}, (manager) => work(new LookupTransaction(manager, this.filtered)));
  }

  private get filtered(): boolean {
    return this.options.isolation !== 'row-level-security';
  }

  private async connected(runner: QueryRunner): Promise<unknown> {
    try {
      return await runner.connect();
    } catch (error) {
      if (!isPoolTimeout(error)) throw error;
      this.refused++;
      throw rateLimited('Too much is asked of the database at once: try again.', 1);
    }
  }

  private async transaction<T>(
    role: DatabaseRole,
    settings: ScopeSettings,
    work: (manager: EntityManager) => Promise<T>,
    mode: string = '',
  ): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    try {
      const client = await this.connected(runner);
      try {
        const timeout = `; SET LOCAL statement_timeout = ${this.options.statementTimeoutMs}`;
        await runner.query(beginSql(role, settings) + timeout + mode);
        const result = await work(runner.manager);
        await runner.query('COMMIT');
        return result;
      } catch (error) {
        // A connection on which ROLLBACK fails may still hold another account's settings: it leaves the pool.
        await runner.query('ROLLBACK').catch(() => (client instanceof pg.Client ? client.end() : undefined));
        throw error;
      }
    } finally {
      await runner.release();
    }
  }
}

/** A transaction before an account is known; `present` adds a setting once a first look-up has earned it. */
export class LookupTransaction {
  readonly kind = 'lookup';

  constructor(
    readonly manager: EntityManager,
    private readonly filtered: boolean,
  ) {}

  /** The explicit condition that rows are the caller's own, beside what row-level security says. */
  owned(condition: string): string {
    return this.filtered ? `(${condition})` : `(${condition} OR TRUE)`;
  }

  async present(setting: ScopeSetting, value: string): Promise<void> {
    await this.manager.query('SELECT set_config($1, $2, true)', [setting, value]);
  }

  async query<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    return this.manager.query<Row[]>(sql, [...parameters]);
  }
}
