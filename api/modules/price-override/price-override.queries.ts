/** Reads of an account's own prices: those in force. */
import { In } from 'typeorm';
import type { PriceOverrideId } from '../../../schema/contracts/ids.js';
import { PriceOverride } from '../../../schema/entities/price-override.js';
import { pageOf, type Page, type PageRequest } from '../../paging/connection.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';

export class PriceOverrideQueries {
  constructor(private readonly database: Database) {}

  /** Newest first; one that starts in the future is among them. */
  async page(
    scope: AccountScope<'priceOverride.list'>,
    request: PageRequest,
    cursorOf: (id: string) => string,
  ): Promise<Page<PriceOverride>> {
    const rows = await this.database.inAccount(scope, async (tx) => {
      const ids = await tx.query<{ id: PriceOverrideId }>(
        `SELECT o.id FROM price_override o
         WHERE ${tx.owned('o')} AND o.ended_at IS NULL AND ($2::uuid IS NULL OR o.id < $2)
         ORDER BY o.id DESC LIMIT $3`,
        [request.after, request.first + 1],
      );
      return tx.find(PriceOverride, { id: In(ids.map((row) => row.id)) }, { order: { id: 'DESC' } });
    });
    return pageOf(rows, request, (row) => cursorOf(row.id));
  }
}
