/** Reads of accounts that belong to a caller rather than to one account. */
import type { AccountId, UserId } from '../../../schema/contracts/ids.js';
import { Account } from '../../../schema/entities/account.js';
import { pageOf, type Page, type PageRequest } from '../../paging/connection.js';
import type { Principal } from '../../principal.js';
import type { Database } from '../../tenancy/database.js';

export class AccountQueries {
  constructor(private readonly database: Database) {}

  /** The accounts that the caller is of, newest first: a user's memberships, a token's one. */
  async page(principal: Principal, request: PageRequest, cursorOf: (id: string) => string): Promise<Page<Account>> {
    if (principal.kind === 'anonymous') return pageOf<Account>([], request, (row) => cursorOf(row.id));
    const rows =
      principal.kind === 'token'
        ? await this.one(principal.accountId, request)
        : await this.ofUser(principal.userId, request);
    return pageOf(rows, request, (row) => cursorOf(row.id));
  }

  /** Tags of accounts that the caller has already been let into. */
  async tags(ids: readonly AccountId[]): Promise<string[]> {
    return Promise.all(
      ids.map((id) =>
        this.database.inLookup({ 'app.account': id }, async (tx) => {
          const rows = await tx.query<{ tag: string }>('SELECT a.tag FROM account a WHERE a.id = $1', [id]);
          return rows[0]?.tag ?? '';
        }),
      ),
    );
  }

  private ofUser(userId: UserId, { first, after }: PageRequest): Promise<Account[]> {
    return this.database.inLookup({ 'app.user': userId }, (tx) =>
      tx.manager
        .createQueryBuilder(Account, 'a')
        .where('a.deleted_at IS NULL')
        .andWhere(tx.owned('a.id IN (SELECT m.account_id FROM membership m WHERE m.user_id = :userId)'), { userId })
        .andWhere('(:after::uuid IS NULL OR a.id < :after)', { after })
        .orderBy('a.id', 'DESC')
        .limit(first + 1)
        .getMany(),
    );
  }

  private one(accountId: AccountId, { after }: PageRequest): Promise<Account[]> {
    return this.database.inLookup({ 'app.account': accountId }, async (tx) => {
      const rows = await tx.manager.findBy(Account, { id: accountId });
      return rows.filter((row) => after === null || row.id < after);
    });
  }
}
