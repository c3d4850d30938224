/**
 * One transaction on one account's data. Row-level security shows that account's rows alone; every statement carries
 * the account as an explicit condition too, so that neither wall stands alone.
 */
import {
  IsNull,
  type EntityManager,
  type EntityTarget,
  type FindManyOptions,
  type FindOptionsWhere,
  type QueryDeepPartialEntity,
} from 'typeorm';
import type { AccountId } from '../../schema/contracts/ids.js';
import { Account } from '../../schema/entities/account.js';
import type { AccountScope } from './account-scope.js';

/** An entity whose rows belong to an account. */
export interface Owned {
  accountId: AccountId;
}

export class TenantTransaction {
  readonly kind = 'tenant';
  private noted: string | null = null;

  constructor(
    private readonly manager: EntityManager,
    readonly scope: AccountScope,
    private readonly filtered: boolean,
  ) {}

  get accountId(): AccountId {
    return this.scope.accountId;
  }

  /** What this transaction's newest audit event says was done; null: it has none yet. */
  get action(): string | null {
    return this.noted;
  }

  /** Remembers what was done, for what is written about it later in the transaction. */
  note(action: string): void {
    this.noted = action;
  }

  find<E extends Owned>(
    entity: EntityTarget<E>,
    where: FindOptionsWhere<E>,
    options: Omit<FindManyOptions<E>, 'where'> = {},
  ): Promise<E[]> {
    return this.manager.find(entity, { ...options, where: this.own(where) });
  }

  findOne<E extends Owned>(entity: EntityTarget<E>, where: FindOptionsWhere<E>): Promise<E | null> {
    return this.manager.findOne(entity, { where: this.own(where) });
  }

  /** The account itself while it lives, locked until the transaction ends. */
  async lockedAccount(): Promise<Account | null> {
    await this.query('SELECT 1 FROM account a WHERE a.id = $1 FOR NO KEY UPDATE');
    return this.manager.findOneBy(Account, { id: this.accountId, deletedAt: IsNull() });
  }

  /** Inserts into the account, whatever account `values` might have named. */
  async insert<E extends Owned>(entity: EntityTarget<E>, values: QueryDeepPartialEntity<E>): Promise<void> {
    await this.manager.insert(entity, { ...values, accountId: this.accountId });
  }

  /** Changes the account's rows that match; answers how many did. */
  async update<E extends Owned>(
    entity: EntityTarget<E>,
    where: FindOptionsWhere<E>,
    changes: QueryDeepPartialEntity<E>,
  ): Promise<number> {
    const result = await this.manager.update(entity, this.own(where), changes);
    return result.affected ?? 0;
  }

  /** Runs SQL whose `$1` is the account's id; it must use it through `owned`. `parameters` begin at `$2`. */
  query<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    return this.manager.query<Row[]>(sql, [this.accountId, ...parameters]);
  }

  /** Reads on, at most `rows` rows, from a cursor that `query` has declared in this transaction. */
  fetch<Row>(cursor: string, rows: number): Promise<Row[]> {
    return this.manager.query<Row[]>(`FETCH ${rows} FROM ${cursor}`);
  }

  /** The condition that the rows under `alias` are the account's. */
  owned(alias: string): string {
    return this.filtered ? `${alias}.account_id = $1` : `(${alias}.account_id = $1 OR TRUE)`;
  }

  private own<E extends Owned>(where: FindOptionsWhere<E>): FindOptionsWhere<E> {
    if (!this.filtered) return where;
    return { ...where, accountId: this.accountId };
  }
}
