/**
 * Reads of custom providers. They are the account's: a caller limited to gateways sees those that its gateways call.
 */
import { In } from 'typeorm';
import { isUuid, type CustomProviderId } from '../../../schema/contracts/ids.js';
import { CustomProvider } from '../../../schema/entities/custom-provider.js';
import { pageOf, type Page, type PageRequest } from '../../paging/connection.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';

export class CustomProviderQueries {
  constructor(private readonly database: Database) {}

  /** The account's custom providers, newest first. */
  async page(
    scope: AccountScope<'customProvider.list'>,
    request: PageRequest,
    cursorOf: (id: string) => string,
  ): Promise<Page<CustomProvider>> {
    const rows = await this.database.inAccount(scope, async (tx) => {
      const ids = await tx.query<{ id: CustomProviderId }>(
        `SELECT c.id FROM custom_provider c WHERE ${tx.owned('c')} AND ($2::uuid IS NULL OR c.id < $2)
         ORDER BY c.id DESC LIMIT $3`,
        [request.after, request.first + 1],
      );
      return tx.find(CustomProvider, { id: In(ids.map((row) => row.id)) }, { order: { id: 'DESC' } });
    });
    return pageOf(rows, request, (row) => cursorOf(row.id));
  }

  /** All of the account's: it has a bounded number of them. */
  all(scope: AccountScope<'customProvider.list'>): Promise<CustomProvider[]> {
    return this.database.inAccount(scope, (tx) => tx.find(CustomProvider, {}, { order: { id: 'DESC' } }));
  }

  /** One of them, for whatever the caller may do with it; null: there is none. */
  async one(scope: AccountScope, id: string): Promise<CustomProvider | null> {
    if (!isUuid(id)) return null;
    const providerId = id as CustomProviderId; // looked up in the account alone
    return this.database.inAccount(scope, (tx) => tx.findOne(CustomProvider, { id: providerId }));
  }

  /** Those with the given slugs, which have a slug's shape. */
  bySlugs(scope: AccountScope<'gateway.endpoint'>, slugs: readonly string[]): Promise<CustomProvider[]> {
    return this.database.inAccount(scope, (tx) => tx.find(CustomProvider, { slug: In(slugs) }));
  }
}
