/** Reads of provider keys: which there are, for where; never what they are. */
import { In } from 'typeorm';
import type { GatewayId, ProviderKeyId } from '../../../schema/contracts/ids.js';
import { ProviderKey } from '../../../schema/entities/provider-key.js';
import { pageOf, type Page, type PageRequest } from '../../paging/connection.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';

export class ProviderKeyQueries {
  constructor(private readonly database: Database) {}

  /** A gateway's keys, newest first. */
  async page(
    scope: AccountScope<'providerKey.list'>,
    request: PageRequest & { readonly gatewayId: GatewayId },
    cursorOf: (id: string) => string,
  ): Promise<Page<ProviderKey>> {
    const rows = await this.database.inAccount(scope, async (tx) => {
      const ids = await tx.query<{ id: ProviderKeyId }>(
        `SELECT k.id FROM provider_key k
         WHERE ${tx.owned('k')} AND k.gateway_id = $2 AND ($3::uuid IS NULL OR k.id < $3)
           AND ($4::uuid[] IS NULL OR k.gateway_id = ANY($4))
         ORDER BY k.id DESC LIMIT $5`,
        [request.gatewayId, request.after, scope.gatewayIds, request.first + 1],
      );
      return tx.find(ProviderKey, { id: In(ids.map((row) => row.id)) }, { order: { id: 'DESC' } });
    });
    return pageOf(rows, request, (row) => cursorOf(row.id));
  }
}
